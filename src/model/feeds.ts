// What the other inputs of a model are fed: read, bound to shapes, and as tensors of the right types.
import { batchAxis } from '../compile/batch-axis.js';
import { LanErrors } from '../core/errors.js';
import { own, table } from '../core/own.js';
import { allocate, castTensor, sizeOf, type DType, type Tensor } from '../core/tensor.js';
import { readBytes } from '../data/files.js';
import { decodeNpy } from '../data/npy.js';
import type { ValueInfo } from '../onnx/graph.js';
import { list, type SelectionOptions } from './selection.js';

/** An input for messages: `int64[1,6]`. */
export const describe = (i: ValueInfo): string => `${i.type}[${(i.dims as number[]).join(',')}]`;

/** One number everywhere. */
export function filled(type: DType, dims: readonly number[], value: number): Tensor {
  const ones = { type: 'float64' as const, dims, data: new Float64Array(sizeOf(dims)).fill(value) };
  return value === 0 ? { type, dims, data: allocate(type, dims) } : castTensor(ones, type);
}

/** Feeds with files read. Throws LanError for a file that is no .npy. */
export async function readFeeds(feeds: SelectionOptions['feeds'] = {}): Promise<Record<string, Tensor | number>> {
  const read = table<Tensor | number>();
  for (const [name, feed] of Object.entries(feeds))
    read[name] = typeof feed === 'string' ? decodeNpy(await readBytes(feed, `Feed '${name}',`), feed) : feed;
  return read;
}

/** Full shapes of the inputs that are fed tensors, where those have all axes or all but the batch, and fit what the file fixes. */
export function shapesOfFeeds(
  inputs: readonly ValueInfo[],
  feeds: Readonly<Record<string, Tensor | number>>,
): Record<string, number[]> {
  const shapes = table<number[]>();
  for (const { name, dims } of inputs) {
    const feed = own(feeds, name);
    if (feed === undefined || typeof feed === 'number' || !dims) continue;
    const shape = feed.dims.length + 1 === dims.length ? [1, ...feed.dims] : feed.dims;
    // One that does not fit binds nothing, and is refused by its name.
    if (shape.length === dims.length && dims.every((d, i) => typeof d !== 'number' || d <= 0 || d === shape[i])) shapes[name] = [...shape]; // prettier-ignore
  }
  return shapes;
}

/**
 * The explained input's shape, its open axes as in `sample` where that fits it, with or without the batch. Where the outputs say that the first axis is no
 * batch (time first), a sample of the input's rank is all of it.
 */
export function shapeOfSample(
  input: ValueInfo | undefined,
  sample: readonly number[] | undefined,
  outputs: readonly ValueInfo[],
): Record<string, number[]> {
  const { name, dims } = input ?? {};
  if (name === undefined || !dims || !sample || dims.length === 0) return {};
  const fits = (whole: readonly number[]): boolean => dims.every((d, i) => typeof d !== 'number' || d <= 0 || d === whole[i]);
  if (sample.length === dims.length && firstIsNoBatch(dims, outputs)) return fits(sample) ? { [name]: [...sample] } : {};
  const batch = batchAxis(dims, outputs);
  const one = [...sample.slice(0, batch), 1, ...sample.slice(batch)];
  if (batch > 0 && one.length === dims.length && fits(one)) return { [name]: one };
  const own = sample.length === dims.length ? sample.slice(1) : sample;
  const [first, ...rest] = dims.map((d) => (typeof d === 'number' && d > 0 ? d : undefined));
  // A sample of another shape binds nothing: planes for an input with channels last, or another model's.
  if (own.length !== rest.length || rest.some((d, i) => d !== undefined && d !== own[i])) return {};
  return { [name]: [first ?? 1, ...rest.map((d, i) => d ?? own[i]!)] };
}

/** Do samples lie along another axis, or is the first one open and named, and does each output that tells its first axis give it another fixed length, or the name of another axis? */
function firstIsNoBatch(dims: NonNullable<ValueInfo['dims']>, outputs: readonly ValueInfo[]): boolean {
  const [first, ...rest] = dims;
  if (batchAxis(dims, outputs) > 0) return true;
  if (typeof first !== 'string' || first === '') return false;
  const ends = outputs.flatMap((o) => (o.dims && o.dims.length > 0 ? [o.dims[0]] : []));
  return ends.length > 0 && ends.every((end) => (typeof end === 'number' && end > 0) || (typeof end === 'string' && end !== first && rest.includes(end))); // prettier-ignore
}

/** Axes that inputs name alike (`sequence`) have one length: what is bound for one input holds for all. */
export function bindSymbols(
  inputs: readonly ValueInfo[],
  shapes: Readonly<Record<string, readonly number[]>>,
): Record<string, readonly number[]> {
  const lengths = new Map<string, number>();
  for (const { name, dims } of inputs)
    dims?.forEach((d, axis) => {
      const bound = own(shapes, name)?.[axis];
      if (typeof d === 'string' && bound !== undefined && !lengths.has(d)) lengths.set(d, bound);
    });
  const bound: Record<string, readonly number[]> = { ...shapes };
  for (const { name, dims } of inputs) {
    if (name in bound || !dims) continue;
    const known = dims.map((d, axis) =>
      typeof d === 'number' && d > 0 ? d : typeof d === 'string' ? lengths.get(d) : axis === 0 ? 1 : undefined,
    );
    if (dims.some((d) => typeof d === 'string' && lengths.has(d)) && known.every((d) => d !== undefined)) bound[name] = known;
  }
  return bound;
}

/**
 * Feeds as tensors of the inputs' static shapes and types. Throws LanErrors for names that are no inputs and shapes that do not fit, all at once.
 */
export function tensorsOfFeeds(
  inputs: readonly ValueInfo[],
  feeds: Readonly<Record<string, Tensor | number>>,
): Record<string, Tensor> {
  const problems: string[] = [];
  const tensors: Record<string, Tensor> = {};
  for (const [name, feed] of Object.entries(feeds)) {
    const input = inputs.find((i) => i.name === name);
    if (!input) problems.push(`'${name}' is no input; the inputs are: ${list(inputs)}`);
    else if (input.type === 'string') problems.push(`'${name}' holds strings, which cannot be fed`);
    else {
      const dims = input.dims as number[];
      const type = input.type!;
      if (typeof feed === 'number') tensors[name] = filled(type, dims, feed);
      else if (sizeOf(feed.dims) === sizeOf(dims)) tensors[name] = { ...castTensor(feed, type), dims };
      else problems.push(`'${name}' is ${describe(input)}, the feed has shape [${feed.dims.join(',')}]`);
    }
  }
  if (problems.length > 0) throw new LanErrors('input', '`feeds` does not fit the model:', problems);
  return tensors;
}
/** A name as the key of an object, as texts show it. */
const keyOf = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`);

/** Throws LanErrors naming each of `inputs`, with its type and shape, and how it gets a value. */
export function refuseMissing(inputs: readonly ValueInfo[], explained: string, model: string): void {
  if (inputs.length === 0) return;
  throw new LanErrors(
    'input',
    `${model}: '${explained}' is explained, but its other input(s) have no value:`,
    inputs.map((i) => `'${i.name}' ${describe(i)}`),
    `Give each a value with \`feeds\`: an .npy file, or one number for all of it; for example \`feeds: { ${keyOf(inputs[0]!.name)}: 1 }\`.`,
  );
}
