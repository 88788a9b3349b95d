// ONNX bytes to Model (encode.ts writes them). Files are untrusted: every failure is a LanError that names the place.
export { encodeModel, protoOf } from './encode.js';
import { LanError, messageOf } from '../core/errors.js';
import { type DType, type Tensor } from '../core/tensor.js';
import {
  sortNodes,
  type Attribute,
  type FunctionBody,
  type Graph,
  type Model,
  type Node,
  type ValueInfo,
  type ValueType,
} from './graph.js';
import {
  ModelProtoType,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  type ValueInfoProto,
} from './schema.js';
import { otherFile } from './other-files.js';
import { decodeTensor, densify, dtypeOf, toNumber, type ExternalReader } from './tensors.js';

const STANDARD = new Set(['', 'ai.onnx']);
const domainOf = (domain: string | undefined): string => (STANDARD.has(domain ?? '') ? '' : domain!);
// protobufjs gives an absent or empty field as a plain empty array.
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(Uint8Array.from(bytes ?? []));

function refuseOther(bytes: Uint8Array, where: string): void {
  const other = otherFile(bytes);
  if (other) throw new LanError('model', `${where}: no ONNX file: ${other.what}.`, other.advice);
}

/**
 * Decodes an ONNX file of any opset. `where` names it in messages; `external` reads tensors kept in other files.
 * Throws LanError when the bytes are not an ONNX model or contradict themselves (cycle, short data, missing value).
 */
export function decodeModel(bytes: Uint8Array, where = 'model', external?: ExternalReader): Model {
  let proto: ModelProto;
  try {
    proto = ModelProtoType.decode(bytes) as ModelProto;
  } catch (error) {
    refuseOther(bytes, where);
    throw new LanError('model', `${where}: not a readable ONNX file (${messageOf(error)}). Is it truncated, or another format?`);
  }
  if (!proto.graph?.node?.length && !proto.graph?.output?.length) {
    refuseOther(bytes, where);
    throw new LanError('model', `${where}: no ONNX graph in these ${bytes.length} bytes. Is it truncated, or another format?`);
  }
  if (!proto.opsetImport?.length)
    throw new LanError('model', `${where}: the file names no opset, so its operators have no definition.`);
  return {
    irVersion: toNumber(proto.irVersion),
    producer: [proto.producerName, proto.producerVersion].filter(Boolean).join(' '),
    opsets: decodeOpsets(proto.opsetImport),
    metadata: Object.fromEntries((proto.metadataProps ?? []).map((e) => [e.key, e.value])),
    functions: (proto.functions ?? []).map((f) => decodeFunction(f, where, external)),
    graph: decodeGraph(proto.graph, where, external, new Set()),
  };
}

function decodeOpsets(list: readonly OperatorSetIdProto[]): Map<string, number> {
  return new Map(list.map((o) => [domainOf(o.domain), toNumber(o.version)]));
}

function decodeFunction(proto: FunctionProto, where: string, external?: ExternalReader): FunctionBody {
  const place = `${where}: function '${proto.name ?? ''}'`;
  return {
    name: proto.name ?? '',
    domain: domainOf(proto.domain),
    overload: proto.overload ?? '',
    inputs: proto.input ?? [],
    outputs: proto.output ?? [],
    defaults: decodeAttributes(proto.attributeProto ?? [], place, external, new Set()),
    nodes: (proto.node ?? []).map((n) => decodeNode(n, place, external, new Set(proto.input))),
    opsets: decodeOpsets(proto.opsetImport ?? []),
  };
}

function decodeGraph(proto: GraphProto, where: string, external: ExternalReader | undefined, outer: ReadonlySet<string>): Graph {
  const constants = new Map<string, Tensor>();
  for (const t of proto.initializer ?? []) constants.set(t.name ?? '', decodeTensor(t, `${where}: initializer`, external));
  for (const t of proto.sparseInitializer ?? []) {
    const { name, tensor } = densify(t, `${where}: sparse initializer`);
    constants.set(name, tensor);
  }
  // Before IR 4 every initialiser was listed as an input too; only what has no value must be fed.
  const inputs = (proto.input ?? []).map(decodeValueInfo).filter((i) => !constants.has(i.name));
  const visible = new Set([...outer, ...inputs.map((i) => i.name), ...constants.keys()]);
  const inner = new Set([...visible, ...(proto.node ?? []).flatMap((n) => n.output ?? [])]);
  const nodes = sortNodes(
    (proto.node ?? []).map((n) => decodeNode(n, where, external, inner)),
    visible,
    where,
  );
  const outputs = (proto.output ?? []).map(decodeValueInfo);
  for (const output of outputs) {
    if (!inner.has(output.name)) throw new LanError('model', `${where}: output '${output.name}' is produced by no node.`);
  }
  const types = new Map<string, ValueType>();
  for (const info of [...(proto.valueInfo ?? []).map(decodeValueInfo), ...outputs]) {
    if (info.type && info.dims?.every((d) => typeof d === 'number')) types.set(info.name, { type: info.type, dims: info.dims });
  }
  return { name: proto.name ?? '', inputs, outputs, nodes, constants, types };
}

