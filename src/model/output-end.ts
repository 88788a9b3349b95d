// What a path to an output ends in: the op that makes its numbers, told through nodes that only move them or hardly change them.
import { toFloat32 } from '../core/tensor.js';
import { makersOf, type Graph, type Node } from '../onnx/graph.js';

/** Ops that move or reshape data, and change no number of it. */
export const PASS_THROUGH = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten', 'Transpose']);

/** The nodes that end the path to an output, first to last: the one that computes it, then those that only move its data. */
export function lastNodes(graph: Graph, output: string): Node[] {
  return pathTo(graph, output, (node) => PASS_THROUGH.has(node.op));
}

/** The op that ends the path to an output, through nodes that only move data, or only round a final Softmax or Sigmoid (`probabilitiesEnd`). */
export function lastOp(graph: Graph, output: string): Node | undefined {
  const [first] = probabilitiesEnd(graph, output) ?? lastNodes(graph, output);
  return first && !PASS_THROUGH.has(first.op) ? first : undefined;
}

/** From `output` back to the first node that `passed` does not let through, first to last. */
function pathTo(graph: Graph, output: string, passed: (node: Node) => boolean): Node[] {
  const maker = makersOf(graph.nodes);
  const path: Node[] = [];
  for (let node = maker.get(output); node; node = passed(node) ? maker.get(node.inputs[0] ?? '') : undefined) path.push(node);
  return path.reverse();
}

/** Arithmetic of one value by the constants beside it, as quantisers become in the dialect. */
const ARITHMETIC: Readonly<Record<string, (v: number, constants: readonly number[]) => number>> = {
  Add: (v, [c]) => v + c!,
  Sub: (v, [c]) => v - c!,
  Mul: (v, [c]) => v * c!,
  Div: (v, [c]) => v / c!,
  Clip: (v, [low = -Infinity, high = Infinity]) => Math.min(Math.max(v, low), high),
  Round: (v) => Math.round(v),
  Floor: (v) => Math.floor(v),
};

/** How far a probability may be moved on its way out and still be read as one: more than a step of 8 bits over [-1,1] (1/127), less than what decides. */
const ROUNDED = 0.01;

/**
 * The final Softmax or Sigmoid of a static graph, then the nodes that only move its data, where what else stands between it and the output hardly
 * changes a probability: a quantiser (8 bits: steps of at most 1/127), a clip away from 0 and 1, a cast. Without anything of that kind it is
 * lastNodes; undefined where the path ends in another op, or its arithmetic makes something else of a probability (a scale, a threshold).
 */
export function probabilitiesEnd(graph: Graph, output: string): Node[] | undefined {
  const path = pathTo(graph, output, (n) => PASS_THROUGH.has(n.op) || n.op === 'Cast' || constantsOf(graph, n) !== undefined);
  const [end, ...rest] = path;
  if (end?.op !== 'Softmax' && end?.op !== 'Sigmoid') return undefined;
  const between = rest.filter((n) => !PASS_THROUGH.has(n.op));
  const through = (p: number): number =>
    between.reduce((v, n) => (n.op === 'Cast' ? v : ARITHMETIC[n.op]!(v, constantsOf(graph, n)!)), p);
  for (let i = 0; i <= 256; i++) if (!(Math.abs(through(i / 256) - i / 256) <= ROUNDED)) return undefined;
  return [end, ...rest.filter((n) => PASS_THROUGH.has(n.op))];
}

/** One number a constant input of a node of ARITHMETIC; undefined for another op, and where they are not constant or not one number. */
function constantsOf(graph: Graph, node: Node): number[] | undefined {
  if (!Object.hasOwn(ARITHMETIC, node.op)) return undefined;
  const values: number[] = [];
  for (const name of node.inputs.slice(1)) {
    if (name === '') {
      values.push(node.op === 'Clip' && values.length === 0 ? -Infinity : Infinity);
      continue;
    }
    const constant = graph.constants.get(name);
    if (!constant) return undefined;
    const data = toFloat32(constant);
    if (data.length === 0 || data.some((v) => v !== data[0])) return undefined;
    values.push(data[0]!);
  }
  return values;
}
