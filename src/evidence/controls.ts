// Masks that mean nothing, of the same area: places at random, the centre, the edges of the picture. An explanation has to do better.
import { descending } from '../core/correlation.js';
import { random, STREAMS, type Random } from '../core/random.js';
import type { Find } from '../lan/choices.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { meanOf } from './metric.js';
import { replace, spread } from './corrupt.js';
import type { SanityTest, Verdict } from './sanity.js';
import { drawsOf, scores, wholeOf, type Subject } from './subject.js';

/** A mask does better than a control by at least this part of the score of x, or it does not. */
const MARGIN = 0.05;
/** Where neither leaves this part of the score of x, nothing can be told. */
const TRACE = 0.1;

/** How near each element of a need [...] is to the middle: by the rows and columns of a picture, else by position. Higher = nearer. */
export function centrality(dims: readonly number[]): Float32Array {
  const [h, w] = dims.length === 4 ? (dims.slice(2) as [number, number]) : [1, dims.reduce((a, b) => a * b, 1)];
  const size = dims.reduce((a, b) => a * b, 1);
  const off = (i: number, n: number): number => Math.abs((i + 0.5) / n - 0.5);
  return Float32Array.from({ length: size }, (_, i) => -Math.max(off(Math.floor((i % (h * w)) / w), h), off(i % w, w)));
}

/**
 * Strength of the edges of x [1,C,H,W] (Sobel's operator on the mean over channels, its border repeated), repeated to the shape of `need`; undefined of what is
 * no picture of 3 x 3 or more.
 */
export function edges(x: Tensor, need: Tensor): Float32Array | undefined {
  const [, c, h, w] = x.dims as [number, number, number, number];
  if (x.dims.length !== 4 || h < 3 || w < 3 || need.data.length % (h * w) !== 0) return undefined;
  const values = toFloat32(x);
  const grey = new Float32Array(h * w);
  for (let i = 0; i < c * h * w; i++) grey[i % (h * w)]! += values[i]! / c;
  const at = (r: number, k: number): number => grey[Math.min(h - 1, Math.max(0, r)) * w + Math.min(w - 1, Math.max(0, k))]!;
  return Float32Array.from({ length: need.data.length }, (_, i) => {
    const [r, k] = [Math.floor((i % (h * w)) / w), i % w];
    const across = [-1, 0, 1].reduce((sum, d) => sum + (d === 0 ? 2 : 1) * (at(r + d, k + 1) - at(r + d, k - 1)), 0);
    const down = [-1, 0, 1].reduce((sum, d) => sum + (d === 0 ? 2 : 1) * (at(r + 1, k + d) - at(r - 1, k + d)), 0);
    return Math.hypot(across, down);
  });
}

/** 1 where an element is replaced: all but the `kept` most needed, of equals the first being kept. */
export function allBut(need: ArrayLike<number>, kept: number): Float32Array {
  const replaced = new Float32Array(need.length).fill(1);
  for (const i of descending(need).subarray(0, kept)) replaced[i] = 0;
  return replaced;
}

/** The same of `n` elements, those that are kept at random by `draw` of the stream. */
export function allButAny(n: number, kept: number, stream: Random, draw: number): Float32Array {
  const u = stream.uniform(new Float32Array(n), draw);
  const least = kept === 0 ? Infinity : u.slice().sort()[n - kept]!;
  return u.map((v) => (v >= least ? 0 : 1));
}

/**
 * Replaces `fraction` of the elements entirely by noise, the least needed first, and the same number chosen otherwise: at random (anew for each draw), all but
 * a box at the centre, all but the strongest edges (pictures). Each is compared draw by draw, on the same noise, by the score that is left:
 * - pass: the 95 % bootstrap interval of the mean difference lies above 0;
 * - fail: it ends below 5 % of the score of x, so that the control does as well or better;
 * - inconclusive: neither, or less than a tenth of the score of x is left by both.
 * With 'delete' the most needed `fraction` is replaced instead, beside as much elsewhere, and the better mask is the one that leaves less.
 */
export async function controls(
  subject: Subject,
  need: Tensor,
  { fraction, find = 'keep', draws = 16 }: { readonly fraction: number; readonly find?: Find; readonly draws?: number },
): Promise<SanityTest[]> {
  const { x, seed } = subject;
  const n = need.data.length;
  const kept = n - Math.round(fraction * n);
  const sign = find === 'delete' ? -1 : 1;
  const stream = random(seed, STREAMS.sanity);
  const etas = drawsOf(subject, STREAMS.controls, draws);
  // Noise that is always the same still meets other random places.
  const rounds = draws;
  const anyPlaces = (draw: number): Float32Array => spread(allButAny(n, kept, stream, draw), need.dims, x.dims);
  /** The same for each draw, in the shape of x. */
  const fixed = (by: ArrayLike<number>): (() => Float32Array) => {
    const replaced = spread(allBut(Float32Array.from(by, (v) => sign * v), kept), need.dims, x.dims); // prettier-ignore
    return () => replaced;
  };
  const strength = edges(x, need);
  const masks: { name: string; words: string; replaced: (draw: number) => Float32Array }[] = [
    { name: 'own', words: '', replaced: fixed(toFloat32(need)) },
    { name: 'random', words: 'places at random', replaced: anyPlaces },
    { name: 'centre', words: 'a box at the centre', replaced: fixed(centrality(need.dims)) },
    ...(strength ? [{ name: 'edges', words: 'the strongest edges', replaced: fixed(strength) }] : []),
  ];
  const image = toFloat32(x);
  const whole = await wholeOf(subject);
  const values = await scores(subject, masks.length * rounds, (sample, out) => {
    const draw = Math.floor(sample / masks.length);
    const replaced = masks[sample % masks.length]!.replaced(draw);
    replace(out, etas[draw % etas.length]!, image, replaced);
  });
  const of = (mask: number): number[] => Array.from({ length: rounds }, (_, d) => values[d * masks.length + mask]!);
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const own = of(0);
  return masks.slice(1).map(({ name, words }, i) => {
    const theirs = of(i + 1);
    const { value, interval = [value, value] } = meanOf(
      own.map((v, d) => sign * (v - theirs[d]!)),
      seed,
    );
    const [mine, other] = [mean(own), mean(theirs)];
    // Neither leaves anything of the answer, or neither takes anything of it.
    const nothing = find === 'keep' ? Math.max(mine, other) < TRACE * whole : Math.min(mine, other) > (1 - TRACE) * whole;
    const verdict: Verdict = nothing
      ? 'inconclusive'
      : interval[0] > 0
        ? 'pass'
        : interval[1] < MARGIN * whole
          ? 'fail'
          : 'inconclusive';
    const what = find === 'keep' ? 'of the same area' : 'of the same area, replaced,';
    const left = `${words} ${what} keep${words.startsWith('a ') ? 's' : ''} ${other.toFixed(2)} of the score, this mask ${mine.toFixed(2)}`;
    const ending = {
      pass: '',
      fail: ': it does no better',
      inconclusive: !nothing
        ? ': too close to tell'
        : find === 'keep'
          ? ': too little is left to tell'
          : ': too little is lost to tell',
    }[verdict];
    return {
      name,
      verdict,
      finding: left + ending,
      figures: { fraction: 1 - kept / n, own: mine, control: other, difference: value, low: interval[0], high: interval[1] },
    };
  });
}