function decodeValueInfo(proto: ValueInfoProto): ValueInfo {
  const name = proto.name ?? '';
  const tensor = proto.type?.tensorType;
  if (!tensor) return { name, kind: proto.type && Object.keys(proto.type).length > 0 ? 'other' : 'tensor' };
  const type: DType | undefined = dtypeOf(tensor.elemType);
  // protobufjs sets absent messages to null on its prototypes, so test for truth and not for undefined.
  if (!tensor.shape) return { name, kind: 'tensor', type };
  const dims = (tensor.shape.dim ?? []).map((d) =>
    d.value === 'dimValue' ? toNumber(d.dimValue) : d.value === 'dimParam' && d.dimParam ? d.dimParam : null,
  );
  return { name, kind: 'tensor', type, dims };
}

function decodeNode(proto: NodeProto, where: string, external: ExternalReader | undefined, visible: ReadonlySet<string>): Node {
  return {
    op: proto.opType ?? '',
    domain: domainOf(proto.domain),
    name: proto.name ?? '',
    inputs: proto.input ?? [],
    outputs: proto.output ?? [],
    attributes: decodeAttributes(
      proto.attribute ?? [],
      `${where}: ${proto.opType} '${proto.name || proto.output?.[0]}'`,
      external,
      visible,
    ),
  };
}

function decodeAttributes(
  protos: readonly AttributeProto[],
  where: string,
  external: ExternalReader | undefined,
  visible: ReadonlySet<string>,
): Record<string, Attribute> {
  return Object.fromEntries(protos.map((a) => [a.name ?? '', decodeAttribute(a, where, external, visible)]));
}

function decodeAttribute(
  a: AttributeProto,
  where: string,
  external: ExternalReader | undefined,
  visible: ReadonlySet<string>,
): Attribute {
  // Files of IR versions 1 and 2 may leave the type out: the one field that is filled tells it.
  const type = a.type || inferAttributeType(a);
  if (a.refAttrName) return { kind: 'reference', type, value: a.refAttrName };
  const place = `${where}, attribute '${a.name}'`;
  switch (type) {
    case 1:
      return { kind: 'float', value: a.f ?? 0 };
    case 2:
      return { kind: 'int', value: toNumber(a.i) };
    case 3:
      return { kind: 'string', value: text(a.s) };
    case 4:
      return { kind: 'tensor', value: decodeTensor(a.t ?? {}, place, external) };
    case 5:
      return { kind: 'graph', value: decodeGraph(a.g ?? {}, place, external, visible) };
    case 6:
      return { kind: 'floats', value: a.floats ?? [] };
    case 7:
      return { kind: 'ints', value: (a.ints ?? []).map(toNumber) };
    case 8:
      return { kind: 'strings', value: (a.strings ?? []).map(text) };
    case 9:
      return { kind: 'tensors', value: (a.tensors ?? []).map((t) => decodeTensor(t, place, external)) };
    case 10:
      return { kind: 'graphs', value: (a.graphs ?? []).map((g) => decodeGraph(g, place, external, visible)) };
    case 11:
      if (!a.sparseTensor) throw new LanError('model', `${place}: is of type ${type} and holds nothing.`);
      return { kind: 'opaque', type, value: a.sparseTensor };
    case 12:
      return { kind: 'opaque', type, value: a.sparseTensors };
    case 13:
      if (!a.tp) throw new LanError('model', `${place}: is of type ${type} and holds nothing.`);
      return { kind: 'opaque', type, value: a.tp };
    case 14:
      return { kind: 'opaque', type, value: a.typeProtos };
    default:
      throw new LanError('model', `${place}: unknown attribute type ${type}.`);
  }
}

function inferAttributeType(a: AttributeProto): number {
  if (a.t) return 4;
  if (a.g) return 5;
  if (a.floats?.length) return 6;
  if (a.ints?.length) return 7;
  if (a.strings?.length) return 8;
  if (a.s?.length) return 3;
  if (Object.hasOwn(a, 'i')) return 2;
  return 1;
}
