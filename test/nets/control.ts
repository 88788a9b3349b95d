// Small models with control flow, built by hand: bodies with names of their own, input x [batch, 4] and one output.
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { bool, float32, int64, type Tensor } from '../../src/core/tensor.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Attribute, Graph, Model, ValueInfo } from '../../src/onnx/graph.js';
import { uniform } from '../ops/case.js';
import { expectAgreement } from './agrees.js';

type Dims = readonly (number | string | null)[];
export const value = (name: string, type: ValueInfo['type'] = 'float32', dims?: Dims): ValueInfo => ({
  name,
  kind: 'tensor',
  type,
  dims,
});
export const scalar = (v: number): Tensor => float32([v], []);
export const whole = (v: number): Tensor => int64([v], []);
export const TRUE = bool([true], []);

let bodies = 0;
/** Names of no other body and no graph: ONNX wants them to differ from those outside. */
function distinctNames(g: GraphBuilder): GraphBuilder {
  const [own, prefix] = [g.fresh.bind(g), `b${++bodies}`];
  g.fresh = (hint) => own(`${prefix}/${hint}`);
  return g;
}

/** A body: `inputs`, and what `make` returns, a value or an input, under names of its own. */
export function body(
  inputs: readonly ValueInfo[],
  make: (g: GraphBuilder, ...names: string[]) => readonly [string, (ValueInfo['type'] | 'sequence')?][],
): Attribute {
  const g = distinctNames(new GraphBuilder('body'));
  for (const i of inputs) {
    g.inputs.push(i);
    g.reserve([i.name]);
  }
  const made = make(g, ...inputs.map((i) => i.name));
  const outputs = made.map(([name, type = 'float32'], i) => {
    const out = g.fresh(`out${i}`);
    g.append('Identity', [name], [out]);
    return type === 'sequence' ? { name: out, kind: 'other' as const } : value(out, type);
  });
  const graph: Graph = { name: 'body', inputs: g.inputs, outputs, nodes: g.nodes, constants: g.constants, types: new Map() };
  return { kind: 'graph', value: graph };
}

/** A model of input x [batch, 4] or as `dims` says, and output `logits`. */
export function model(make: (g: GraphBuilder, x: string) => string, opset = 18, dims: Dims = ['N', 4]): Model {
  const g = new GraphBuilder('control');
  const x = g.input('x', 'float32', dims);
  const y = make(g, x);
  g.append('Identity', [y], ['logits']);
  const graph: Graph = {
    name: 'control',
    inputs: g.inputs,
    outputs: [value('logits', 'float32')],
    nodes: g.nodes,
    constants: g.constants,
    types: new Map(),
  };
  return { irVersion: 8, producer: 'test', opsets: new Map([['', opset]]), metadata: {}, functions: [], graph };
}

/** With three samples where the batch is open. */
export const expectThree = (m: Model): Promise<void> => expectAgreement(m, { x: [3, 4] });

export const compile = (m: Model, dims: readonly number[] = [1, 4]): Promise<Graph> =>
  specialize(canonicalize(decodeModel(encodeModel(m)), adapters), { x: dims }, probe, adapters);
export const opsOf = (graph: Graph): Set<string> => new Set(graph.nodes.map((n) => n.op));

export const dense = (g: GraphBuilder, x: string, draw: number, width = 4): string =>
  g.matMul(x, g.constant(uniform([4, width], draw, -0.8, 0.8)));
export const length = (g: GraphBuilder, x: string, axis: number): string =>
  g.op('Gather', [g.op('Shape', [x]), g.constant(whole(axis))], { axis: 0 });

/** The inputs of a loop's body that carries one float value. */
export const counted = (): ValueInfo[] => {
  const n = ++bodies;
  return [value(`i${n}`, 'int64', []), value(`go${n}`, 'bool', []), value(`v${n}`)];
};
