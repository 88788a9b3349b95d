// Samples of a model's own input (ids of tokens, whole numbers), and what it answers to them where the mask lies inside.
import { LanError } from '../core/errors.js';
import { castTensor, float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Classifier } from './classifier.js';
import { rowsOf } from './random-inputs.js';

/** One sample as the file takes it. Throws LanError (`data`) for an id that the model has no row for. */
export function asInput({ input, inputShape, graph, source }: Classifier, values: Float32Array): Tensor {
  const rows = rowsOf(graph, input.name);
  const strange = rows === undefined ? undefined : values.find((v) => v >= rows || v < -rows);
  if (strange !== undefined)
    throw new LanError('data', `${source.name}: knows ${rows} ids, and the data has id ${strange}.`, "Is it another model's?");
  return { ...castTensor(float32(values, [values.length]), input.type), dims: [1, ...inputShape] };
}

/** Throws LanError (`data`) where samples have another number of elements than the input. */
export function requireInputShape({ inputShape, source }: Classifier, shape: readonly number[]): void {
  if (sizeOf(shape) !== sizeOf(inputShape))
    throw new LanError('data', `${source.name}: takes samples of [${inputShape.join(',')}], the data has [${shape.join(',')}].`);
}

/** Class probabilities [n,K] of samples [n,...] of the input, one by one: what lies behind the hook point may be bound to its sample. */
export async function predictInputs(classifier: Classifier, x: Tensor): Promise<Tensor> {
  requireInputShape(classifier, x.dims.slice(1));
  const own = sizeOf(classifier.inputShape);
  const values = toFloat32(x);
  const rows: Float32Array[] = [];
  for (let at = 0; at < values.length; at += own) {
    const { x: inside, classifier: bound } = await classifier.locate(asInput(classifier, values.slice(at, at + own)));
    rows.push(toFloat32(await bound.predict(inside)));
  }
  const k = classifier.classes;
  const out = new Float32Array(rows.length * k);
  rows.forEach((row, i) => out.set(row, i * k));
  return float32(out, [rows.length, k]);
}
