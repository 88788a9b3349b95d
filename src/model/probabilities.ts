// From a model's output to class probabilities: what the output is, and log-probabilities that do not underflow.
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { lastNodes, lastOp, probabilitiesEnd } from './output-end.js';
import { isOfLabels, type OutputKind, type ReadAs } from './output-kind.js';

/** Name of the output that withLogProbabilities adds. */
export const LOG_P = 'log_probabilities';

/** What the output most likely is, by the op that it ends in (`lastOp`). */
export function guessOutputKind(graph: Graph, output: string): OutputKind {
  const op = lastOp(graph, output)?.op;
  return op === 'Softmax' ? 'probabilities' : op === 'LogSoftmax' ? 'log-probabilities' : op === 'Sigmoid' ? 'sigmoid' : 'logits';
}

/** The static graph with one output `log_probabilities` [N,K] (of labels: [N,2K]), as `appendLogProbabilities` makes it. */
export function withLogProbabilities(graph: Graph, output: string, kind: ReadAs, batch?: number): Graph {
  const g = GraphBuilder.from(graph);
  g.output(appendLogProbabilities(g, graph, output, kind, batch), LOG_P);
  return g.build();
}

/**
 * Appends the logarithms [N,K] of the probabilities that the static `graph`, which `g` goes on from, gives as `output`; returns their name. They
 * are computed beside the output, which stays: from a final Softmax's input by LogSoftmax, and from a final Sigmoid's logits, since
 * log(softmax(z)) underflows and loses its gradient. Labels (`isOfLabels`) give [N,2K]: log p, then log(1-p), so that cross-entropy is the sum of
 * the K binary ones. A 'value' is handed on as it is. `batch`: N, where the output's first axis is none.
 */
export function appendLogProbabilities(
  g: GraphBuilder,
  graph: Graph,
  output: string,
  kind: ReadAs,
  batch: number = g.typeOf(output).dims[0] ?? 1,
): string {
  // What is rounded behind a final Softmax or Sigmoid is left out: a probability that is rounded to 0 has lost its logarithm and its gradient.
  const [last, ...moves] = probabilitiesEnd(graph, output) ?? lastNodes(graph, output);
  const exact = (kind === 'probabilities' && last?.op === 'Softmax') || (kind === 'sigmoid' && last?.op === 'Sigmoid');
  let value = output;
  if (exact) {
    value = kind === 'sigmoid' ? last.inputs[0]! : g.op('LogSoftmax', [last.inputs[0]!], last.attributes);
    g.types.set(value, g.typeOf(last.outputs[0]!));
    // What moves the output's data moves the logarithms (or logits) in the same way.
    for (const move of moves) {
      value = g.op(move.op, [value, ...move.inputs.slice(1)], move.attributes);
      g.types.set(value, g.typeOf(move.outputs[0]!));
    }
  }
  const dims = g.typeOf(output).dims;
  const k = sizeOf(dims) / batch;
  const flat = dims.length === 2 && dims[0] === batch ? value : g.reshape(value, [batch, k]);
  const tiny = g.scalar(1e-30);
  const logOf = (p: string): string => g.op('Log', [g.op('Clip', [p, tiny])]);
  const pair = (first: string, second: string): string => g.op('Concat', [first, second], { axis: 1 });
  /** log p and log(1 - p) of the logits, and of probabilities. */
  const [yes, no] =
    exact || kind === 'logits' || kind === 'sigmoid-logits'
      ? [(): string => g.neg(g.op('Softplus', [g.neg(flat)])), (): string => g.neg(g.op('Softplus', [flat]))]
      : [(): string => logOf(flat), (): string => logOf(g.sub(g.one, flat))];
  let result: string;
  if (kind === 'value') result = flat;
  else if (isBinary(k, kind)) result = pair(no(), yes());
  else if (kind === 'logits') result = g.op('LogSoftmax', [flat], { axis: 1 });
  else if (kind === 'log-probabilities' || (kind === 'probabilities' && exact)) result = flat;
  else if (kind === 'probabilities') result = logOf(flat);
  else result = pair(yes(), no());
  g.types.set(result, { type: 'float32', dims: [batch, k * (isOfLabels(kind) || isBinary(k, kind) ? 2 : 1)] });
  return result;
}

/**
 * One number a sample that is a logit, or ends in a Sigmoid, stands for two classes: no (0) and yes (1). Softmax of one number is 1 whatever the
 * number.
 */
export const isBinary = (outputs: number, kind: ReadAs): boolean => outputs === 1 && (kind === 'logits' || isOfLabels(kind));

/** Model output to probabilities [N,K] of the classes, in plain JavaScript; [N,2] where it is binary; a 'value' as it is. */
export function toProbabilities(output: Tensor, kind: ReadAs): Tensor {
  const n = output.dims[0] ?? 1;
  const k = sizeOf(output.dims) / n;
  const data = Float32Array.from(toFloat32(output));
  if (kind === 'sigmoid-logits' || (kind === 'logits' && k === 1)) data.forEach((z, i) => (data[i] = 1 / (1 + Math.exp(-z))));
  if (isBinary(k, kind))
    return float32(
      Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? data[i >> 1]! : 1 - data[i >> 1]!)),
      [n, 2],
    );
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
