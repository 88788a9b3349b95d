// The graph of a tfjs-layers model, layer by layer.
import { LanError, LanErrors } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { Settings } from './config.js';
import type { LayerRule } from './layer.js';
import { ACTIVATIONS, activationOf, isActivation } from './layers/activations.js';
import { CONVOLUTIONS } from './layers/convolutions.js';
import { MERGING } from './layers/merging.js';
import { NORMALISATION } from './layers/normalisation.js';
import { POOLING } from './layers/pooling.js';
import { SHAPES } from './layers/shapes.js';
import type { Layer, Network, Ref } from './topology.js';
import { checkSize, inOrder, type Value } from './value.js';

const RULES: Readonly<Record<string, LayerRule>> = { ...ACTIVATIONS, ...CONVOLUTIONS, ...POOLING, ...SHAPES, ...MERGING, ...NORMALISATION }; // prettier-ignore
const INPUT = 'InputLayer';

/** Class names of every layer that is imported, models and inputs aside, in order. */
export const LAYERS: readonly string[] = Object.keys(RULES).sort();

/** A model of layers as a graph. */
export interface ImportedGraph {
  /** Inputs and outputs are named as their layers, with axes as Keras has them. */
  readonly graph: Graph;
  readonly notes: readonly string[];
  /** What the first output's last layer makes of its values: `softmax`, `sigmoid`, `linear` ...; undefined where it has no activation. */
  readonly lastActivation: string | undefined;
}

/**
 * The graph of a network with its weights, in float32. `weights` by the names of the manifest; each is used, and none is left. Open sizes of inputs (but the batch)
 * are bound by `sizes`, height and width. Throws LanErrors (`unsupported`) that name every unknown layer at once, and LanError (`unsupported`, `model`,
 * `shape`, `memory`) of a layer with settings, weights or inputs that do not fit.
 */
export function kerasGraph(
  network: Network,
  weights: ReadonlyMap<string, Tensor>,
  where: string,
  size?: readonly [number, number],
): ImportedGraph {
  // prettier-ignore
  refuseUnknown(network, where);
  const g = new GraphBuilder('tfjs-layers');
  const store = new WeightStore(weights, where);
  const notes: string[] = [];
  const walk = new Walk(g, store, notes, where);
  const fed = network.inputs.map((ref) => inputOf(g, network.layers.get(ref.layer), ref, where, size));
  const outputs = walk.through(network, fed, '');
  store.refuseLeft();
  const [last] = network.outputs;
  network.outputs.forEach(({ layer }, i) => {
    const value = inOrder(g, outputs[i]!);
    g.output(value.name, layer, { type: 'float32', dims: ['N', ...value.dims] });
  });
  return { graph: g.build(), notes, lastActivation: lastActivation(network, last!) };
}

/** What tells a problem from one that was met before. */
function refuseUnknown(network: Network, where: string): void {
  const problems = new Map<string, string[]>();
  const visit = ({ layers }: Network): void => {
    for (const { name, className, network: inner, config } of layers.values()) {
      if (inner) visit(inner);
      else if (className !== INPUT && !Object.hasOwn(RULES, className)) add(`${className.slice(0, 60)} is not known`, name);
      else if (!isActivation(activationOf(config['activation']))) add(`the activation ${JSON.stringify(config['activation']).slice(0, 60)} is not known`, name); // prettier-ignore
    }
  };
  const add = (problem: string, name: string): void => void problems.set(problem, [...(problems.get(problem) ?? []), name]);
  visit(network);
  if (problems.size === 0) return;
  const shown = ([problem, [name, ...more]]: [string, string[]]): string => `${problem} (layer '${name!.slice(0, 60)}'${more.length > 0 ? ` and ${more.length} more` : ''})`; // prettier-ignore
  throw new LanErrors('unsupported', `${where}: has layers that are not imported:`, [...problems].map(shown), `Known are: ${LAYERS.join(', ')}.`); // prettier-ignore
}

