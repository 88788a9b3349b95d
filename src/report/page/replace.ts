// The slider of a page: the input replaced step by step, ready to be put together by whoever looks at it.
import { base64 } from '../../core/base64.js';
import { sizeOf, type Tensor } from '../../core/tensor.js';
import { replacedFirst } from '../../evidence/replaced.js';
import type { BetaResult, AuditResult } from '../../explain/audit.js';
import type { ShownAnswer } from '../../explain/shown.js';
import { orderOf } from '../../lan/learn.js';
import type { Picture } from '../../data/resize.js';
import { pictureOf, scaleNearest } from '../drawing/colour.js';
import { replacement, thing, type Scene } from '../plain.js';
import { readable, type TokenMask } from '../tokens.js';
import type { AnswerShown, Replace } from './document.js';
import { shownSize } from './images.js';

/** Which step replaces each element of a mask first: its index among `fractions`. */
function stepOfEach(order: Tensor, fractions: readonly number[]): Uint8Array {
  const ranked = replacedFirst(order);
  const steps = new Uint8Array(ranked.length);
  let step = 0;
  ranked.forEach((element, rank) => {
    while (step < fractions.length - 1 && Math.round(fractions[step]! * ranked.length) <= rank) step++;
    steps[element] = step;
  });
  return steps;
}

const shownAnswer = ({ kept, prediction, value }: ShownAnswer): AnswerShown => ({
  kept,
  top: value === undefined ? prediction.map((p) => [p.label, Number(p.probability.toFixed(4))]) : [['', value]],
});

/** Planes of a map, whole pixels left out where it is shown smaller; [channels,height,width] as base64. */
function planes(steps: Uint8Array, channels: number, from: readonly [number, number], to: readonly [number, number]): string {
  const [[h, w], [height, width]] = [from, to];
  const out = new Uint8Array(channels * height * width);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [sy, sx] = [Math.floor(((y + 0.5) * h) / height), Math.floor(((x + 0.5) * w) / width)];
        out[(c * height + y) * width + x] = steps[(c * h + sy) * w + sx]!;
      }
  return base64(out);
}

/** Names of the pictures that the slider puts together, in the images of the document. */
export const INPUT = 'input pixels';
/** The picture of a draw of noise. */
export const noiseName = (draw: number): string => `noise ${draw + 1}`;

/** The draws of noise as pictures, of the size in which replacing is shown. */
export function noisePictures(draws: Tensor, photo: Picture, range: 1 | 255): Picture[] {
  const per = sizeOf(draws.dims.slice(1));
  return Array.from({ length: draws.dims[0]! }, (_, d) => {
    const data = (draws.data as Float32Array).subarray(d * per, (d + 1) * per);
    return scaleNearest(pictureOf({ ...draws, dims: [1, ...draws.dims.slice(1)], data }, range), ...shownSize(photo));
  });
}

/** The slider of one mask; undefined where no steps were made. `photo`: where the mask lies on its pixels. */
export function replaceBlock(
  { learned, evidence, replaced }: BetaResult,
  { answer, prediction }: Pick<AuditResult, 'answer' | 'prediction'>,
  scene: Scene,
  photo: Picture | undefined,
  tokens: readonly TokenMask[] | undefined,
): Replace | undefined {
  if (!replaced) return undefined;
  const { fractions, draws } = replaced;
  const claimed = evidence.hard?.fraction ?? evidence.soft.fraction;
  // The claim's own fraction is one of the steps; without one, the nearest to how much the mask replaces.
  const nearest = fractions.reduce((best, f, i) => (Math.abs(f - claimed) < Math.abs(fractions[best]! - claimed) ? i : best), 0);
  const order = orderOf(learned);
  const steps = stepOfEach(order, fractions);
  const before: AnswerShown =
    answer.task === 'value'
      ? { kept: true, top: [['', answer.value]] }
      : { kept: true, top: prediction.map((p) => [p.label, Number(p.probability.toFixed(4))]) };
  const block: Replace = {
    type: 'replace',
    part: thing(scene),
    by: replacement(scene),
    fractions,
    start: nearest,
    answers: draws.map((each) => each.map(shownAnswer)),
    before,
  };
  if (tokens) {
    // A mask with a value for each number of a word's vector replaces words in part.
    const whole = steps.length === tokens.length;
    return whole ? { ...block, words: tokens.map((t, i) => ({ text: readable(t), step: steps[i]! })) } : block;
  }
  const [channels, h, w] = order.dims.slice(-3) as [number, number, number];
  if (!photo || order.dims.length !== 4 || (channels !== 1 && channels !== 3)) return block;
  const [height, width] = shownSize(photo);
  return {
    ...block,
    picture: {
      width,
      height,
      image: INPUT,
      noises: draws.map((_, d) => noiseName(d)),
      steps: planes(steps, channels, [h, w], [height, width]),
      channels,
    },
  };
}
