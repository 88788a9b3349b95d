// The layers of a tfjs-layers model and what each reads, from its topology: Sequential or Functional, models within models included.
import { z } from 'zod';
import { LanError } from '../core/errors.js';

/** Where a tensor comes from: the `tensor`-th output of the `node`-th use of a layer. */
export interface Ref {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** A layer, or with `network` a model that is used as one. */
export interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Of each use what it is applied to. Inputs have one use, of nothing. */
  readonly uses: readonly (readonly Ref[])[];
  readonly network?: Network;
}

/** Layers by name, in the order of the file. */
export interface Network {
  readonly layers: ReadonlyMap<string, Layer>;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
}

/** Models within models, and layers of all of them. */
const MAX_DEPTH = 32;
const MAX_LAYERS = 100_000;

const index = z.int().nonnegative();
const RefJson = z.union([z.tuple([z.string(), index, index]), z.tuple([z.string(), index, index, z.unknown()])]);
const config = z.record(z.string(), z.unknown());
const LayerJson = z.looseObject({ class_name: z.string(), config, name: z.string().optional(), inbound_nodes: z.array(z.unknown()).optional() }); // prettier-ignore
const refs = z.array(RefJson).min(1);
const FunctionalJson = z.looseObject({ layers: z.array(LayerJson).min(1), input_layers: z.union([refs, RefJson]), output_layers: z.union([refs, RefJson]) }); // prettier-ignore
const SequentialJson = z.union([z.array(LayerJson).min(1), z.looseObject({ layers: z.array(LayerJson).min(1) })]);

/** Class names of a model within a model. */
const MODELS = ['Sequential', 'Model', 'Functional'];
const INPUT = 'InputLayer';

/**
 * The network of a topology (`modelTopology` of model.json, or its `model_config`). Throws LanError (`model`) for fields that are not as they should be, for
 * references to what is not there, and for models nested without end.
 */
export function readTopology(topology: Readonly<Record<string, unknown>>, where: string): Network {
  const given = (topology['model_config'] ?? topology) as Record<string, unknown>;
  const { className, config } = wordsOf(given, where);
  const network = networkOf(className, config, { where, depth: 0, left: { layers: MAX_LAYERS } });
  if (!network) throw new LanError('unsupported', `${where}: is a '${className}', and only ${MODELS.join(', ')} are imported.`);
  return network;
}

interface Context {
  readonly where: string;
  readonly depth: number;
  readonly left: { layers: number };
}

function wordsOf(given: Record<string, unknown>, where: string): { className: string; config: unknown } {
  const { class_name: className, config } = given;
  if (typeof className !== 'string' || typeof config !== 'object' || config === null)
    throw new LanError('model', `${where}: its topology has no class_name and config, as a model of layers has.`);
  return { className, config };
}

function networkOf(className: string, config: unknown, context: Context): Network | undefined {
  if (!MODELS.includes(className)) return undefined;
  if (context.depth > MAX_DEPTH) throw new LanError('model', `${context.where}: models within models are nested more than ${MAX_DEPTH} deep.`); // prettier-ignore
  return className === 'Sequential' ? sequential(config, context) : functional(config, context);
}

function checked<T>(schema: z.ZodType<T>, given: unknown, what: string, where: string): T {
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  throw new LanError('model', `${where}: ${what} is not as tfjs-layers saves it (${path.length > 0 ? `${path.join('.').slice(0, 100)}: ` : ''}${message}).`); // prettier-ignore
}

type LayerJson = z.infer<typeof LayerJson>;

const nameOf = ({ name, config, class_name }: LayerJson, i: number): string =>
  name ?? (typeof config['name'] === 'string' ? config['name'] : `${class_name}_${i + 1}`);

function layersOf(
  list: readonly LayerJson[],
  usesOf: (layer: LayerJson, i: number) => Layer['uses'],
  context: Context,
): Map<string, Layer> {
  const layers = new Map<string, Layer>();
  for (const [i, json] of list.entries()) {
    if (--context.left.layers < 0) throw new LanError('model', `${context.where}: has more than ${MAX_LAYERS} layers.`);
    const name = nameOf(json, i);
    if (layers.has(name)) throw new LanError('model', `${context.where}: two layers are called '${name.slice(0, 100)}'.`);
    const network = networkOf(json.class_name, json.config, { ...context, depth: context.depth + 1 });
    layers.set(name, { name, className: json.class_name, config: json.config, uses: usesOf(json, i), ...(network ? { network } : {}) }); // prettier-ignore
  }
  return layers;
}

const first = (layer: string): Ref => ({ layer, node: 0, tensor: 0 });

/** Each layer is applied to the one before; where the first is no input, it gets one, called as Keras calls it. */
function sequential(config: unknown, context: Context): Network {
  const json = checked(SequentialJson, config, 'a Sequential model', context.where);
  const given = Array.isArray(json) ? json : json.layers;
  const head = given[0]!;
  const opener = { class_name: INPUT, name: `${nameOf(head, 0)}_input`, config: head.config };
  const list = head.class_name === INPUT ? given : [opener, ...given];
  const names = list.map(nameOf);
  const layers = layersOf(list, (_layer, i) => (i === 0 ? [[]] : [[first(names[i - 1]!)]]), context);
  return { layers, inputs: [first(names[0]!)], outputs: [first(names.at(-1)!)] };
}

function functional(config: unknown, context: Context): Network {
  const json = checked(FunctionalJson, config, 'a model', context.where);
  const layers = layersOf(json.layers, (layer, i) => usesOf(layer, nameOf(layer, i), context.where), context);
  const list = (given: z.infer<typeof refs> | z.infer<typeof RefJson>): Ref[] =>
    (typeof given[0] === 'string' ? [given as z.infer<typeof RefJson>] : (given as z.infer<typeof refs>)).map(refOf);
  return countedFromZero({ layers, inputs: list(json.input_layers), outputs: list(json.output_layers) });
}

/** Uses of a model within a model are counted from 1 in the file, its own making being use 0; but not where it was made without a shape. */
function countedFromZero({ layers, inputs, outputs }: Network): Network {
  const all = [...outputs, ...[...layers.values()].flatMap((l) => l.uses.flat())];
  const fromZero = new Set(all.filter((ref) => ref.node === 0).map((ref) => ref.layer));
  const counted = (ref: Ref): Ref =>
    layers.get(ref.layer)?.network && !fromZero.has(ref.layer) ? { ...ref, node: ref.node - 1 } : ref;
  const entries = [...layers].map(([name, l]) => [name, { ...l, uses: l.uses.map((use) => use.map(counted)) }] as const);
  return { layers: new Map(entries), inputs, outputs: outputs.map(counted) };
}

const refOf = ([layer, node, tensor]: readonly [string, number, number, ...unknown[]]): Ref => ({ layer, node, tensor });

function usesOf({ class_name, inbound_nodes = [] }: LayerJson, name: string, where: string): Layer['uses'] {
  if (class_name === INPUT) return [[]];
  return inbound_nodes.map((node) => {
    if (!Array.isArray(node))
      throw new LanError('unsupported', `${where}: layer '${name}' names its inputs as Keras 3 does, which tfjs-layers does not read either.`, 'Save the model with Keras 2 (tf_keras), and convert that.'); // prettier-ignore
    return checked(refs, node, `an input of layer '${name}'`, where).map(refOf);
  });
}