function inputOf(g: GraphBuilder, layer: Layer | undefined, ref: Ref, where: string, size?: readonly [number, number]): Value {
  if (layer?.className !== INPUT) throw new LanError('model', `${where}: its input '${ref.layer}' is no input layer.`);
  const { config, name } = layer;
  const shape = config['batch_input_shape'];
  if (!Array.isArray(shape) || shape.length < 2 || shape.length > 8)
    throw new LanError('shape', `${where}: input '${name}' does not say its shape (batch_input_shape).`);
  const dtype = config['dtype'] ?? 'float32';
  if (dtype !== 'float32') throw new LanError('unsupported', `${where}: input '${name}' is ${JSON.stringify(dtype).slice(0, 40)}, and only float32 is imported.`); // prettier-ignore
  const given = shape.slice(1) as unknown[];
  const open = given.flatMap((d, i) => (d === null || d === -1 ? [i] : []));
  const isPicture = given.length === 3 && open.every((i) => i < 2);
  if (open.length > 0 && !(isPicture && size))
    throw new LanError('shape', `${where}: input '${name}' leaves sizes open: [${given.map((d) => (typeof d === 'number' ? d : '?')).join(', ')}].`, isPicture ? 'Give its height and width with `size`.' : undefined); // prettier-ignore
  const dims = given.map((d, i) => (open.includes(i) ? size![i]! : d)) as number[];
  if (!dims.every((d) => Number.isSafeInteger(d) && d > 0))
    throw new LanError('shape', `${where}: input '${name}' has sizes that are none: ${JSON.stringify(given).slice(0, 100)}.`);
  checkSize(dims, `${where}: input '${name}'`);
  return { name: g.input(name, 'float32', ['N', ...dims]), dims, moved: false };
}

/** Weights by layer, and which of them were taken. */
class WeightStore {
  private readonly byLayer = new Map<string, string[]>();
  private readonly left: Set<string>;

  constructor(
    private readonly weights: ReadonlyMap<string, Tensor>,
    private readonly where: string,
  ) {
    this.left = new Set(weights.keys());
    // `conv/kernel`; within models `model/conv/kernel`, and of Keras' cells `layer/cell/kernel`, which tfjs-layers shortens, too.
    for (const name of weights.keys()) {
      const parts = name.split('/');
      const keys = new Set([name, parts.slice(-2).join('/'), [...parts.slice(0, -2), ...parts.slice(-1)].join('/')]);
      for (const key of keys) this.byLayer.set(key, [...(this.byLayer.get(key) ?? []), name]);
    }
  }

  /** The weight of a layer; its own name counts before names that end in it. */
  take(layer: string, weight: string, dims: readonly number[], label: string): Tensor {
    const key = `${layer}/${weight}`;
    const names = this.weights.has(key) ? [key] : (this.byLayer.get(key) ?? []);
    if (names.length === 0) throw new LanError('model', `${this.where}: the weight '${weight}' of ${label.toLowerCase().slice(0, 1)}${label.slice(1)} is not there.`); // prettier-ignore
    if (names.length > 1) throw new LanError('model', `${this.where}: the weight '${weight}' of ${label.toLowerCase().slice(0, 1)}${label.slice(1)} may be '${names[0]!}' or '${names[1]!}'.`); // prettier-ignore
    const tensor = this.weights.get(names[0]!)!;
    if (tensor.dims.join() !== dims.join())
      throw new LanError(
        'model',
        `${label}: its weight '${names[0]!}' is [${tensor.dims.join(', ')}], expected [${dims.join(', ')}].`,
      );
    this.left.delete(names[0]!);
    return tensor;
  }

  /** Throws where weights are left that no layer took: something was misread. */
  refuseLeft(): void {
    if (this.left.size === 0) return;
    const [first] = this.left;
    throw new LanError('model', `${this.where}: no layer takes the weight '${first!.slice(0, 100)}'${this.left.size > 1 ? ` and ${this.left.size - 1} more` : ''}.`); // prettier-ignore
  }
}

/** Uses of layers, models within models unfolded. */
const MAX_APPLIED = 100_000;

class Walk {
  private applied = 0;

  constructor(
    private readonly g: GraphBuilder,
    private readonly weights: WeightStore,
    private readonly notes: string[],
    private readonly where: string,
  ) {}

