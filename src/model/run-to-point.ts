// A sample run up to the hook point, with the other inputs at any batch.
import { LanError } from '../core/errors.js';
import { own, table } from '../core/own.js';
import { allocate, castTensor, float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import type { InputCard } from './card.js';
import type { Classifier } from './classifier.js';
import { filled } from './feeds.js';
import type { Parts } from './parts.js';
import { preprocessTensor } from './preprocess.js';
import { randomIntegers } from './random-inputs.js';

/** The batch that the file fixes for an input of its canonical graph. */
export function fixedBatchOf(canonical: Graph, input: string): number | undefined {
  const declared = canonical.inputs.find((i) => i.name === input)?.dims?.[0];
  return typeof declared === 'number' && declared > 0 ? declared : undefined;
}

/**
 * Values of these inputs for a batch of `n`: what was fed, repeated along an open first axis; zeros where nothing depends on the values. The input
 * that the mask lies on, or the hook point, is left out.
 */
export function feedsAt(
  { graph, canonical, feeds, input, hookPoint }: Parts,
  n: number,
  names: readonly string[],
): Record<string, Tensor> {
  const entry = hookPoint?.name ?? input.name;
  const batch = (input.dims as number[])[0] ?? 1;
  const values = table<Tensor>();
  for (const { name, type, dims } of graph.inputs) {
    if (!names.includes(name) || name === entry) continue;
    const fed = own(feeds, name) ?? filled(type!, dims as number[], 0);
    const open = dims!.length > 0 && fixedBatchOf(canonical, name) === undefined;
    values[name] = open && n !== batch ? repeated(fed, n) : fed;
  }
  return values;
}

/**
 * The value at the hook point for one sample [1,...inputShape]: `x` [1,...sampleShape], and `own`: the sample as the model's input takes it. A batch
 * that the file fixes is filled up with the same sample. Throws LanError for a sample of another size.
 */
export async function runToPoint(
  parts: Parts,
  { source, inputShape, sampleShape }: Pick<Classifier, 'source' | 'inputShape' | 'sampleShape'>,
  sample: Tensor,
  card: InputCard | undefined,
): Promise<{ readonly x: Tensor; readonly own: Tensor }> {
  const { input } = parts;
  const name = parts.hookPoint!.name;
  const upstream = parts.upstream!;
  if (sizeOf(sample.dims) !== sizeOf(inputShape))
    throw new LanError(
      'input',
      `${source.name}: expected one sample of shape [${inputShape.join(',')}], received [${sample.dims.join(',')}].`,
    );
  const dims = input.dims as number[];
  const batch = sizeOf(dims) / sizeOf(inputShape);
  const one = { ...castTensor(sample, input.type!), dims: [1, ...inputShape] };
  const single = card ? preprocessTensor(await parts.steps.run(one, card), card) : { ...one, dims: [1, ...dims.slice(1)] };
  const own = { ...repeated(single, batch), dims };
  const value = (await upstream.run({ ...feedsAt(parts, batch, upstream.inputNames), [input.name]: own }, [name]))[name]!;
  return { x: float32(toFloat32(value).slice(0, sizeOf(sampleShape)), [1, ...sampleShape]), own };
}

/** Values at the hook point of `count` samples of random integers, [count,...sampleShape]. */
export async function randomTokensAt(
  { graph, inputShape, sampleShape }: Pick<Classifier, 'graph' | 'inputShape' | 'sampleShape'>,
  input: ValueInfo,
  locate: (sample: Tensor) => Promise<{ readonly x: Tensor }>,
  count: number,
  seed: number,
): Promise<Tensor> {
  const per = sizeOf(sampleShape);
  const data = new Float32Array(count * per);
  for (let i = 0; i < count; i++) {
    const ids = randomIntegers(graph, input, i, seed);
    const first = (ids.data as Int32Array).subarray(0, sizeOf(inputShape));
    const { x } = await locate({ ...ids, data: first, dims: [1, ...inputShape] });
    data.set(toFloat32(x), i * per);
  }
  return float32(data, [count, ...sampleShape]);
}

/** The first row, `n` times. */
function repeated(tensor: Tensor, n: number): Tensor {
  const row = (tensor.data as Float32Array).subarray(0, sizeOf(tensor.dims.slice(1)));
  const dims = [n, ...tensor.dims.slice(1)];
  const data = allocate(tensor.type, dims) as Float32Array;
  for (let i = 0; i < n; i++) data.set(row, i * row.length);
  return { type: tensor.type, dims, data };
}
