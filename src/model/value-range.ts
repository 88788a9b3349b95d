// Between which numbers an output stays, told by its last nodes: values of 0 to 1 are no logits, whatever op ends in them.
import { toFloat32, type Tensor } from '../core/tensor.js';
import { makersOf, type Graph, type Node } from '../onnx/graph.js';

/** `squashed`: by an op that maps all numbers into the range smoothly (Sigmoid, Tanh, Exp), not only by cutting them off. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
  readonly squashed: boolean;
}

const ANY: ValueRange = { low: -Infinity, high: Infinity, squashed: false };

/** Ops whose output lies in a range of their own. */
const SQUASHES: Readonly<Record<string, readonly [number, number]>> = {
  Sigmoid: [0, 1],
  HardSigmoid: [0, 1],
  Softmax: [0, 1],
  Hardmax: [0, 1],
  Tanh: [-1, 1],
  Erf: [-1, 1],
  Softsign: [-1, 1],
};
/** Ops whose every output element is one of their first input's, or a mean of them. */
const KEEPS = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Cast', 'Slice', 'Gather', 'Expand', 'Tile', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'GlobalAveragePool', 'GlobalMaxPool', 'MaxPool']); // prettier-ignore
/** Nodes looked at in a row; what squashes an output is close to its end. */
const DEEPEST = 24;

/** The range of a value of a static graph, as far as its nodes tell; without bounds where they do not. */
export function rangeOf(graph: Graph, value: string): ValueRange {
  const maker = makersOf(graph.nodes);
  const near = new Set([value]);
  let edge = [value];
  for (let depth = 0; depth < DEEPEST; depth++) {
    edge = edge.flatMap((name) => maker.get(name)?.inputs ?? []).filter((name) => !near.has(name) && near.add(name));
  }
  const known = new Map<string, ValueRange>();
  const of = (name = ''): ValueRange => known.get(name) ?? ofConstant(graph.constants.get(name)) ?? ANY;
  // In the order of the graph, in which what a node reads comes before it; each once, whatever number of paths leads to it.
  for (const node of graph.nodes)
    for (const name of node.outputs)
      if (near.has(name))
        known.set(
          name,
          ofNode(node, (i) => of(node.inputs[i])),
        );
  return of(value);
}

// Not Math.min(...values): a Concat may have more inputs than a call takes arguments.
function extreme(of: (a: number, b: number) => number, values: ArrayLike<number>): number {
  let found = values[0]!;
  for (let i = 1; i < values.length; i++) found = of(found, values[i]!);
  return found;
}

function ofConstant(constant: Tensor | undefined): ValueRange | undefined {
  const values = constant && toFloat32(constant);
  if (!values || values.length === 0 || values.length >= 2 ** 16) return undefined;
  return { low: extreme(Math.min, values), high: extreme(Math.max, values), squashed: false };
}

function ofNode(node: Node, input: (index: number) => ValueRange): ValueRange {
  const squash = SQUASHES[node.op];
  if (squash && node.domain === '') return { low: squash[0], high: squash[1], squashed: true };
  if (KEEPS.has(node.op)) return input(0);
  const all = (): ValueRange[] => node.inputs.map((_, i) => input(i));
  const spanning = (ranges: readonly ValueRange[], ends: readonly number[]): ValueRange =>
    ends.some((e) => Number.isNaN(e))
      ? ANY
      : { low: extreme(Math.min, ends), high: extreme(Math.max, ends), squashed: ranges.some((r) => r.squashed) };
  const paired = (f: (a: number, b: number) => number): ValueRange => {
    const [a, b] = [input(0), input(1)];
    return spanning([a, b], [f(a.low, b.low), f(a.low, b.high), f(a.high, b.low), f(a.high, b.high)]); // prettier-ignore
  };
  /** Of a function that grows with its input. */
  const rising = (f: (v: number) => number, squashed = input(0).squashed): ValueRange => {
    const { low, high } = input(0);
    return { ...spanning([input(0)], [f(low), f(high)]), squashed };
  };
  switch (node.op) {
    // What is written out in steps (1 / (1 + exp(-z)), log of a Sigmoid) is known by the ranges of its steps.
    case 'Exp':
      return rising(Math.exp, true);
    case 'Softplus':
      return rising((v) => (v > 30 ? v : Math.log1p(Math.exp(v))), true);
    case 'Log':
      return rising((v) => Math.log(Math.max(0, v)));
    case 'Sqrt':
      return rising((v) => Math.sqrt(Math.max(0, v)));
    case 'Abs':
      return { ...ANY, low: 0, high: Math.max(Math.abs(input(0).low), Math.abs(input(0).high)) };
    case 'Reciprocal':
      return input(0).low >= 0 ? spanning([input(0)], [1 / input(0).high, 1 / Math.max(0, input(0).low)]) : ANY;
    case 'Concat':
      return spanning(all(), all().flatMap((r) => [r.low, r.high])); // prettier-ignore
    case 'Add':
      return paired((a, b) => a + b);
    case 'Sub':
      return paired((a, b) => a - b);
    case 'Mul':
      return paired((a, b) => a * b);
    case 'Div':
      return input(1).low > 0 || input(1).high < 0 ? paired((a, b) => a / b) : ANY;
    case 'Neg':
      return spanning([input(0)], [-input(0).high, -input(0).low]);
    case 'Relu':
      return { ...input(0), low: Math.max(0, input(0).low), high: Math.max(0, input(0).high) };
    case 'Clip': {
      const [x, least, most] = [input(0), input(1).low, input(2).high];
      return { ...x, low: Math.max(x.low, least), high: Math.min(x.high, most) };
    }
    default:
      return ANY;
  }
}

/** Has the value one sign only, whatever the input? */
export const isOneSided = ({ low, high }: ValueRange): boolean => low >= 0 || high <= 0;

/** Does the value stay in 0..1? */
export const isFraction = ({ low, high }: ValueRange): boolean => low >= 0 && high <= 1;
