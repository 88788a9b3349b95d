// Which preprocessing a model wants, where nobody said: the conventions are tried on the pictures at hand.
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Classifier } from './classifier.js';
import { candidates, conventionOfOrigin, describeValues, type OriginConvention } from './conventions.js';
import { doubtOf, groundDoubt } from './doubt.js';
import { rangeInside } from './inside.js';
import { ENOUGH, LIKELY, tryOut, viewsOfAll, type Conventional, type Trial } from './views.js';

/**
 * How pictures go in, and who says so: a card (or flags), the file itself (it takes whole numbers), the explainer that was trained with it, a guess from
 * pictures, or nobody.
 */
export interface Preprocessing {
  readonly source: 'card' | 'file' | 'explainer' | 'pictures' | 'assumed';
  /** By name, or as its values. */
  readonly convention?: string;
  /** Confidence times agreement, in 0..1. */
  readonly score?: number;
  readonly runnerUp?: { readonly convention: string; readonly score: number };
  /** Why the file's origin speaks for it, where it was taken for that and not for its score. */
  readonly because?: string;
  /** How many pictures were looked at. */
  readonly pictures?: number;
}

/** Pictures that a guess looks at. */
export const MOST_PICTURES = 8;
/** What a note about a guess ends in. */
const SAY = 'say what it is with `card` or `mean`, `std`, `range`, `channels`';

/**
 * Tries the conventional preprocessings on pictures [N,C,H,W] (pixel values in 0..255; the first MOST_PICTURES count) and gives the classifier with
 * the best, on the same sessions. A wrong preprocessing makes a model unsure, or sure of something that changes with the view: so each picture is
 * shown as it is, cropped a little in two ways and, in colour, mirrored, and a convention scores the probability of the answer on average over the
 * views times the share of views that give it. One at which the second answer is further behind than training brings about comes after all others: numbers that
 * are too large make any network sure. `expected`, what the file's origin speaks for, is taken unless ENOUGH pictures speak LIKELY times as much for another:
 * of one picture the surest answer is too often a wrong one's. `note` says what was taken, how sure that is, what came second, and, where it
 * is not sure, for how many pictures that gives another answer. `classifier` itself stays as it is.
 */
export async function chooseConvention<C extends Conventional<C>>(
  classifier: C,
  pixels255: Tensor,
  expected?: OriginConvention,
): Promise<{ readonly classifier: C; readonly note: string; readonly guess: Preprocessing }> {
  const shape = classifier.inputShape as [1 | 3, number, number];
  const shown = viewsOfAll(pixels255, shape, MOST_PICTURES);
  const pictures = shown.length;
  const tried: ({ name: string; classifier: C } & Trial)[] = [];
  for (const [name, values] of candidates(classifier.cardGiven, shape[0])) {
    const candidate = classifier.withCard({ ...classifier.card!, ...values }, true);
    tried.push({ name, classifier: candidate, ...(await tryOut(candidate, shown)) });
  }
  // Of equals the first, which is the more common convention.
  const order = tried.toSorted((a, b) => Number(a.tooSure) - Number(b.tooSure) || b.score - a.score);
  const ofOrigin = order.find((t) => t.name === expected?.convention && !t.tooSure);
  const byOrigin = ofOrigin !== undefined && !(pictures >= ENOUGH && order[0]!.score > LIKELY * ofOrigin.score);
  if (byOrigin) order.unshift(...order.splice(order.indexOf(ofOrigin), 1));
  const [best, second] = order as [(typeof tried)[0], (typeof tried)[0]?];
  const passed = best.tooSure ? undefined : order.find((t) => t.tooSure && t.score >= best.score);
  const rival = Math.max(0, ...order.slice(1).map((t) => t.score));
  const likely = !second || (pictures >= ENOUGH && best.score > LIKELY * rival);
  const other = second ? best.found.filter((answer, i) => answer !== second.found[i]).length : 0;
  const guess: Preprocessing = {
    source: 'pictures',
    convention: best.name,
    score: best.score,
    ...(second ? { runnerUp: { convention: second.name, score: second.score } } : {}),
    ...(byOrigin ? { because: expected!.because } : {}),
    pictures,
  };
  const close = second !== undefined && other > 0 && best.score <= LIKELY * second.score;
  const change = likely
    ? ''
    : other > 0
      ? `, which gives another answer for ${other} of ${pictures}`
      : ', which answers the same';
  const next = second ? `, ${second.score > best.score ? 'against' : 'before'} ${second.name} with ${second.score.toFixed(2)}${change}` : ''; // prettier-ignore
  const over = passed
    ? `; ${passed.name}, with ${passed.score.toFixed(2)}, is passed over: it leaves no other answer any probability, as numbers that are too large do`
    : '';
  const note = `no model card: assumed ${best.name}, which is ${likely ? 'likely' : close ? 'unsure' : 'a guess'}${byOrigin ? ` (${expected!.because})` : ''}: it scores ${best.score.toFixed(2)} (confidence times agreement over views of ${pictures} picture${pictures > 1 ? 's' : ''})${next}${over}; ${SAY}`;
  return { classifier: best.classifier, note, guess };
}

