// A Model as ONNX bytes.
import { LanError } from '../core/errors.js';
import { bytesOf } from '../core/tensor.js';
import { assemble } from './assemble.js';
import type { Attribute, Graph, Model, Node, ValueInfo } from './graph.js';
import type { AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, ValueInfoProto } from './schema.js';
import { dtypeNumber, encodeTensor } from './tensors.js';

/** Encodes a model; weights are written as raw data. Throws LanError beyond protobuf's 2 GB limit. */
export function encodeModel(model: Model): Uint8Array {
  let total = 0;
  for (const t of model.graph.constants.values()) total += bytesOf(t.type, t.dims) ?? 0;
  if (total > 2 ** 31 - 2 ** 20)
    throw new LanError('model', `The model holds ${(total / 2 ** 30).toFixed(1)} GiB of weights; one ONNX file holds at most 2.`);
  return assemble(protoOf(model));
}

/** A model as its message. */
export const protoOf = (model: Model): ModelProto => ({
  irVersion: model.irVersion,
  producerName: model.producer,
  opsetImport: encodeOpsets(model.opsets),
  metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
  functions: model.functions.map((f) => ({
    name: f.name,
    domain: f.domain,
    overload: f.overload,
    input: [...f.inputs],
    output: [...f.outputs],
    // A name listed here has no default; one with a default stands in attributeProto alone.
    attribute: [...new Set(f.nodes.flatMap(references))].filter((name) => !Object.hasOwn(f.defaults, name)),
    attributeProto: encodeAttributes(f.defaults),
    node: f.nodes.map(encodeNode),
    opsetImport: encodeOpsets(f.opsets),
  })),
  graph: encodeGraph(model.graph),
});

function references(node: Node): string[] {
  return Object.values(node.attributes).flatMap((a) =>
    a.kind === 'reference'
      ? [a.value]
      : a.kind === 'graph'
        ? a.value.nodes.flatMap(references)
        : a.kind === 'graphs'
          ? a.value.flatMap((g) => g.nodes.flatMap(references))
          : [],
  );
}

const encodeOpsets = (opsets: ReadonlyMap<string, number>): OperatorSetIdProto[] =>
  [...opsets].map(([domain, version]) => ({ domain, version }));

function encodeGraph(graph: Graph): GraphProto {
  return {
    name: graph.name || 'graph',
    node: graph.nodes.map(encodeNode),
    initializer: [...graph.constants].map(([name, tensor]) => encodeTensor(tensor, name)),
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
  };
}

function encodeValueInfo(info: ValueInfo): ValueInfoProto {
  if (!info.type) return { name: info.name };
  const dim = info.dims?.map((d) => (typeof d === 'number' ? { dimValue: d } : typeof d === 'string' ? { dimParam: d } : {}));
  return { name: info.name, type: { tensorType: { elemType: dtypeNumber(info.type), ...(dim ? { shape: { dim } } : {}) } } };
}

const encodeNode = (node: Node): NodeProto => ({
  input: [...node.inputs],
  output: [...node.outputs],
  name: node.name,
  opType: node.op,
  domain: node.domain,
  attribute: encodeAttributes(node.attributes),
});

const encodeAttributes = (attributes: Readonly<Record<string, Attribute>>): AttributeProto[] =>
  Object.entries(attributes).map(([name, a]) => encodeAttribute(name, a));

const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

function encodeAttribute(name: string, a: Attribute): AttributeProto {
  switch (a.kind) {
    case 'float':
      return { name, type: 1, f: a.value };
    case 'int':
      return { name, type: 2, i: clampInt64(a.value) };
    case 'string':
      return { name, type: 3, s: utf8(a.value) };
    case 'tensor':
      return { name, type: 4, t: encodeTensor(a.value, '') };
    case 'graph':
      return { name, type: 5, g: encodeGraph(a.value) };
    case 'floats':
      return { name, type: 6, floats: [...a.value] };
    case 'ints':
      return { name, type: 7, ints: a.value.map(clampInt64) };
    case 'strings':
      return { name, type: 8, strings: a.value.map(utf8) };
    case 'tensors':
      return { name, type: 9, tensors: a.value.map((t) => encodeTensor(t, '')) };
    case 'graphs':
      return { name, type: 10, graphs: a.value.map(encodeGraph) };
    case 'reference':
      return { name, type: a.type, refAttrName: a.value };
    case 'opaque': {
      const field = ({ 11: 'sparseTensor', 12: 'sparseTensors', 13: 'tp', 14: 'typeProtos' } as Record<number, string>)[a.type]!;
      return { name, type: a.type, [field]: a.value };
    }
  }
}

// "To the end" is written as INT64_MAX, which a number rounds up to 2^63; the nearest number below is still far beyond any axis.
const clampInt64 = (v: number): number => Math.max(-(2 ** 63), Math.min(v, 2 ** 63 - 1024));
