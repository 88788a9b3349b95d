// Seeded damage: bytes of any file flipped, cut and repeated; ONNX models with attributes, edges, shapes and names that no exporter writes.
import type { Random } from '../../src/core/random.js';
import { ModelProtoType, type AttributeProto, type GraphProto, type ModelProto, type NodeProto } from '../../src/onnx/schema.js';

/** One draw after the other of a stream, as whole numbers below a bound. */
export interface Dice {
  below(n: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Dice of draw `draw` of a stream. */
export function dice(stream: Random, draw: number): Dice {
  let index = 0;
  const below = (n: number): number => stream.integer(Math.max(1, n), draw, index++);
  return { below, pick: (items) => items[below(items.length)]! };
}

/** The bytes with one to eight places flipped, cut out, repeated or overwritten. */
export function damaged(bytes: Uint8Array, d: Dice): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let times = 1 + d.below(8); times > 0 && out.length > 0; times--) {
    const at = d.below(out.length);
    const end = Math.min(out.length, at + 1 + d.below(16));
    const kind = d.below(5);
    if (kind === 0) out[at] = out[at]! ^ (1 << d.below(8));
    else if (kind === 1) out[at] = d.pick([0, 1, 0x7f, 0x80, 0xff, 0x22, 0x7b, 0x0a]);
    else if (kind === 2) out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(end)]);
    else if (kind === 3) out = Uint8Array.from([...out.subarray(0, end), ...out.subarray(at)]);
    else if (d.below(4) === 0) out = out.slice(0, at);
  }
  return out;
}

const EDGES = [0, 1, -1, 2, 3, 7, 64, 1000, 65536, 1e6, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 40, -(2 ** 40), 2 ** 53, -1e18];
const FLOATS = [0, 1, -1, 0.5, 1e-30, 1e30, NaN, Infinity, -Infinity];
const NAMES = [
  '',
  'x0',
  'y0',
  '__proto__',
  'toString',
  'constructor',
  'x'.repeat(3000),
  ' '.repeat(3000),
  '\u001b[2J',
  'é\u202e',
  '../../etc',
];

const values = (): readonly unknown[] => [
  null,
  [],
  {},
  '',
  'x',
  0,
  -1,
  1e99,
  2.5,
  true,
  [null],
  { toString: 1 },
  ['a', 'a'],
  'GREY',
  [1, 2, 3],
];

/** JSON with one to three of its values replaced by others, of any type; undefined where the bytes are no JSON object or list. */
export function mutatedJson(bytes: Uint8Array, d: Dice): Uint8Array | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (d.below(10) === 0) return new TextEncoder().encode(JSON.stringify(d.pick(values())));
  for (let times = 1 + d.below(3); times > 0; times--) {
    let at = value as Record<string, unknown>;
    for (let key = d.pick(Object.keys(at)); ; key = d.pick(Object.keys(at))) {
      const inner = at[key];
      if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0 && d.below(3) > 0)
        at = inner as Record<string, unknown>;
      else {
        at[d.below(8) === 0 ? d.pick(NAMES) : key] = d.pick(values());
        break;
      }
    }
  }
  return new TextEncoder().encode(JSON.stringify(value));
}

