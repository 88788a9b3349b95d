// Methods that take parts of an input away and look at the score: windows one by one, or random halves.
import { random, STREAMS } from '../core/random.js';
import { interpolation } from '../lan/objective.js';
import { isTokens } from './cam.js';
import { defineMethod, type Run } from './method.js';

/** Settings of occlusion. Lengths along the axes of a sample, [C,H,W] for a picture; [] for the default: an eighth of a picture's sides, else 1. */
export interface OcclusionSettings {
  readonly window: readonly number[];
  /** [] for half the window, at least 1. */
  readonly stride: readonly number[];
}

/**
 * How much the score falls when a window is replaced by the baseline; an element's value is the mean over the windows that hold it (as Captum has it).
 * One pass for each window, and one.
 */
export const occlusion = defineMethod<OcclusionSettings>({
  name: 'occlusion',
  title: 'Occlusion',
  reference: 'Zeiler and Fergus, 2014',
  needs: 'outputs',
  defaults: { window: [], stride: [] },
  async explain(run, settings) {
    const sample = run.problem.scorer.scored.sampleShape;
    const window = sizes(settings.window, defaultWindow(run), sample);
    const stride = sizes(settings.stride, window.map((w) => Math.max(1, Math.floor(w / 2))), window); // prettier-ignore
    const starts = sample.map((length, axis) => Math.max(0, Math.ceil((length - window[axis]!) / stride[axis]!)) + 1);
    const count = starts.reduce((a, b) => a * b, 1);
    const elements = windowsOf(sample, window, stride, starts);
    const [whole] = (await run.scores(run.x, 1)) as unknown as [number];
    const sums = new Float64Array(run.per);
    const times = new Float64Array(run.per);
    for (let at = 0; at < count; at += run.chunk) {
      const n = Math.min(run.chunk, count - at);
      const rows = new Float32Array(n * run.per);
      const inside: number[][] = [];
      for (let k = 0; k < n; k++) {
        rows.set(run.x, k * run.per);
        const own = elements(at + k);
        inside.push(own);
        for (const i of own) rows[k * run.per + i] = run.baseline[i]!;
      }
      const scores = await run.scores(rows, n);
      run.requireTime(at + n + 1, count + 1, 'Give more time, or a larger `window` and `stride`.');
      inside.forEach((own, k) => {
        for (const i of own) {
          sums[i]! += whole - scores[k]!;
          times[i]! += 1;
        }
      });
    }
    const values = Float32Array.from(sums, (s, i) => (times[i] === 0 ? 0 : s / times[i]!));
    return run.result(run.fold(values, 'mean'), { windows: count, window: window.join('x'), stride: stride.join('x') }, values);
  },
});

/** All channels, and an eighth of the sides of a picture; all of a token; else one element. */
function defaultWindow({ problem: { maskDims, scorer } }: Run): readonly number[] {
  const sample = scorer.scored.sampleShape;
  if (isTokens(maskDims, sample)) return [1, sample[1]!];
  if (sample.length !== 3 || maskDims[1] !== 1) return sample.map(() => 1);
  return [sample[0]!, ...sample.slice(1).map((side) => Math.max(1, Math.round(side / 8)))];
}

/** Given lengths, or the default where none are; none longer than `most`. */
const sizes = (given: readonly number[], fallback: readonly number[], most: readonly number[]): number[] =>
  most.map((length, axis) => Math.max(1, Math.min(length, given[axis] ?? fallback[axis]!)));

/** The elements in a window, by its number; the last windows of an axis may reach past its end. */
function windowsOf(
  sample: readonly number[],
  window: readonly number[],
  stride: readonly number[],
  starts: readonly number[],
): (index: number) => number[] {
  return (index) => {
    let elements = [0];
    const place: number[] = [];
    for (let axis = sample.length - 1, rest = index; axis >= 0; axis--) {
      place[axis] = (rest % starts[axis]!) * stride[axis]!;
      rest = Math.floor(rest / starts[axis]!);
    }
    for (let axis = 0; axis < sample.length; axis++) {
      const end = Math.min(sample[axis]!, place[axis]! + window[axis]!);
      const along = Array.from({ length: end - place[axis]! }, (_, i) => place[axis]! + i);
      elements = elements.flatMap((e) => along.map((a) => e * sample[axis]! + a));
    }
    return elements;
  };
}