/** What is said where pictures tell nothing, or nobody asks them. */
export const unsettled = (classifier: Pick<Classifier, 'card'>, why: string): string =>
  `no model card: assumed ${describeValues(classifier.card!)}, since ${why}; ${SAY}`;

/** See settled. */
interface Settled {
  readonly classifier: Classifier;
  readonly preprocessing?: Preprocessing;
  readonly note?: string;
}

/**
 * The classifier with its preprocessing settled: what the card or the file says, by the type of its input or by normalising pixels itself; else by chooseConvention from these pictures [1,C,H,W] (0..255); where
 * there are none, or the answer is a value, what was assumed. `note` says so where nobody said it, and where another way than the card's makes the model far
 * surer (doubtOf). No preprocessing for what is no picture.
 */
export async function settled(classifier: Classifier, pictures: readonly Tensor[]): Promise<Settled> {
  if (!classifier.card) return { classifier };
  const told = classifier.task !== 'regression' && pictures.length > 0;
  if (!classifier.cardAssumed) {
    const note = told && !classifier.integers ? await doubtOf(classifier, batchOf(pictures.slice(0, ENOUGH))) : undefined;
    return { classifier, preprocessing: { source: classifier.integers ? 'file' : 'card' }, ...(note ? { note } : {}) };
  }
  const inside = classifier.cardGiven.std ? undefined : rangeInside(classifier.graph, classifier.input.name);
  if (inside !== undefined) {
    const plain = asItIs(classifier, inside);
    const doubt = told
      ? await groundDoubt(plain.classifier, batchOf(pictures.slice(0, ENOUGH)), classifier.cardGiven)
      : undefined;
    return doubt === undefined ? plain : { ...plain, note: `${plain.note}; ${doubt}` };
  }
  if (!told) {
    const why = pictures.length === 0 ? 'there is no picture to try it on' : 'a value does not tell how pictures go in';
    const preprocessing = { source: 'assumed', convention: describeValues(classifier.card) } as const;
    return { classifier, preprocessing, note: unsettled(classifier, why) };
  }
  const expected = conventionOfOrigin(classifier.source.model.producer, sizeOf(classifier.output.shape.slice(1)));
  const shown = batchOf(pictures.slice(0, MOST_PICTURES));
  const chosen = await chooseConvention(classifier, shown, expected);
  // A part of the card that was said may be what is wrong.
  const doubts = [
    await doubtOf(chosen.classifier, shown, classifier.cardGiven),
    await groundDoubt(chosen.classifier, shown, classifier.cardGiven),
  ];
  const note = [chosen.note, ...doubts.filter((doubt) => doubt !== undefined)].join('; ');
  return { classifier: chosen.classifier, preprocessing: chosen.guess, note };
}

/** What a file normalises itself goes in as it is: conventions would be tried on numbers that it never saw. */
function asItIs(classifier: Classifier, range: 1 | 255): Settled & { readonly note: string } {
  const card = classifier.card!;
  const plain = { ...card, range, mean: [0], std: [1] };
  const order = card.channels === 'GREY' || classifier.cardGiven.channels !== undefined ? '' : `, ${card.channels} (assumed)`;
  const note = `no model card: the first nodes of the file normalise pixels of 0..${range}, which go in as they are${order}; where that is wrong, ${SAY}`;
  return { classifier: classifier.withCard(plain), preprocessing: { source: 'file', convention: describeValues(plain) }, note };
}

/** Pictures [1,...] as a batch [N,...]. */
function batchOf(pictures: readonly Tensor[]): Tensor {
  const [first] = pictures as [Tensor];
  const per = sizeOf(first.dims);
  const data = new Float32Array(pictures.length * per);
  pictures.forEach((picture, i) => data.set(toFloat32(picture), i * per));
  return { type: 'float32', dims: [pictures.length, ...first.dims.slice(1)], data };
}

/** The pictures [1,...] of a batch [N,...] of bytes, on the same memory. */
export function picturesOf({ type, dims, data }: Tensor): Tensor[] {
  const [count = 0, ...shape] = dims;
  const per = sizeOf(shape);
  return Array.from({ length: count }, (_, i) => ({
    type,
    dims: [1, ...shape],
    data: (data as Uint8Array).subarray(i * per, (i + 1) * per),
  }));
}
