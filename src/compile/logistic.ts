// What exporters write out with 1 + exp(u) (a logistic, a quotient by it as in SiLU, a softplus) is differentiated as one function of u.
import { toFloat32 } from '../core/tensor.js';
import type { GraphBuilder } from '../onnx/builder.js';
import { makersOf, type Graph, type Node } from '../onnx/graph.js';

/** `logistic`: y = 1 / (1 + exp(u)). `quotient`: y = over / (1 + exp(u)). `softplus`: y = log(1 + exp(u)). */
export interface WrittenOut {
  readonly form: 'logistic' | 'quotient' | 'softplus';
  readonly u: string;
  /** 1 + exp(u). */
  readonly below: string;
  /** What is divided in a quotient, of the shape of u. */
  readonly over?: string;
}

/**
 * The nodes of a static graph that end such a form. Step by step the gradient of 1 / (1 + exp(u)) is exp(u) times the square of y: infinity times 0 where
 * exp(u) is too large for a float32, and without digits long before. As one function it is -y (1 - y), which is bounded; 1 - y is exp(u) y where y is near 1. y itself is computed as the
 * file has it: onnxruntime's Sigmoid is no stand-in, since it gives 1.5e-8 for whatever is less.
 */
export function logistics(graph: Graph): Map<Node, WrittenOut> {
  const makers = makersOf(graph.nodes.filter((n) => n.domain === ''));
  const isOne = (name: string | undefined): boolean => {
    const value = graph.constants.get(name ?? '');
    return value?.type === 'float32' && value.data.length <= MOST_ONES && toFloat32(value).every((v) => v === 1);
  };
  const dims = (name: string | undefined): string | undefined => graph.types.get(name ?? '')?.dims.join();
  const found = new Map<Node, WrittenOut>();
  for (const node of makers.values()) {
    const form = node.op === 'Log' ? 'softplus' : node.op === 'Reciprocal' ? 'logistic' : 'quotient';
    if (form === 'quotient' && node.op !== 'Div') continue;
    const below = node.inputs[form === 'quotient' ? 1 : 0]!;
    const sum = makers.get(below);
    if (sum?.op !== 'Add') continue;
    const [a, b] = sum.inputs as [string, string];
    const power = makers.get(isOne(a) ? b : isOne(b) ? a : '');
    if (power?.op !== 'Exp') continue;
    const u = power.inputs[0]!;
    const y = node.outputs[0]!;
    // Ones of more axes would repeat u, whose gradient is then a sum.
    if (graph.constants.has(u) || graph.types.get(y)?.type !== 'float32' || dims(u) !== dims(y)) continue;
    if (form !== 'quotient') found.set(node, { form, u, below });
    else if (isOne(node.inputs[0])) found.set(node, { form: 'logistic', u, below });
    else if (dims(node.inputs[0]) === dims(y)) found.set(node, { form, u, below, over: node.inputs[0]! });
  }
  return found;
}

/** A constant of ones is a number, or as long as what it is added to; none is looked through that is longer. */
const MOST_ONES = 2 ** 16;

/** Gradients of such a form by its inputs, of their shape: by u, and in a quotient by what is divided. `dy`, `y`: of the node's output. */
export function logisticGradients(
  g: GraphBuilder,
  written: WrittenOut,
  dy: string,
  y: string,
): [value: string, gradient: string][] {
  const { form, u, below, over } = written;
  const part = form === 'logistic' ? y : g.op('Reciprocal', [below]);
  // exp(u) times what is left of it, where 1 - part has no digits.
  const rest = g.where(g.op('Less', [part, g.scalar(0.5)]), g.sub(g.one, part), g.mul(g.op('Exp', [u]), part));
  if (form === 'softplus') return [[u, g.mul(dy, rest)]];
  const byU: [string, string] = [u, g.neg(g.mul(dy, g.mul(y, rest)))];
  return over === undefined ? [byU] : [byU, [over, g.mul(dy, part)]];
}
