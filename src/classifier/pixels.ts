// From pixels to log-probabilities as one graph: preprocessing, the model, and its last softmax made numerically safe for gradients.
import type { Tensor } from '../core/tensor.js';
import { float32, sizeOf, toFloat32 } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph, Node } from '../onnx/graph.js';
import type { InputCard, OutputKind } from './card.js';

/** Input and output names of the composed graph. */
export const X = 'x';
export const LOG_P = 'log_probabilities';

/**
 * preprocessing o model: one input `x` (float32, [N,C,H,W] RGB in 0..range for a picture, else the model's own input), the model's `outputs`
 * as the only outputs. `card` undefined: the input goes in as it is, or reshaped to `as`. Other model inputs keep their names.
 */
export function withPreprocessing(
  model: Graph,
  input: string,
  outputs: readonly string[],
  dims: readonly number[],
  card: InputCard | undefined,
  as: readonly number[] = dims,
): Graph {
  const g = new GraphBuilder(model.name);
  const x = g.input(X, 'float32', dims);
  const fed = card ? preprocess(g, x, card) : as === dims ? x : g.reshape(x, as);
  const made = g.inline(model, { [input]: fed });
  for (const output of outputs) g.output(made[output]!, output);
  return g.build();
}

function preprocess(g: GraphBuilder, x: string, card: InputCard): string {
  let value = x;
  if (card.channels === 'BGR') value = g.op('Gather', [value, g.ints([2, 1, 0])], { axis: 1 });
  const perChannel = (v: readonly number[]): string => g.constant(float32(v, [1, v.length, 1, 1]));
  if (card.mean.some((m) => m !== 0)) value = g.sub(value, perChannel(card.mean));
  if (card.std.some((s) => s !== 1)) value = g.mul(value, perChannel(card.std.map((s) => 1 / s)));
  return card.layout === 'NHWC' ? g.transpose(value, [0, 2, 3, 1]) : value;
}

/**
 * The same preprocessing outside a graph, for runs of the untouched model: x [N,C,H,W] to the model's input. uint8 pixels (0..255, whatever the
 * card's range) are scaled and normalised in one go.
 */
export function preprocessTensor(x: Tensor, card: InputCard | undefined, into?: Float32Array): Tensor {
  if (!card) return x.type === 'uint8' ? float32(toFloat32(x), x.dims) : x;
  const [n, c, h, w] = x.dims as [number, number, number, number];
  const area = h * w;
  const out = into?.length === n * c * area ? into : new Float32Array(n * c * area);
  const bytes = x.type === 'uint8' ? (x.data as Uint8Array) : undefined;
  const floats = bytes ? undefined : toFloat32(x);
  const dims = card.layout === 'NCHW' ? [n, c, h, w] : [n, h, w, c];
  const unchanged =
    card.mean.every((m) => m === 0) &&
    card.std.every((s) => s === 1) &&
    (!bytes || card.range === 255) &&
    card.channels !== 'BGR';
  if (unchanged && card.layout === 'NCHW') {
    out.set(bytes ?? floats!);
    return float32(out, dims);
  }
  const step = card.layout === 'NCHW' ? 1 : c;
  for (let k = 0; k < c; k++) {
    const mean = card.mean[k % card.mean.length]!;
    const scale = 1 / card.std[k % card.std.length]!;
    // A byte has 256 values: they are normalised once, and looked up.
    const table = bytes && Float32Array.from({ length: 256 }, (_, v) => ((v * card.range) / 255 - mean) * scale);
    for (let i = 0; i < n; i++) {
      const from = (i * c + (card.channels === 'BGR' ? c - 1 - k : k)) * area;
      const to = step === 1 ? (i * c + k) * area : i * area * c + k;
      if (table) lookUp(out, to, step, bytes!, from, area, table);
      else shift(out, to, step, floats!, from, area, mean, scale);
    }
  }
  return float32(out, dims);
}

// Two loops, each over arrays of one type: one loop over either takes three times as long.
function lookUp(
  out: Float32Array,
  to: number,
  step: number,
  from: Uint8Array,
  at: number,
  count: number,
  table: Float32Array,
): void {
  for (let end = at + count; at < end; at++, to += step) out[to] = table[from[at]!]!;
}

function shift(
  out: Float32Array,
  to: number,
  step: number,
  from: Float32Array,
  at: number,
  count: number,
  mean: number,
  scale: number,
): void {
  for (let end = at + count; at < end; at++, to += step) out[to] = (from[at]! - mean) * scale;
}

const PASS_THROUGH = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten', 'Transpose']);

