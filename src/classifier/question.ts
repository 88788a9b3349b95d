// What is asked of a model: which input is explained, at which value, for which output, and what the other inputs are fed.
import { between, firstFloat, goesRound } from '../compile/cut.js';
import { LanError, LanErrors } from '../core/errors.js';
import { allocate, castTensor, sizeOf, type DType, type Tensor } from '../core/tensor.js';
import { readBytes } from '../data/files.js';
import { decodeNpy } from '../data/npy.js';
import { inlineFunctions } from '../onnx/functions.js';
import type { Graph, Model, ValueInfo } from '../onnx/graph.js';
import { rowsOf } from './samples.js';

/** A value for an input: a tensor, an .npy file by its path, or one number everywhere. */
export type Feed = Tensor | string | number;

export interface QuestionOptions {
  /** The input that is explained. Default: the first float input, else the first of integers. */
  readonly input?: string;
  /** The output that is the classifier's. Default: the first float output. */
  readonly output?: string;
  /**
   * The float value at which the mask lies, by its name in the file: the output of any node between input and output. Default: the input itself;
   * for integers the first float value that depends on them (an embedding).
   */
  readonly at?: string;
  /** Shape of the samples to come, with or without the batch axis: binds what the file leaves open of the input that is explained. */
  readonly sample?: readonly number[];
  /** What the other inputs are fed, by name. A tensor has the input's shape, or that of one sample without the batch axis. */
  readonly feeds?: Readonly<Record<string, Feed>>;
}

/** Where the mask lies, when not on the input itself. */
export interface Point {
  readonly name: string;
  /** With the batch axis. */
  readonly dims: readonly number[];
  /** True where the output depends on the input by a way round the point too; there a sample's own values are kept. */
  readonly bypassed: boolean;
  /** True where the input is one integer per token and the point a vector for each: [N,T] and [N,T,E]. */
  readonly tokens: boolean;
}

const isFloat = (type: DType | undefined): boolean => type?.startsWith('float') ?? false;
const INTEGER = /^(u?int(8|16|32|64)|bool)$/;
const list = (values: readonly { readonly name: string }[]): string => values.map((v) => v.name).join(', ');

/** The input that is explained, of a graph whose shapes may be open. Throws LanError for a name that is none. */
export function explainedInput(inputs: readonly ValueInfo[], name: string | undefined, model: string): ValueInfo | undefined {
  if (name === undefined) return inputs.find((i) => isFloat(i.type)) ?? inputs.find((i) => INTEGER.test(i.type ?? ''));
  const found = inputs.find((i) => i.name === name);
  if (!found) throw new LanError(`--input: ${model} has no input '${name}'. Its inputs are: ${list(inputs)}.`);
  return found;
}

/** The classifier's output. Throws LanError for a name that is none, or not of floats. */
export function chosenOutput(outputs: readonly ValueInfo[], name: string | undefined, model: string): ValueInfo | undefined {
  if (name === undefined) return outputs.find((o) => isFloat(o.type));
  const found = outputs.find((o) => o.name === name);
  if (!found) throw new LanError(`--output: ${model} has no output '${name}'. Its outputs are: ${list(outputs)}.`);
  if (!isFloat(found.type)) throw new LanError(`--output: '${name}' is ${found.type}; a classifier's output holds floats.`);
  return found;
}

/**
 * The point of a static graph: `at`, or where integers first become floats; undefined: the input itself. `named`: is this a value of the file?
 * Throws LanError when there is no such value, or it does not lie between the input and the output.
 */
