// Which values inside a model are maps of its input: feature maps, in either layout, and grids of tokens.
import { between } from '../compile/cut.js';
import { isFloat, sizeOf, toIntegers, type Tensor } from '../core/tensor.js';
import { makersOf, readersOf, type Graph, type Node } from '../onnx/graph.js';

/** Where the axes of a map are: [1,C,H,W]; [1,H,W,C]; tokens [1,T,C]; tokens with channels first [1,C,T]. */
export type Layout = 'nchw' | 'nhwc' | 'tokens' | 'channels-first tokens';

/** A value that has vectors of features for places of the input. */
export interface Grid {
  readonly value: string;
  readonly layout: Layout;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Tokens in all, those included that are no place (a class token). 0 for maps. */
  readonly tokens: number;
  /** Tokens in front of the first place. */
  readonly before: number;
}

/** Ops that make maps of maps, whatever made their input. */
const SPATIAL = /^(?:Conv|ConvTranspose|MaxPool|AveragePool|LpPool|LRN|BatchNormalization|InstanceNormalization|Resize)$/;
/** Ops after which positions are others, or none. */
const SCATTERS = /^(?:Gather|GatherElements|GatherND|Expand|Tile|Shape|Einsum|ReduceSum|Softmax|CumSum|TopK)$/;

/**
 * Maps of the input `x` of a static graph on paths to `output`, in the order of the graph. Convolutions and pools make maps; moves, element by element
 * operations and products with matrices hand them on; a concatenation along the tokens adds tokens that are no place. `tokens`: x is [1,T,E] and each
 * of its rows is a place.
 */
export function gridsOf(graph: Graph, x: string, output: string, tokens = false): Grid[] {
  const path = new Set(between(graph, x, output));
  const known = new Map<string, Grid>();
  if (tokens) {
    const [, length, channels] = graph.types.get(x)!.dims as [number, number, number];
    known.set(x, { value: x, layout: 'tokens', height: 1, width: length, channels, tokens: length, before: 0 });
  }
  for (const node of graph.nodes) {
    for (const value of node.outputs) {
      const type = graph.types.get(value);
      if (!path.has(value) || !type || !isFloat(type.type)) continue;
      const grid = gridAfter(graph, node, value, type.dims, known, path);
      if (grid) known.set(value, grid);
    }
  }
  return [...known.values()].filter((g) => g.value !== x && g.height * g.width > 1);
}

function gridAfter(
  graph: Graph,
  node: Node,
  value: string,
  dims: readonly number[],
  known: ReadonlyMap<string, Grid>,
  path: ReadonlySet<string>,
): Grid | undefined {
  if (SPATIAL.test(node.op) && dims.length === 4 && (path.has(node.inputs[0]!) || node.inputs[0] === graph.inputs[0]?.name)) {
    const from = known.get(node.inputs[0]!);
    return !from || from.layout === 'nchw' ? mapOf(value, dims, 'nchw') : undefined;
  }
  const at = node.inputs.findIndex((i) => known.has(i));
  const from = known.get(node.inputs[at] ?? '');
  if (!from || SCATTERS.test(node.op)) return undefined;
  if (node.op === 'Transpose') return transposed(from, value, (node.attributes['perm']?.value as number[] | undefined) ?? []);
  const before = graph.types.get(from.value)!.dims;
  if (/^(?:Reshape|Flatten|Squeeze|Unsqueeze)$/.test(node.op)) return reshaped(from, value, before, dims);
  if (dims.length !== before.length || dims[0] !== before[0]) return undefined;
  // A product with a constant matrix keeps the rows of its first factor alone; with another value (queries and keys) its columns are places, no features.
  const rows = at === 0 && !path.has(node.inputs[1]!) && (from.layout === 'nhwc' || from.layout === 'tokens');
  if (/MatMul|Gemm/.test(node.op) && !rows) return undefined;
  if (from.layout === 'nchw' || from.layout === 'nhwc') return mapOf(value, dims, from.layout);
  const axis = from.layout === 'tokens' ? 1 : 2;
  if (node.op === 'Concat' && dims[axis] !== from.tokens)
    return { ...from, value, tokens: dims[axis]!, before: from.before + lengthBefore(graph, node, at, axis) };
  if (node.op === 'Slice') return sliced(graph, node, from, value, dims, axis);
  if (dims[axis] !== from.tokens) return undefined;
  return { ...from, value, channels: dims[3 - axis]! };
}

