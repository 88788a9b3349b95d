// Inputs and outputs that are called like what every JavaScript object has ('constructor', '__proto__'): onnxruntime's binding takes the one for the other.
import type { Tensor } from '../core/tensor.js';
import { own } from '../core/own.js';
import { renameNode } from '../onnx/builder.js';
import type { Graph, Model, ValueInfo } from '../onnx/graph.js';
import type { RunInto } from './descent.js';
import type { Program } from './engine.js';

const TAKEN = new Set(Object.getOwnPropertyNames(Object.prototype));
const PREFIX = 'lan:called:';

const inside = (name: string): string => (TAKEN.has(name) ? PREFIX + name : name);
const outside = (name: string): string => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name);

/** Has the graph an input or output of such a name? */
export const hasTakenNames = ({ inputs, outputs }: Graph): boolean => [...inputs, ...outputs].some((v) => TAKEN.has(v.name));

/** The same model with other names in their place; what it computes stays as it is. */
export function withOtherNames(model: Model): Model {
  const { graph } = model;
  const info = (v: ValueInfo): ValueInfo => ({ ...v, name: inside(v.name) });
  const keyed = <T>(table: ReadonlyMap<string, T>): Map<string, T> => new Map([...table].map(([name, v]) => [inside(name), v]));
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(info),
      outputs: graph.outputs.map(info),
      nodes: graph.nodes.map((node) => renameNode(node, inside)),
      constants: keyed(graph.constants),
      types: keyed(graph.types),
    },
  };
}

/** What a program has that goes by names. */
interface Named extends Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly runInto: RunInto;
}

/** The program of such a model, under its own names. */
export function underOwnNames<P extends Named>(program: P): P {
  const keyed = (tensors: Readonly<Record<string, Tensor>>, rename: (name: string) => string): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(tensors).map(([name, t]) => [rename(name), t]));
  const [inputNames, outputNames] = [program.inputNames.map(outside), program.outputNames.map(outside)];
  const fed = (feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
    Object.fromEntries(inputNames.flatMap((name) => (own(feeds, name) ? [[inside(name), own(feeds, name)!]] : [])));
  const runInto: RunInto = async (feeds, wanted, into) =>
    keyed(await program.runInto(fed(feeds), wanted.map(inside), keyed(into, inside)), outside);
  return {
    ...program,
    inputNames,
    outputNames,
    runInto,
    run: (feeds, wanted) => runInto(feeds, wanted ?? outputNames, {}),
  };
}