/** Settings of RISE. */
export interface RiseSettings {
  /** Random masks. */
  readonly samples: number;
  /** Cells of a side of a picture that are kept or taken away together, before they are grown; elsewhere each token or element is a cell. */
  readonly cells: number;
  /** How likely a cell is kept. */
  readonly keep: number;
}

/**
 * sum over random masks m of score(m x + (1 - m) baseline) m / (N keep): the mean score where an element was there. Masks are cells of zeros and ones,
 * grown bilinearly and shifted by up to a cell. The score is the probability (of a regression the value). One pass for each mask.
 */
export const rise = defineMethod<RiseSettings>({
  name: 'rise',
  title: 'RISE',
  reference: 'Petsiuk, Das and Saenko, 2018',
  needs: 'outputs',
  defaults: { samples: 4000, cells: 7, keep: 0.5 },
  async explain(run, { samples, cells, keep }) {
    const { x, baseline, per, places, owners } = run;
    const draw = maskOf(run, cells, keep);
    const sums = new Float64Array(places);
    let done = 0;
    while (done < samples && !(done > 0 && run.over())) {
      const n = Math.min(run.chunk, samples - done);
      const rows = new Float32Array(n * per);
      const masks = Array.from({ length: n }, (_, k) => draw(done + k));
      for (let k = 0; k < n; k++)
        for (let i = 0; i < per; i++) rows[k * per + i] = baseline[i]! + masks[k]![owners[i]!]! * (x[i]! - baseline[i]!);
      const scores = await run.probabilities(rows, n);
      if (done === 0) run.requireTime(n, n);
      for (let k = 0; k < n; k++) for (let i = 0; i < places; i++) sums[i]! += scores[k]! * masks[k]![i]!;
      done += n;
    }
    const values = Float32Array.from(sums, (s) => s / (done * keep));
    return run.result(values, { samples: done, cells: Math.min(cells, places) });
  },
});

/** Random masks by number, one value a mask element in [0,1]. */
function maskOf({ problem: { maskDims, scorer, seed } }: Run, cells: number, keep: number): (index: number) => Float32Array {
  const stream = random(seed, STREAMS.occlusionMasks);
  const picture = scorer.scored.sampleShape.length === 3 && maskDims[1] === 1;
  if (!picture) {
    const places = maskDims.reduce((a, b) => a * b, 1);
    return (index) => stream.uniform(new Float32Array(places), index).map((u) => (u < keep ? 1 : 0));
  }
  const [height, width] = maskDims.slice(2) as [number, number];
  const [rows, columns] = [Math.min(cells, height), Math.min(cells, width)];
  const [cellHeight, cellWidth] = [Math.ceil(height / rows), Math.ceil(width / columns)];
  const [tall, wide] = [(rows + 1) * cellHeight, (columns + 1) * cellWidth];
  const down = interpolation(tall, rows + 1).data as Float32Array;
  const across = interpolation(wide, columns + 1).data as Float32Array;
  return (index) => {
    const values = stream.uniform(new Float32Array((rows + 1) * (columns + 1) + 2), index);
    const kept = values.subarray(2).map((u) => (u < keep ? 1 : 0));
    const [top, left] = [Math.floor(values[0]! * cellHeight), Math.floor(values[1]! * cellWidth)];
    const out = new Float32Array(height * width);
    // Each pixel lies between two rows and two columns of cells.
    const lines = new Float32Array((rows + 1) * width);
    for (let r = 0; r <= rows; r++)
      for (let c = 0; c < width; c++)
        for (let k = 0; k <= columns; k++)
          lines[r * width + c]! += across[(left + c) * (columns + 1) + k]! * kept[r * (columns + 1) + k]!;
    for (let i = 0; i < height; i++)
      for (let r = 0; r <= rows; r++) {
        const part = down[(top + i) * (rows + 1) + r]!;
        if (part !== 0) for (let c = 0; c < width; c++) out[i * width + c]! += part * lines[r * width + c]!;
      }
    return out;
  };
}
