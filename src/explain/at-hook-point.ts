// Samples of a model's own input (ids of tokens, whole numbers), taken to the value inside it where the mask lies.
import { LanError } from '../core/errors.js';
import { castTensor, float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Samples } from '../lan/samples.js';
import type { Classifier } from '../model/classifier.js';
import { rowsOf } from '../model/random-inputs.js';

/** Values inside are kept up to so many bytes. */
const CACHE = 2 ** 30;

/** One sample as the file takes it. Throws LanError (`data`) for an id that the model has no row for. */
function asInput({ input, inputShape, graph, source }: Classifier, values: Float32Array): Tensor {
  const rows = rowsOf(graph, input.name);
  const strange = rows === undefined ? undefined : values.find((v) => v >= rows || v < -rows);
  if (strange !== undefined)
    throw new LanError('data', `${source.name}: knows ${rows} ids, and the data has id ${strange}.`, "Is it another model's?");
  return { ...castTensor(float32(values, [values.length]), input.type), dims: [1, ...inputShape] };
}

/** Throws LanError (`data`) where samples have another number of elements than the input. */
function requireShape({ inputShape, source }: Classifier, shape: readonly number[]): void {
  if (sizeOf(shape) !== sizeOf(inputShape))
    throw new LanError('data', `${source.name}: takes samples of [${inputShape.join(',')}], the data has [${shape.join(',')}].`);
}

/** Training samples [n,...sampleShape] at the hook point, from those of the input [n,...inputShape]; each is computed once, as far as 1 GiB holds them. */
export function samplesAtHookPoint(samples: Samples, classifier: Classifier): Samples {
  const per = sizeOf(classifier.sampleShape);
  const own = sizeOf(classifier.inputShape);
  const known = new Map<number, Float32Array>();
  const keep = 4 * per * samples.count <= CACHE;
  return {
    ...samples,
    shape: classifier.sampleShape,
    async read(indices, draw) {
      requireShape(classifier, samples.shape);
      const wanted = Array.from(indices);
      const missing = [...new Set(wanted)].filter((i) => !known.has(i));
      const values = missing.length === 0 ? new Float32Array(0) : await samples.read(missing, draw);
      const found = new Map<number, Float32Array>();
      for (const [k, i] of missing.entries()) {
        const { x } = await classifier.locate(asInput(classifier, values.slice(k * own, (k + 1) * own)));
        found.set(i, toFloat32(x));
        if (keep) known.set(i, found.get(i)!);
      }
      const out = new Float32Array(wanted.length * per);
      wanted.forEach((i, k) => out.set((found.get(i) ?? known.get(i))!, k * per));
      return out;
    },
  };
}

/** Class probabilities [n,K] of samples [n,...] of the input, one by one: what lies behind the hook point may be bound to its sample. */
export async function predictInputs(classifier: Classifier, x: Tensor): Promise<Tensor> {
  requireShape(classifier, x.dims.slice(1));
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
