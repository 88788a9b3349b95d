// ROAD: what the classifier says when pixels are filled in from their neighbours, the most needed ones first and the least needed ones first.
import { descending } from '../core/correlation.js';
import { random, STREAMS } from '../core/random.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { impute } from './imputation.js';
import { meanOf, type Metric } from './metric.js';
import { scores, type Subject } from './subject.js';

/** Fractions of the pixels that are removed. */
export const ROAD_LEVELS = [0.2, 0.5, 0.8];
/** Standard deviation of the noise on what is filled in, as a part of the range of x. */
const NOISE = 0.01;

/** The need of each pixel, [1,1,H,W], where x [1,C,H,W] is a picture or a map of one; a full need is averaged over the channels. Else undefined. */
export function pixelNeed(need: Tensor, x: Tensor): Tensor | undefined {
  const [, channels, h, w] = x.dims as [number, number, number, number];
  const [, own] = need.dims;
  if (x.dims.length !== 4 || h < 2 || w < 2) return undefined;
  if (own === 1) return need;
  // Without a mask by pixels only the channels of a picture are known to be channels.
  if (channels !== 3) return undefined;
  const values = toFloat32(need);
  const area = h * w;
  return float32(
    Float32Array.from({ length: area }, (_, i) => (values[i]! + values[area + i]! + values[2 * area + i]!) / 3),
    [1, 1, h, w],
  );
}

/**
 * ROAD (Rong et al., 2022) for one input: at each of ROAD_LEVELS that part of the pixels is filled in from the others (see `impute`), with noise of 1 % of
 * the range of x on top; the score with the least needed pixels removed less that with the most needed ones removed, the mean over levels. From -1 to 1;
 * 0 for an order that means nothing. No noise from outside the picture goes in, so that it says how much of `deletion` is due to the noise's
 * strangeness. `need`: [1,1,H,W], see pixelNeed.
 *
 * DIFFERS: ROAD has the accuracy over a data set at each level; this is one input, so the score takes its place, and the difference of both orders
 * is that of pytorch-grad-cam's ROADCombined.
 */
export async function road(subject: Subject, need: Tensor, draws = 3): Promise<Metric> {
  const { x, seed } = subject;
  const [, channels, height, width] = x.dims as [number, number, number, number];
  const image = toFloat32(x);
  const area = height * width;
  const order = descending(toFloat32(need));
  const without = (pixels: Uint32Array): { filled: Float32Array; known: Uint8Array } => {
    const known = new Uint8Array(area).fill(1);
    for (const i of pixels) known[i] = 0;
    return { filled: impute(image, known, height, width), known };
  };
  const removed = ROAD_LEVELS.flatMap((level) => {
    const count = Math.min(area - 1, Math.round(level * area));
    return [without(order.subarray(0, count)), without(order.subarray(area - count))];
  });
  let [low, high] = [Infinity, -Infinity];
  for (const v of image) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const stream = random(seed, STREAMS.metrics);
  const count = removed.length * draws;
  const values = await scores(subject, count, (sample, out) => {
    const { filled, known } = removed[sample % removed.length]!;
    stream.normal(out, 1000 + sample, 0, NOISE * (high - low));
    for (let i = 0; i < channels * area; i++) out[i] = known[i % area] ? image[i]! : filled[i]! + out[i]!;
  });
  /** Of one level in one draw: least needed removed, less most needed removed. */
  const gap = (level: number, draw: number): number => {
    const at = draw * removed.length + 2 * level;
    return values[at + 1]! - values[at]!;
  };
  const perDraw = Array.from(
    { length: draws },
    (_, d) => ROAD_LEVELS.reduce((sum, _level, l) => sum + gap(l, d), 0) / ROAD_LEVELS.length,
  );
  return {
    name: 'road',
    ...meanOf(perDraw, seed),
    better: 'higher',
    definition:
      'score with the least needed pixels filled in from their neighbours, less that with the most needed ones filled in; the mean over 20, 50 and 80 %',
    source: 'Rong et al., ROAD, 2022',
    curve: {
      fraction: ROAD_LEVELS,
      score: ROAD_LEVELS.map((_, l) => perDraw.reduce((sum, _value, d) => sum + gap(l, d), 0) / draws),
    },
  };
}