  /** The outputs of a network that is applied to `fed`. `path`: names of the models around it, for names in the graph. */
  through(network: Network, fed: readonly Value[], path: string): Value[] {
    const done = new Map<string, Value[]>();
    const key = ({ layer, node }: Ref): string => `${node} ${layer}`;
    network.inputs.forEach((ref, i) => done.set(key(ref), [fed[i]!]));
    const find = (ref: Ref): Layer => {
      const layer = network.layers.get(ref.layer);
      const use = layer?.uses[ref.node];
      if (!layer || !use)
        throw new LanError('model', `${this.where}: reads '${ref.layer.slice(0, 100)}' (use ${ref.node}), which is not there.`);
      if (use.length === 0) throw new LanError('model', `${this.where}: layer '${ref.layer.slice(0, 100)}' is applied to nothing, and is no input.`); // prettier-ignore
      return layer;
    };
    // An explicit stack: a hostile file may chain a hundred thousand layers.
    const open = new Set<string>();
    for (const root of network.outputs) {
      const stack: Ref[] = [root];
      for (let ref = stack.at(-1); ref; ref = stack.at(-1)) {
        if (done.has(key(ref))) {
          stack.pop();
          continue;
        }
        const layer = find(ref);
        const reads = layer.uses[ref.node]!;
        const next = reads.find((r) => !done.has(key(r)));
        if (next) {
          open.add(key(ref));
          if (open.has(key(next))) throw new LanError('model', `${this.where}: layer '${next.layer.slice(0, 100)}' reads its own output, by way of '${ref.layer.slice(0, 100)}'.`); // prettier-ignore
          stack.push(next);
          continue;
        }
        done.set(key(ref), this.apply(layer, reads.map((r) => this.picked(done.get(key(r))!, r)), path)); // prettier-ignore
        open.delete(key(ref));
        stack.pop();
      }
    }
    return network.outputs.map((ref) => this.picked(done.get(key(ref))!, ref));
  }

  private picked(values: readonly Value[], { layer, tensor }: Ref): Value {
    const value = values[tensor];
    if (!value)
      throw new LanError(
        'model',
        `${this.where}: reads output ${tensor} of '${layer.slice(0, 100)}', which has ${values.length}.`,
      );
    return value;
  }

  private apply(layer: Layer, inputs: readonly Value[], path: string): Value[] {
    // Models within models, each used twice, would double with each of them.
    if (++this.applied > MAX_APPLIED)
      throw new LanError('memory', `${this.where}: its layers are used more than ${MAX_APPLIED} times.`);
    const { name, className, config, network } = layer;
    const label = `Layer '${name.slice(0, 100)}' (${className})`;
    if (network) {
      if (inputs.length !== network.inputs.length)
        throw new LanError('model', `${label}: is a model of ${network.inputs.length} inputs, received ${inputs.length}.`);
      return this.through(network, inputs, `${path}${name}/`);
    }
    const before = this.g.nodes.length;
    const value = RULES[className]!({
      g: this.g,
      settings: new Settings(config, label),
      inputs,
      label,
      weight: (weight, dims) => this.weights.take(name, weight, dims, label),
      note: (text) => void this.notes.push(text),
    });
    checkSize(value.dims, label);
    return [this.g.nodes.length > before ? this.named(value, `${path}${name}`) : value];
  }

  /** The value under the name of its layer, where the layer's last node makes it. */
  private named(value: Value, layer: string): Value {
    const last = this.g.nodes.at(-1)!;
    if (last.outputs[0] !== value.name) return value;
    const name = this.g.fresh(layer);
    this.g.nodes[this.g.nodes.length - 1] = { ...last, name, outputs: [name] };
    return { ...value, name };
  }
}

/** The activation with which an output ends, dropout and reshapes behind it aside. */
function lastActivation(network: Network, ref: Ref): string | undefined {
  let at: Ref | undefined = ref;
  let inside = network;
  for (let steps = 0; at && steps < 1000; steps++) {
    const layer: Layer | undefined = inside.layers.get(at.layer);
    if (!layer || layer.className === INPUT) return undefined;
    if (layer.network) {
      inside = layer.network;
      at = inside.outputs[at.tensor];
      continue;
    }
    if (layer.className === 'Softmax') return 'softmax';
    if (Object.hasOwn(SHAPES, layer.className)) at = layer.uses[at.node]?.[0];
    else if (layer.className === 'Activation' || Object.hasOwn(CONVOLUTIONS, layer.className))
      return activationOf(layer.config['activation']);
    else return undefined;
  }
  return undefined;
}
