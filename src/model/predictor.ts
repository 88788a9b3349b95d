// Class probabilities of samples by the reference: in batches where samples are independent, one at a time where they are not.
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { allocate, float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { otherAxis } from './answers.js';
import { couplingOf, type Coupling } from './batching.js';
import type { InputCard, OutputKind } from './card.js';
import type { Parts } from './parts.js';
import { ownDims, rounded, type Picture } from './picture.js';
import { preprocessTensor } from './preprocess.js';
import { toProbabilities } from './probabilities.js';
import { feedsAt, fixedBatchOf } from './run-to-point.js';
import { readAs, type Task } from './task.js';

/** How samples become runs. */
export interface SampleView {
  /** Shape of one sample where the mask lies. */
  readonly sampleShape: readonly number[];
  /** Is the first axis of what is run a batch? Else one sample is all of it. */
  readonly batched: boolean;
  /** Length of the first axis of the model's input as it was opened. */
  readonly batch: number;
  readonly card: InputCard | undefined;
  readonly picture: Picture | undefined;
  readonly outputKind: OutputKind;
  readonly task: Task;
}

/**
 * What two samples are drawn from, one attempt after the other until the model tells them apart: deviations of normal numbers, and parts of a picture's
 * range of uniform ones.
 */
const ATTEMPTS = [
  { deviations: [1, 1], ranges: [[0, 1], [0, 1]] },
  { deviations: [0.1, 3], ranges: [[0, 0.1], [0.9, 1]] },
  { deviations: [30, 30], ranges: [[0, 0.5], [0.5, 1]] },
] as const; // prettier-ignore

/** How far a probability may lie outside of 0..1 by rounding: quantised models give hundredths. */
const BEYOND = 0.1;
/** The sum of a row of probabilities whose logarithms were rounded, at least. */
const ENOUGH = 0.5;

/** See Classifier.predict. */
export class Predictor {
  /** What inputs are written to. */
  private spare: Float32Array | undefined;
  private independence?: Promise<boolean>;
  /** The batch that the file fixes. */
  readonly fixed: number | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly view: SampleView,
  ) {
    this.fixed = view.picture?.batched === false ? undefined : fixedBatchOf(parts.canonical, parts.input.name);
  }

  /**
   * Has each sample of a batch the answer that it has alone? Asked once, with two random samples (see couplingOf); what is found is added to the notes. Throws
   * LanError `unsupported` where they have not and the file fixes a batch of several.
   */
  independent(): Promise<boolean> {
    return (this.independence ??= this.ask());
  }

  private async ask(): Promise<boolean> {
    const { source, notes, input } = this.parts;
    const { batched, sampleShape, card } = this.view;
    if (!batched) return false;
    const per = sizeOf(sampleShape);
    const stream = random(0, STREAMS.check);
    let coupling: Coupling = 'blind';
    for (const { deviations, ranges } of ATTEMPTS) {
      const samples = ([0, 1] as const).map((s) => {
        const values = new Float32Array(per);
        const [low, high] = ranges[s].map((part) => part * (card?.range ?? 1)) as [number, number];
        return card ? stream.uniform(values, 1 + s, low, high) : stream.normal(values, 1 + s, 0, deviations[s]);
      });
      const together = (which: readonly (0 | 1)[]): Promise<Tensor> => {
        const data = new Float32Array(which.length * per);
        which.forEach((w, i) => data.set(samples[w]!, i * per));
        return this.output({ type: 'float32', dims: [which.length, ...sampleShape], data }, which.length, card);
      };
      coupling = await couplingOf(together, this.fixed);
      if (coupling !== 'blind') break;
    }
    // Nothing that was tried changes the answer: then neither does a neighbour, as far as can be told.
    const independent = coupling !== 'coupled';
    if (independent) return true;
    const open = this.parts.canonical.inputs
      .find((i) => i.name === input.name)
      ?.dims?.some((d) => typeof d !== 'number' || d <= 0);
    if (this.fixed !== undefined)
      throw new LanError(
        'unsupported',
        `${source.name}: takes batches of ${this.fixed} only, and the answer for a sample changes with the others in its batch, so none can be explained by itself.`,
        `Export the model with a batch of 1.${open ? ` ${otherAxis(input.name, [this.fixed, ...sampleShape.slice(1)])}` : ''}`,
      );
    const note = `samples are run one at a time: together, along the first axis of '${input.name}', they change each other's answers or are refused (tried)`;
    // Another card, or a sample of its own, asks again.
    if (!notes.includes(note)) notes.push(note);
    return false;
  }

  async predict(x: Tensor, card: InputCard | undefined, batch: number): Promise<Tensor> {
    const { sampleShape, batched } = this.view;
    const n = x.dims[0] ?? 1;
    const single = !batched || ((n > 1 || (this.fixed ?? 1) > 1) && !(await this.independent()));
    const size = single ? 1 : (this.fixed ?? Math.min(n, batch));
    const per = sizeOf(sampleShape);
    const type = x.type === 'uint8' ? 'uint8' : 'float32';
    const data = x.type === 'uint8' ? (x.data as Uint8Array) : toFloat32(x);
    const rows: Float32Array[] = [];
    for (let i = 0; i < n; i += size) {
      const count = Math.min(size, n - i);
      const length = this.fixed && batched ? size : count;
      // A model of fixed batch gets its last batch filled up with zeros; their rows are dropped.
      const chunk = length === count ? data.subarray(i * per, (i + count) * per) : allocate(type, [length * per]);
      if (length !== count) (chunk as Float32Array).set(data.subarray(i * per));
      const x: Tensor = { type, dims: batched ? [length, ...sampleShape] : sampleShape, data: chunk };
      const p = toProbabilities(await this.output(x, length, card), readAs(this.view));
      const kept = (p.data as Float32Array).subarray(0, count * p.dims[1]!);
      if (this.view.task === 'classification') this.requireProbabilities(kept, count);
      rows.push(kept);
    }
    const k = rows[0]!.length / Math.min(size, n);
    const all = new Float32Array(n * k);
    let at = 0;
    for (const row of rows) {
      all.set(row, at);
      at += row.length;
    }
    return float32(all, [n, k]);
  }

  /** Throws LanError (`usage`) for numbers that are no probabilities, as scores are that somebody calls so. NaN is told elsewhere. */
  private requireProbabilities(p: Float32Array, rows: number): void {
    const { output, source } = this.parts;
    const { outputKind } = this.view;
    const wrong = p.find((v) => v < -BEYOND || v > 1 + BEYOND);
    const sum = outputKind === 'log-probabilities' && wrong === undefined ? p.reduce((a, b) => a + b, 0) / rows : 1;
    if (wrong === undefined && !(sum < ENOUGH)) return;
    const given = wrong === undefined ? `probabilities that add up to ${Number(sum.toPrecision(3))}` : `a probability of ${Number(wrong.toPrecision(3))}`; // prettier-ignore
    throw new LanError(
      'usage',
      `${source.name}: its output '${output.name}', read as ${outputKind}, gives ${given}.`,
      'Say what it holds by `outputKind`: logits, or sigmoid-logits where several labels may hold.',
    );
  }

  /** The chosen output [length,...] of `length` samples. Throws LanError where it has another number of rows. */
  private async output(x: Tensor, length: number, card: InputCard | undefined): Promise<Tensor> {
    const { hookPoint, input, integers, output, reference, source } = this.parts;
    const { batched, batch, picture, sampleShape } = this.view;
    // One array for all runs: fresh ones keep the garbage collector busy. Taken away meanwhile, because another call may come in between.
    const buffer = this.spare;
    this.spare = undefined;
    const pictures = card !== undefined && !hookPoint;
    const pixels = pictures ? await this.parts.steps.run({ ...x, dims: [length, ...sampleShape] }, card) : x;
    const made = hookPoint ? x : preprocessTensor(pixels, card, buffer);
    const own = pictures ? { ...made, dims: ownDims(picture, input.dims as number[], length) } : made;
    // What the file cannot be fed is no evidence, whatever runs it.
    const entry = integers && !hookPoint ? rounded(own, integers) : own;
    const feeds = feedsAt(this.parts, batched ? length : batch, reference.inputNames);
    const out = (await reference.run({ ...feeds, [hookPoint?.name ?? input.name]: entry }, [output.name]))[output.name]!;
    if (pictures) this.spare = made.data as Float32Array;
    if (!batched) return { type: out.type, dims: [1, sizeOf(out.dims)], data: out.data };
    if (out.dims[0] !== length)
      throw new LanError(
        'shape',
        `${source.name}: gave ${out.dims[0] ?? 0} row(s) for ${length} sample(s): its output '${output.name}' is [${out.dims.join(',')}].`,
      );
    return out;
  }
}
