// The costly part of the self-deception battery: the same question asked again with one thing changed, and what must follow from it.
import { wilson } from '../core/proportion.js';
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';
import type { Judge } from './answer.js';
import { allBut, allButAny } from './controls.js';
import { replace, spread } from './corrupt.js';
import type { Predict } from './replaceability.js';
import type { SanityTest, Verdict } from './sanity.js';
import { alike, type Similarity } from './similarity.js';

/** As alike as another seed makes it: from this part of that likeness on nothing has changed; below the lower one it has. */
const [SAME, CHANGED] = [0.8, 0.6];
/** Likeness of two seeds below which an explanation is chance, and from which on it is none. */
const [CHANCE, STABLE] = [0.2, 0.5];
/** As alike as another seed makes it: from this part of that likeness on two maps agree. */
const AGREED = 0.5;

const shown = (found: Similarity): string =>
  `rank correlation ${alike(found).toFixed(2)}${found.ssim === undefined ? '' : `, SSIM ${found.ssim.toFixed(2)}`}`;
const figuresOf = (found: Similarity): Record<string, number> => ({ ...found });

/** Another seed alone: how alike the maps are is the floor that other changes are read against. Passes from 0.5, fails below 0.2. */
export function seedTest(found: Similarity): SanityTest {
  const verdict: Verdict = alike(found) >= STABLE ? 'pass' : alike(found) < CHANCE ? 'fail' : 'inconclusive';
  return {
    name: 'seed',
    verdict,
    finding: `with another seed: ${shown(found)}${verdict === 'fail' ? ': the map is chance' : ''}`,
    figures: figuresOf(found),
  };
}

/**
 * What must change the map: passes below 60 % of the likeness of two seeds, fails from 80 % of it on. `what`: in words. `mayStay`: what changes an honest map
 * only a little is no proof against it where it stays. `seeds`: undefined of a network, which has none and gives the same map each time.
 */
export function changeTest(
  name: string,
  what: string,
  found: Similarity,
  seeds: number | undefined,
  mayStay = false,
): SanityTest {
  const floor = seeds ?? 1;
  const same = alike(found) >= SAME * floor;
  const verdict: Verdict = same && !mayStay ? 'fail' : alike(found) < CHANGED * floor ? 'pass' : 'inconclusive';
  const ending = { fail: ': the map stays, so it does not come from there', pass: '', inconclusive: ': it changes little' };
  return {
    name,
    verdict,
    finding: `${what}: ${shown(found)}${seeds === undefined ? '' : ` (another seed: ${seeds.toFixed(2)})`}${ending[verdict]}`,
    figures: { ...figuresOf(found), floor },
  };
}

/** What should leave the map much as it is: passes from half of the likeness of two seeds on, fails below a fifth of it. `what`: in words. */
export function agreementTest(name: string, what: string, found: Similarity, floor: number): SanityTest {
  const verdict: Verdict = alike(found) >= AGREED * floor ? 'pass' : alike(found) < CHANCE * floor ? 'fail' : 'inconclusive';
  const ending = { fail: ': they have nothing in common', pass: '', inconclusive: ': they have little in common' };
  return { name, verdict, finding: `${what}: ${shown(found)}${ending[verdict]}`, figures: { ...figuresOf(found), floor } };
}

/** Is the map no more than the edges of the picture? Fails from a rank correlation, pixel by pixel, of 0.9 on, passes below 0.7. */
export function edgeTest(found: Similarity): SanityTest {
  const verdict: Verdict = found.spearman >= 0.9 ? 'fail' : found.spearman < 0.7 ? 'pass' : 'inconclusive';
  return {
    name: 'edge detector',
    verdict,
    finding: `beside the edges of the picture: ${shown({ spearman: found.spearman, ssim: found.ssim })}${verdict === 'fail' ? ': it is an edge detector' : ''}`,
    figures: figuresOf(found),
  };
}

/** Hosts at most that are made for `leakTest`. */
const HOSTS = 48;

/**
 * Pictures that have nothing to do with x [1,C,H,W], in [low, high]: coarse random fields of 2 to 8 cells a side, grown smoothly; of inputs without rows and columns
 * every element uniform. `draw` numbers them.
 */