function mapOf(value: string, dims: readonly number[], layout: 'nchw' | 'nhwc'): Grid | undefined {
  const [, a, b, c] = dims as [number, number, number, number];
  const [channels, height, width] = layout === 'nchw' ? [a, b, c] : [c, a, b];
  return height * width > 1 ? { value, layout, height, width, channels, tokens: 0, before: 0 } : undefined;
}

function transposed(from: Grid, value: string, perm: readonly number[]): Grid | undefined {
  const to: Partial<Record<Layout, Record<string, Layout>>> = {
    nchw: { '0,2,3,1': 'nhwc' },
    nhwc: { '0,3,1,2': 'nchw' },
    tokens: { '0,2,1': 'channels-first tokens' },
    'channels-first tokens': { '0,2,1': 'tokens' },
  };
  const layout = to[from.layout]![perm.join()];
  return layout && { ...from, value, layout };
}

/** Maps taken apart into tokens, and put together again. */
function reshaped(from: Grid, value: string, before: readonly number[], dims: readonly number[]): Grid | undefined {
  const { height, width, channels } = from;
  const is = (...wanted: number[]): boolean => dims.join() === [before[0], ...wanted].join();
  if (dims.join() === before.join()) return { ...from, value };
  const area = height * width;
  if (from.layout === 'nchw' && is(channels, area)) return { ...from, value, layout: 'channels-first tokens', tokens: area };
  if (from.layout === 'nhwc' && is(area, channels)) return { ...from, value, layout: 'tokens', tokens: area };
  if (from.tokens !== area) return undefined;
  if (from.layout === 'tokens' && is(height, width, channels)) return { ...from, value, layout: 'nhwc', tokens: 0 };
  if (from.layout === 'channels-first tokens' && is(channels, height, width))
    return { ...from, value, layout: 'nchw', tokens: 0 };
  return undefined;
}

/** Length of what a Concat has in front of its input `at`. */
const lengthBefore = (graph: Graph, node: Node, at: number, axis: number): number =>
  node.inputs.slice(0, at).reduce((sum, name) => sum + (lengthOf(graph, name, axis) ?? 0), 0);

const lengthOf = (graph: Graph, name: string, axis: number): number | undefined =>
  (graph.types.get(name) ?? graph.constants.get(name))?.dims[axis];

/** Tokens of which those that are no place were cut off. */
function sliced(graph: Graph, node: Node, from: Grid, value: string, dims: readonly number[], axis: number): Grid | undefined {
  if (dims[axis] === from.tokens) return { ...from, value, channels: dims[3 - axis]! };
  const constant = (i: number): Tensor | undefined => graph.constants.get(node.inputs[i] ?? '');
  const [starts, axes] = [constant(1), constant(3)];
  if (!starts || !axes || toIntegers(axes).join() !== String(axis)) return undefined;
  const [start] = toIntegers(starts) as [number];
  const first = start < 0 ? start + from.tokens : start;
  const area = from.height * from.width;
  if (first > from.before || first + dims[axis]! < from.before + area) return undefined;
  return { ...from, value, tokens: dims[axis]!, before: from.before - first };
}

/** Index of element (place, channel) of a grid's value: `base + place * place step + channel * channel step`. */
export function strides({ layout, height, width, channels, tokens, before }: Grid): {
  readonly base: number;
  readonly place: number;
  readonly channel: number;
} {
  switch (layout) {
    case 'nchw':
      return { base: 0, place: 1, channel: height * width };
    case 'nhwc':
      return { base: 0, place: channels, channel: 1 };
    case 'tokens':
      return { base: before * channels, place: channels, channel: 1 };
    case 'channels-first tokens':
      return { base: before, place: 1, channel: tokens };
  }
}

/** Attention between tokens: a value [...,T,T] whose rows are weights of a sum. */
export interface Attention {
  readonly value: string;
  readonly tokens: number;
  /** Heads, and whatever else is in front of the last two axes. */
  readonly heads: number;
  /** What it weighs the rows of. */
  readonly weighs: string;
}