export function choosePoint(
  graph: Graph,
  input: ValueInfo,
  output: string,
  at: string | undefined,
  named: (value: string) => boolean,
  model: string,
): Point | undefined {
  if (at === input.name && isFloat(input.type)) return undefined;
  if (at === undefined && isFloat(input.type)) return undefined;
  const name = at ?? firstFloat(graph, input.name, output, named);
  if (name === undefined)
    throw new LanError(
      `${model}: no float value depends on its input '${input.name}' (${input.type}) on the way to '${output}', so there is nothing to learn a mask on.`,
    );
  const way = between(graph, input.name, output);
  const type = graph.types.get(name);
  if (!way.includes(name) || type?.type !== 'float32' || name === output) {
    const usable = way.filter((v) => graph.types.get(v)?.type === 'float32' && named(v) && v !== output);
    const shown = usable.slice(0, 8).map((v) => `'${v}'`).join(', '); // prettier-ignore
    const more = usable.length > 8 ? ` and ${usable.length - 8} more` : '';
    const why = !named(name)
      ? `${model} has no value '${name}'`
      : name === output || !way.includes(name)
        ? `'${name}' does not lie between the input '${input.name}' and the output '${output}', or is folded away`
        : `'${name}' is ${type?.type}, not float`;
    throw new LanError(`--at: ${why}. Choose one of: ${shown}${more}.`);
  }
  const ids = input.dims as number[];
  const { dims } = type;
  const tokens = !isFloat(input.type) && dims.length === 3 && ids.length === 2 && dims[0] === ids[0] && dims[1] === ids[1];
  return { name, dims, bypassed: goesRound(graph, name, input.name, output), tokens };
}

/** Where a check takes gradients. */
export interface GradientPoint extends Point {
  /** The input of integers behind which it is the first value of floats; absent where the point was asked for. */
  readonly behind?: string;
}

/**
 * Where a check takes gradients when not by the float inputs: at `at`; where all inputs are integers, at the first float value that depends on one
 * of them. Those that look rows up come first: behind a mask lies little, and the output hangs on it steeply. Undefined where there is no such value.
 * Throws LanError as choosePoint does.
 */
export function gradientPoint(
  graph: Graph,
  output: string,
  at: string | undefined,
  named: (value: string) => boolean,
  model: string,
): GradientPoint | undefined {
  const { inputs } = graph;
  const [first] = inputs;
  if (at !== undefined) {
    const leads = inputs.find((i) => i.name === at || between(graph, i.name, output).includes(at)) ?? explainedInput(inputs, undefined, model) ?? first; // prettier-ignore
    return leads && choosePoint(graph, leads, output, at, named, model);
  }
  if (inputs.some((i) => isFloat(i.type))) return undefined;
  const integers = inputs.filter((i) => INTEGER.test(i.type ?? ''));
  const looksUp = (i: ValueInfo): boolean => rowsOf(graph, i.name) !== undefined;
  for (const input of [...integers.filter(looksUp), ...integers.filter((i) => !looksUp(i))]) {
    const name = firstFloat(graph, input.name, output, named);
    if (name === undefined || name === output) continue;
    const point = choosePoint(graph, input, output, name, named, model);
    return point && { ...point, behind: input.name };
  }
  return undefined;
}

/** Tells the values of the file from those that this project made. */
export function namedIn(model: Model): (value: string) => boolean {
  const names = new Set(inlineFunctions(model).graph.nodes.flatMap((n) => n.outputs));
  return (value) => names.has(value);
}

/** What was decided about the point, for the user. */
export function pointNotes({ name, dims, bypassed }: Point, input: string, at: string | undefined): string[] {
  const where = at === undefined ? `, the first float value that depends on '${input}'` : '';
  return [
    `the mask lies on the value '${name}' [${dims.join(',')}]${where}`,
    ...(bypassed
      ? [
          `the output depends on '${input}' by a way round '${name}' too: there each sample keeps its own values, and is compiled for itself`,
        ]
      : []),
  ];
}

/** Feeds with files read. Throws LanError for a file that is no .npy. */
export async function readFeeds(feeds: QuestionOptions['feeds'] = {}): Promise<Record<string, Tensor | number>> {
  const read: Record<string, Tensor | number> = {};
  for (const [name, feed] of Object.entries(feeds))
    read[name] = typeof feed === 'string' ? decodeNpy(await readBytes(feed, `Feed '${name}',`), feed) : feed;
  return read;
}