export function unrelated(x: Tensor, low: number, high: number, seed: number, draw: number): Float32Array {
  const stream = random(seed, STREAMS.hosts);
  if (x.dims.length !== 4) return stream.uniform(new Float32Array(sizeOf(x.dims)), draw, low, high);
  const [, channels, h, w] = x.dims as [number, number, number, number];
  const cells = 2 + (draw % 7);
  const knots = stream.uniform(new Float32Array(channels * (cells + 1) ** 2), draw, low, high);
  const out = new Float32Array(channels * h * w);
  for (let i = 0; i < out.length; i++) {
    const [c, r, k] = [Math.floor(i / (h * w)), Math.floor((i % (h * w)) / w), i % w];
    const [v, u] = [(r / h) * cells, (k / w) * cells];
    const [top, left] = [Math.floor(v), Math.floor(u)];
    const knot = (down: number, right: number): number => knots[(c * (cells + 1) + top + down) * (cells + 1) + left + right]!;
    const [fv, fu] = [v - top, u - left];
    out[i] = (1 - fv) * ((1 - fu) * knot(0, 0) + fu * knot(0, 1)) + fv * ((1 - fu) * knot(1, 0) + fu * knot(1, 1));
  }
  return out;
}

/** What `leakTest` asks. */
export interface Leak {
  readonly predict: Predict;
  /** [1,...sample]. */
  readonly x: Tensor;
  readonly need: Tensor;
  readonly noise: Noise;
  readonly judge: Judge;
  readonly low: number;
  readonly high: number;
  /** Of the elements, replaced entirely: the least needed first. */
  readonly fraction: number;
  readonly seed: number;
  /** Inputs that have nothing to do with x, each of its size; default: see `unrelated`. */
  readonly hosts?: readonly Float32Array[];
}

/**
 * Does the mask alone tell the answer? (Jethani et al., 2021, "Have we learned to explain?": a selector can write the class into which elements it keeps.) The
 * mask of x is laid on pictures that have nothing to do with x and that the classifier answers otherwise; if it then gives the answer of x, nothing of x was
 * needed for it. Beside it the same number of places kept at random. Fails where the Wilson interval of the mask lies above that of random places; passes where it
 * gives the answer on at most a quarter of them; inconclusive else, and where no such picture is answered otherwise.
 */
export async function leakTest({ predict, x, need, noise, judge, low, high, fraction, seed, hosts }: Leak): Promise<SanityTest> {
  const per = sizeOf(x.dims);
  const n = need.data.length;
  const kept = n - Math.round(fraction * n);
  const stream = random(seed, STREAMS.hosts);
  const own = allBut(toFloat32(need), kept);
  const counts = { hosts: 0, mask: 0, random: 0 };
  const tried = Math.min(HOSTS, hosts?.length ?? HOSTS);
  for (let draw = 0; draw < tried; draw++) {
    const host = hosts?.[draw] ?? unrelated(x, low, high, seed, draw);
    const places = allButAny(n, kept, stream, 1000 + draw);
    const eta = new Float32Array(per);
    noise.fill(eta, stream, 2000 + draw);
    const batch = new Float32Array(3 * per);
    [new Float32Array(n), own, places].forEach((mask, m) => {
      replace(batch.subarray(m * per, (m + 1) * per), eta, host, spread(mask, need.dims, x.dims));
    });
    const rows = await predict(float32(batch, [3, ...x.dims.slice(1)]));
    const k = rows.dims[1]!;
    const [alone, masked, anywhere] = [0, 1, 2].map((m) => judge.kept(toFloat32(rows).subarray(m * k, (m + 1) * k)));
    if (alone) continue;
    counts.hosts++;
    if (masked) counts.mask++;
    if (anywhere) counts.random++;
  }
  const [mine, other] = [wilson(counts.mask, counts.hosts), wilson(counts.random, counts.hosts)];
  const verdict: Verdict =
    counts.hosts < 8 ? 'inconclusive' : mine[0] > other[1] ? 'fail' : counts.mask <= counts.hosts / 4 ? 'pass' : 'inconclusive';
  return {
    name: 'label in the mask',
    verdict,
    finding:
      counts.hosts < 8
        ? `only ${counts.hosts} of ${tried} unrelated inputs are answered otherwise than this input: too few to tell`
        : `laid on ${counts.hosts} unrelated inputs of another answer, the mask makes it this one on ${counts.mask}, places at random on ${counts.random}${verdict === 'fail' ? ': the mask itself tells the answer' : ''}`,
    figures: { ...counts, low: mine[0], high: mine[1] },
  };
}
