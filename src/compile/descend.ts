// A whole training step as one graph: forward, loss, backward and Adam, with the optimiser's state as inputs and outputs.
import type { OpAdapter } from '../../adapters/op.js';
import { ADAM } from '../core/adam.js';
import { LanError } from '../core/errors.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { differentiate, gradientOf } from './differentiate.js';

/** Name of the scalar input of a step that its update m / (sqrt(v) + floor) is multiplied by: `scale` of adamFactors. */
export const SCALE = 'adam:scale';
/** Name of the scalar input that is added to sqrt(v), which keeps the division finite: `floor` of adamFactors. */
export const FLOOR = 'adam:floor';

/** Names of one parameter's state: read under `now`, written under `next`. */
export interface StateNames {
  readonly parameter: string;
  readonly dims: readonly number[];
  readonly now: readonly [parameter: string, m: string, v: string];
  readonly next: readonly [parameter: string, m: string, v: string];
}

/**
 * The graph with one step of Adam on its inputs `parameters` (float32), along d(loss)/d(parameter): further inputs are the moments `m:<name>`,
 * `v:<name>` and the scalars SCALE and FLOOR, further outputs `next:<name>`, `next:m:<name>`, `next:v:<name>`. The graph's own outputs are those
 * before the step. Throws as `differentiate` does.
 */
export function descentGraph(
  graph: Graph,
  loss: string,
  parameters: readonly string[],
  adapters: readonly OpAdapter[],
): { graph: Graph; state: StateNames[] } {
  const backward = differentiate(graph, { of: loss, wrt: parameters.map((name) => ({ name, as: gradientOf(name) })) }, adapters);
  const g = GraphBuilder.from(backward);
  const scale = g.input(SCALE, 'float32', []);
  const floor = g.input(FLOOR, 'float32', []);
  const state = parameters.map((parameter): StateNames => {
    const { type, dims } = g.typeOf(parameter);
    if (type !== 'float32')
      throw new LanError('unsupported', `Parameter '${parameter}' is ${type}; only float32 can be trained.`);
    const [m, v] = [g.input(`m:${parameter}`, 'float32', dims), g.input(`v:${parameter}`, 'float32', dims)];
    const gradient = gradientOf(parameter);
    // beta * old + (1 - beta) * new
    const mix = (old: string, fresh: string, beta: number): string =>
      g.add(g.mul(old, g.scalar(beta)), g.mul(fresh, g.scalar(1 - beta)));
    const m1 = mix(m, gradient, ADAM.beta1);
    const v1 = mix(v, g.mul(gradient, gradient), ADAM.beta2);
    const moved = g.sub(parameter, g.div(g.mul(m1, scale), g.add(g.op('Sqrt', [v1]), floor)));
    const next = [`next:${parameter}`, `next:m:${parameter}`, `next:v:${parameter}`] as const;
    [moved, m1, v1].forEach((value, i) => {
      g.types.set(value, { type: 'float32', dims });
      g.output(value, next[i]);
    });
    return { parameter, dims, now: [parameter, m, v], next };
  });
  for (const o of graph.outputs) g.output(o.name);
  return { graph: g.build(), state };
}