/** Full shapes of the inputs that are fed tensors, where those have all axes or all but the batch. */
export function shapesOfFeeds(
  inputs: readonly ValueInfo[],
  feeds: Readonly<Record<string, Tensor | number>>,
): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  for (const { name, dims } of inputs) {
    const feed = feeds[name];
    if (feed === undefined || typeof feed === 'number' || !dims) continue;
    if (feed.dims.length === dims.length) shapes[name] = [...feed.dims];
    if (feed.dims.length + 1 === dims.length) shapes[name] = [1, ...feed.dims];
  }
  return shapes;
}

/** The explained input's shape, its open axes as in `sample` where that fits it, with or without the batch. */
export function shapeOfSample(input: ValueInfo | undefined, sample: readonly number[] | undefined): Record<string, number[]> {
  const { name, dims } = input ?? {};
  if (name === undefined || !dims || !sample || dims.length === 0) return {};
  const own = sample.length === dims.length ? sample.slice(1) : sample;
  const [first, ...rest] = dims.map((d) => (typeof d === 'number' && d > 0 ? d : undefined));
  // A sample of another shape binds nothing: planes for an input with channels last, or another model's.
  if (own.length !== rest.length || rest.some((d, i) => d !== undefined && d !== own[i])) return {};
  return { [name]: [first ?? 1, ...rest.map((d, i) => d ?? own[i]!)] };
}

/** Axes that inputs name alike (`sequence`) have one length: what is bound for one input holds for all. */
export function bindSymbols(
  inputs: readonly ValueInfo[],
  shapes: Readonly<Record<string, readonly number[]>>,
): Record<string, readonly number[]> {
  const lengths = new Map<string, number>();
  for (const { name, dims } of inputs)
    dims?.forEach((d, axis) => {
      const bound = shapes[name]?.[axis];
      if (typeof d === 'string' && bound !== undefined && !lengths.has(d)) lengths.set(d, bound);
    });
  const bound: Record<string, readonly number[]> = { ...shapes };
  for (const { name, dims } of inputs) {
    if (name in bound || !dims) continue;
    const known = dims.map((d, axis) => (typeof d === 'number' && d > 0 ? d : typeof d === 'string' ? lengths.get(d) : axis === 0 ? 1 : undefined)); // prettier-ignore
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
    else if (input.type === 'string') problems.push(`'${name}' holds strings, which can not be fed`);
    else {
      const dims = input.dims as number[];
      const type = input.type!;
      if (typeof feed === 'number') tensors[name] = filled(type, dims, feed);
      else if (sizeOf(feed.dims) === sizeOf(dims)) tensors[name] = { ...castTensor(feed, type), dims };
      else problems.push(`'${name}' is ${describe(input)}, the feed has shape [${feed.dims.join(',')}]`);
    }
  }
  if (problems.length > 0) throw new LanErrors('--feed does not fit the model:', problems);
  return tensors;
}

/** One number everywhere. */
export function filled(type: DType, dims: readonly number[], value: number): Tensor {
  const ones = { type: 'float64' as const, dims, data: new Float64Array(sizeOf(dims)).fill(value) };
  return value === 0 ? { type, dims, data: allocate(type, dims) } : castTensor(ones, type);
}

const describe = (i: ValueInfo): string => `${i.type}[${(i.dims as number[]).join(',')}]`;

/** Throws LanErrors naming each of `inputs`, with its type and shape, and the flag that gives it a value. */
export function refuseMissing(inputs: readonly ValueInfo[], explained: string, model: string): void {
  if (inputs.length === 0) return;
  throw new LanErrors(
    `${model}: '${explained}' is explained, but its other input(s) have no value:`,
    inputs.map((i) => `'${i.name}' ${describe(i)}: give --feed ${i.name}=FILE.npy, or --feed ${i.name}=NUMBER for all of it`),
  );
}
