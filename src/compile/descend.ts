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

/** A parameter of a step, and what it is moved along. */
export interface Moved {
  readonly name: string;
  /** The output with one element that this one lowers; default: the step's loss. */
  readonly lowers?: string;
  /** Its learning rate as a multiple of the step's; default 1. */
  readonly pace?: number;
}

/**
 * The graph with one step of Adam on its inputs `parameters` (float32), along d(loss)/d(parameter): further inputs are the moments `m:<name>`,
 * `v:<name>` and the scalars SCALE and FLOOR, further outputs `next:<name>`, `next:m:<name>`, `next:v:<name>`. The graph's own outputs are those
 * before the step. Parameters that lower another output are moved afterwards, along its gradient at what was moved before: adversaries take turns within
 * the step, those of the loss first, then the others in the order of their outputs. Throws as `differentiate` does.
 */
export function descentGraph(
  graph: Graph,
  loss: string,
  parameters: readonly Moved[],
  adapters: readonly OpAdapter[],
): { graph: Graph; state: StateNames[] } {
  const turns = turnsOf(loss, parameters);
  const backwardOf = ({ of, names }: Turn): Graph =>
    differentiate(graph, { of, wrt: names.map((name) => ({ name, as: gradientOf(name) })) }, adapters);
  const g = GraphBuilder.from(backwardOf(turns[0]!));
  const scale = g.input(SCALE, 'float32', []);
  const floor = g.input(FLOOR, 'float32', []);
  const moved = new Map<string, string>();
  const states = new Map<string, StateNames>();
  // A graph that is copied in holds the weights of the first once more, under their own names.
  const shared = new Map([...graph.constants.keys()].map((name) => [name, name]));
  for (const [i, turn] of turns.entries()) {
    const feeds = Object.fromEntries(graph.inputs.map(({ name }) => [name, moved.get(name) ?? name]));
    const gradients = i === 0 ? undefined : g.inline(backwardOf(turn), feeds, shared);
    for (const parameter of turn.names) {
      const { type, dims } = g.typeOf(parameter);
      if (type !== 'float32')
        throw new LanError('unsupported', `Parameter '${parameter}' is ${type}; only float32 can be trained.`);
      const [m, v] = [g.input(`m:${parameter}`, 'float32', dims), g.input(`v:${parameter}`, 'float32', dims)];
      const gradient = gradients ? gradients[gradientOf(parameter)]! : gradientOf(parameter);
      // beta * old + (1 - beta) * new
      const mix = (old: string, fresh: string, beta: number): string =>
        g.add(g.mul(old, g.scalar(beta)), g.mul(fresh, g.scalar(1 - beta)));
      const m1 = mix(m, gradient, ADAM.beta1);
      const v1 = mix(v, g.mul(gradient, gradient), ADAM.beta2);
      const { pace = 1 } = parameters.find((p) => p.name === parameter)!;
      const rate = pace === 1 ? scale : g.mul(scale, g.scalar(pace));
      const next = g.sub(parameter, g.div(g.mul(m1, rate), g.add(g.op('Sqrt', [v1]), floor)));
      const names = [`next:${parameter}`, `next:m:${parameter}`, `next:v:${parameter}`] as const;
      const made = [next, m1, v1].map((value, k) => {
        g.types.set(value, { type: 'float32', dims });
        return g.output(value, names[k]);
      });
      moved.set(parameter, made[0]!);
      states.set(parameter, { parameter, dims, now: [parameter, m, v], next: names });
    }
  }
  for (const o of graph.outputs) g.output(o.name);
  return { graph: g.build(), state: parameters.map(({ name }) => states.get(name)!) };
}

/** Parameters that are moved together, and the output that they lower. */
export interface Turn {
  readonly of: string;
  readonly names: readonly string[];
}

/** Who moves when: those of the loss first. */
export function turnsOf(loss: string, parameters: readonly Moved[]): Turn[] {
  const outputs = [...new Set(parameters.map(({ lowers = loss }) => lowers))];
  return outputs
    .sort((a, b) => Number(b === loss) - Number(a === loss))
    .map((of) => ({ of, names: parameters.filter(({ lowers = loss }) => lowers === of).map(({ name }) => name) }));
}