/** The nodes that end the path to an output, first to last: the one that computes it, then those that only move its data. */
function lastNodes(graph: Graph, output: string): Node[] {
  const path: Node[] = [];
  let node = graph.nodes.find((n) => n.outputs.includes(output));
  while (node) {
    path.unshift(node);
    if (!PASS_THROUGH.has(node.op)) break;
    const source = node.inputs[0]!;
    node = graph.nodes.find((n) => n.outputs.includes(source));
  }
  return path;
}

/** The op that ends the path to an output, through nodes that only move data. */
export function lastOp(graph: Graph, output: string): Node | undefined {
  const first = lastNodes(graph, output)[0];
  return first && !PASS_THROUGH.has(first.op) ? first : undefined;
}

/** What the output most likely is, by its last op. */
export function guessOutputKind(graph: Graph, output: string): OutputKind {
  const op = lastOp(graph, output)?.op;
  return op === 'Softmax' ? 'probabilities' : op === 'LogSoftmax' ? 'log-probabilities' : op === 'Sigmoid' ? 'sigmoid' : 'logits';
}

/** The static graph with one output `log_probabilities` [N,K] ('sigmoid' outputs: [N,2K]), as `appendLogProbabilities` makes it. */
export function withLogProbabilities(graph: Graph, output: string, kind: OutputKind): Graph {
  const g = GraphBuilder.from(graph);
  g.output(appendLogProbabilities(g, graph, output, kind), LOG_P);
  return g.build();
}

/**
 * Appends the logarithms [N,K] of the probabilities that the static `graph`, which `g` goes on from, gives as `output`; returns their name. They
 * are computed beside the output, which stays: from a final Softmax's input by LogSoftmax, and from a final Sigmoid's logits, since
 * log(softmax(z)) underflows and loses its gradient. 'sigmoid' outputs give [N,2K]: log p, then log(1-p), so that cross-entropy is the sum of
 * the K binary ones.
 */
export function appendLogProbabilities(g: GraphBuilder, graph: Graph, output: string, kind: OutputKind): string {
  const [last, ...moves] = lastNodes(graph, output);
  const exact = (kind === 'probabilities' && last?.op === 'Softmax') || (kind === 'sigmoid' && last?.op === 'Sigmoid');
  let value = output;
  if (exact) {
    value = kind === 'sigmoid' ? last!.inputs[0]! : g.op('LogSoftmax', [last!.inputs[0]!], last!.attributes);
    g.types.set(value, g.typeOf(last!.outputs[0]!));
    // What moves the output's data moves the logarithms (or logits) in the same way.
    for (const move of moves) {
      value = g.op(move.op, [value, ...move.inputs.slice(1)], move.attributes);
      g.types.set(value, g.typeOf(move.outputs[0]!));
    }
  }
  const dims = g.typeOf(output).dims;
  const batch = dims[0] ?? 1;
  const flat = dims.length === 2 ? value : g.reshape(value, [batch, sizeOf(dims) / batch]);
  const tiny = g.scalar(1e-30);
  const logOf = (p: string): string => g.op('Log', [g.op('Clip', [p, tiny])]);
  let result: string;
  if (kind === 'logits') result = g.op('LogSoftmax', [flat], { axis: 1 });
  else if (kind === 'log-probabilities' || (kind === 'probabilities' && exact)) result = flat;
  else if (kind === 'probabilities') result = logOf(flat);
  else if (exact) result = g.op('Concat', [g.neg(g.op('Softplus', [g.neg(flat)])), g.neg(g.op('Softplus', [flat]))], { axis: 1 });
  else result = g.op('Concat', [logOf(flat), logOf(g.sub(g.one, flat))], { axis: 1 });
  g.types.set(result, { type: 'float32', dims: [batch, (sizeOf(dims) / batch) * (kind === 'sigmoid' ? 2 : 1)] });
  return result;
}

/** Model output to probabilities [N,K] of the classes, in plain JavaScript. */
export function toProbabilities(output: Tensor, kind: OutputKind): Tensor {
  const n = output.dims[0] ?? 1;
  const k = sizeOf(output.dims) / n;
  const data = Float32Array.from(toFloat32(output));
  if (kind === 'log-probabilities') for (let i = 0; i < data.length; i++) data[i] = Math.exp(data[i]!);
  if (kind === 'logits') {
    for (let i = 0; i < n; i++) {
      const row = data.subarray(i * k, (i + 1) * k);
      const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
      let sum = 0;
      for (let j = 0; j < k; j++) sum += row[j] = Math.exp(row[j]! - top);
      for (let j = 0; j < k; j++) row[j]! /= sum;
    }
  }
  return float32(data, [n, k]);
}