/** The model, decoded, with one to four things changed that keep it readable. Undefined where it cannot be written again. */
export function mutatedModel(bytes: Uint8Array, d: Dice): Uint8Array | undefined {
  const model = ModelProtoType.decode(bytes) as unknown as Mutable<ModelProto>;
  for (let times = 1 + d.below(4); times > 0; times--) mutate(model, d);
  try {
    return ModelProtoType.encode(ModelProtoType.fromObject(model)).finish();
  } catch {
    return undefined;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? Mutable<E>[] : T[K] };

function mutate(model: Mutable<ModelProto>, d: Dice): void {
  const graph = model.graph;
  const nodes = (graph?.node ?? []) as unknown as Mutable<NodeProto>[];
  const node = nodes.length > 0 ? d.pick(nodes) : undefined;
  const attributes = (node?.attribute ?? []) as unknown as Mutable<AttributeProto>[];
  const attribute = attributes.length > 0 ? (d.pick(attributes) as Record<string, unknown>) : undefined;
  const inputs = node?.input;
  const kind = d.below(14);
  if (kind <= 3 && attribute) changeAttribute(attribute, d);
  else if (kind === 4 && inputs?.length) inputs[d.below(inputs.length)] = d.pick(['', ...inputs, ...NAMES]);
  else if (kind === 5 && inputs) inputs.push(d.pick(['', 'x0', ...inputs]));
  else if (kind === 6 && inputs?.length) inputs.pop();
  else if (kind === 7 && node)
    (node as Record<string, unknown>)['opType'] = d.pick([
      ...nodes.map((n) => String((n as Record<string, unknown>)['opType'])),
      'Split',
      'Resize',
      'Loop',
      'Einsum',
      'Tile',
      'Expand',
      'ConvTranspose',
      'Pad',
      'Reshape',
      'TopK',
    ]);
  else if (kind === 8 && node) {
    const outputs = node.output as unknown as string[];
    outputs.push(d.pick(NAMES));
  } else if (kind === 9 && node)
    attributes.push({
      name: d.pick([
        'axis',
        'axes',
        'strides',
        'pads',
        'kernel_shape',
        'group',
        'num_outputs',
        'blocksize',
        'batch_dims',
        ...NAMES,
      ]),
      type: 2,
      i: d.pick(EDGES),
    });
  else if (kind === 10) changeShape(graph, d);
  else if (kind === 11) changeInitializer(graph, d);
  else if (kind === 12)
    for (const set of (model.opsetImport ?? []) as unknown as Record<string, unknown>[])
      set['version'] = d.pick([-1, 0, 1, 5, 7, 9, 11, 13, 18, 21, 25, 99, 2 ** 31]);
  else if (node) nodes.splice(d.below(nodes.length), 0, { ...node });
}

function changeAttribute(attribute: Record<string, unknown>, d: Dice): void {
  const ints = attribute['ints'] as unknown[] | undefined;
  const floats = attribute['floats'] as unknown[] | undefined;
  if (ints?.length) {
    if (d.below(4) === 0) ints.push(d.pick(EDGES));
    else ints[d.below(ints.length)] = d.pick(EDGES);
  } else if (floats?.length) floats[d.below(floats.length)] = d.pick(FLOATS);
  else if (d.below(5) === 0) attribute['type'] = d.below(15);
  else if (attribute['s'] !== undefined && d.below(2) === 0) attribute['s'] = new TextEncoder().encode(d.pick(NAMES));
  else if (attribute['f'] !== undefined && d.below(2) === 0) attribute['f'] = d.pick(FLOATS);
  else attribute['i'] = d.pick(EDGES);
}

function changeShape(graph: Mutable<GraphProto> | undefined, d: Dice): void {
  const values = [...((graph?.input ?? []) as unknown[]), ...((graph?.output ?? []) as unknown[])] as Record<string, never>[];
  if (values.length === 0) return;
  const tensor = (d.pick(values)['type'] as { tensorType?: { elemType?: number; shape?: { dim: unknown[] } } } | undefined)
    ?.tensorType;
  if (!tensor) return;
  const dims = tensor.shape?.dim;
  if (d.below(3) === 0) tensor.elemType = d.below(25);
  else if (dims?.length)
    dims[d.below(dims.length)] = d.below(3) === 0 ? { dimParam: d.pick(NAMES) } : { dimValue: d.pick(EDGES) };
  else dims?.push({ dimValue: d.pick(EDGES) });
}

function changeInitializer(graph: Mutable<GraphProto> | undefined, d: Dice): void {
  const tensors = (graph?.initializer ?? []) as unknown as Record<string, unknown>[];
  if (tensors.length === 0) return;
  const tensor = d.pick(tensors);
  const dims = tensor['dims'] as unknown[];
  const raw = tensor['rawData'] as Uint8Array | undefined;
  const kind = d.below(4);
  if (kind === 0) tensor['dataType'] = d.below(25);
  else if (kind === 1 && dims.length > 0) dims[d.below(dims.length)] = d.pick(EDGES);
  else if (kind === 2) dims.push(d.pick(EDGES));
  else if (raw?.length) tensor['rawData'] = damaged(raw, d);
}