/** Softmaxes over the last axis of [...,T,T] that weigh the rows of a matrix, on paths from `x` to `output`, in the order of the graph. */
export function attentionsOf(graph: Graph, x: string, output: string): Attention[] {
  const path = new Set(between(graph, x, output));
  const readers = readersOf(graph.nodes);
  const maker = makersOf(graph.nodes);
  // Rows that are masked whole are NaN, which exporters replace by 0 before they weigh anything.
  const mends = ({ op, inputs }: Node, value: string): boolean => {
    const asked = maker.get(inputs[0]!);
    return (
      op === 'Where' &&
      asked?.op === 'IsNaN' &&
      asked.inputs[0] === value &&
      inputs[2] === value &&
      graph.constants.has(inputs[1]!)
    );
  };
  const weighed = (softmax: string): string | undefined => {
    const names = new Set([softmax]);
    for (const value of names)
      for (const node of readers.get(value) ?? []) {
        if (node.op === 'MatMul' && node.inputs[0] === value) return node.inputs[1];
        if (/^(?:Reshape|Identity|Cast)$/.test(node.op) ? node.inputs[0] === value : mends(node, value))
          names.add(node.outputs[0]!);
      }
    return undefined;
  };
  return graph.nodes.flatMap((node) => {
    const [value] = node.outputs;
    const dims = graph.types.get(value!)?.dims ?? [];
    const [rows, columns] = dims.slice(-2);
    const axis = (node.attributes['axis']?.value as number | undefined) ?? -1;
    const last = axis === -1 || axis === dims.length - 1;
    if (node.op !== 'Softmax' || !path.has(value!) || !last || dims.length < 3 || rows !== columns || rows! < 2) return [];
    const weighs = weighed(value!);
    return weighs === undefined ? [] : [{ value: value!, tokens: rows!, heads: sizeOf(dims.slice(0, -2)), weighs }];
  });
}

/** The last of `grids` that everything in an attention is made of: its queries and keys as well as what it weighs, of as many channels as `like`. */
export function gridBefore(graph: Graph, { value, weighs }: Attention, grids: readonly Grid[], like: Grid): Grid | undefined {
  const [one, other] = [ancestors(graph, value), ancestors(graph, weighs)];
  return grids.findLast((g) => g.channels === like.channels && one.has(g.value) && other.has(g.value));
}

/** Values that `value` is made of. */
function ancestors(graph: Graph, value: string): Set<string> {
  const found = new Set([value]);
  for (const node of graph.nodes.toReversed())
    if (node.outputs.some((o) => found.has(o))) for (const i of node.inputs) found.add(i);
  return found;
}

/**
 * The tokens that the answer is read from, one by one (a class token, a second one for distillation); undefined: all of them are. Asked of all that reads the
 * last value with a vector for each token.
 */
export function tokensRead(graph: Graph, grids: readonly Grid[]): readonly number[] | undefined {
  const last = grids.findLast((g) => g.layout === 'tokens' && g.tokens > 1);
  const read = last && (readersOf(graph.nodes).get(last.value) ?? []).map((node) => tokenTaken(graph, node, last));
  if (!read || read.length === 0 || read.includes(undefined)) return undefined;
  return [...new Set(read as number[])].sort((a, b) => a - b);
}

/** The one token that a node takes of a grid; undefined where it takes several, or none. */
function tokenTaken(graph: Graph, { op, inputs, outputs, attributes }: Node, from: Grid): number | undefined {
  const indices = graph.constants.get(inputs[1] ?? '');
  const axis = (attributes['axis']?.value as number | undefined) ?? 0;
  const [index] = indices && inputs[0] === from.value ? toIntegers(indices) : [];
  const dims = graph.types.get(outputs[0]!)?.dims ?? [];
  const gathers = op === 'Gather' && axis === 1 && indices && sizeOf(indices.dims) === 1;
  const slices = op === 'Slice' && dims.length === 3 && dims[1] === 1;
  if (!(gathers || slices) || index === undefined) return undefined;
  return index < 0 ? index + from.tokens : index;
}
