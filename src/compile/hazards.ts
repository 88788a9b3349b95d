// Where a gradient may be infinite or a value NaN without the result being so: rules that multiply by 0 must then select.
import type { Graph, Node } from '../onnx/graph.js';
import { sizeOf, toNumbers, type Tensor } from '../core/tensor.js';

/** Values by what may come back to them, or what becomes of them. */
export interface Hazards {
  /** Values whose gradient may be infinite or NaN: element by element, an op behind them has an unbounded derivative. */
  readonly steep: ReadonlySet<string>;
  /** Values that an op behind them may leave out (Where) or tests for NaN. */
  readonly replaced: ReadonlySet<string>;
}

/** Ops with an infinite derivative at the end of their domain, or next to a pole. */
const UNBOUNDED = new Set(['Sqrt', 'Log', 'Reciprocal', 'Asin', 'Acos', 'Acosh', 'Atanh']);

/** Ops that mix their elements: one infinite gradient becomes many, of either sign, and no selection before them saves the result. */
const MIXING = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Einsum']);

/** Both in one walk from the outputs. Constants are bounds and divisors that do not move. */
export function hazardsOf(graph: Graph): Hazards {
  const steep = new Set<string>();
  const replaced = new Set<string>();
  for (const node of graph.nodes.toReversed()) {
    const mixes = MIXING.has(node.op);
    const isSteep = unbounded(node, graph) || (!mixes && node.outputs.some((o) => steep.has(o)));
    const isReplaced =
      node.op === 'Where' || node.op === 'IsNaN' || node.op === 'IsInf' || (!mixes && node.outputs.some((o) => replaced.has(o)));
    for (const x of node.inputs) {
      if (x === '' || graph.constants.has(x)) continue;
      if (isSteep) steep.add(x);
      if (isReplaced) replaced.add(x);
    }
  }
  return { steep, replaced };
}

function unbounded({ op, inputs }: Node, graph: Graph): boolean {
  const second = graph.constants.get(inputs[1] ?? '');
  if (op === 'Div') return second === undefined;
  if (op === 'Pow') return second === undefined || !every(second, (e) => e >= 1 || e === 0);
  return UNBOUNDED.has(op);
}

/** Exponents and the like are few; of many nothing is assumed, so that no weight is read for it. */
const every = (t: Tensor, holds: (v: number) => boolean): boolean =>
  sizeOf(t.dims) <= 1024 && Array.from(toNumbers(t)).every(holds);
