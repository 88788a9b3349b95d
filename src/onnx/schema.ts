// The message types of ONNX's protobuf format (field numbers as published with ONNX 1.20), for protobufjs' reflection API.
import protobuf from 'protobufjs';

type FieldRow = readonly [name: string, type: string, id: number, rule?: 'repeated'];

const message = (...rows: FieldRow[]): protobuf.IType => ({
  fields: Object.fromEntries(rows.map(([name, type, id, rule]) => [name, rule ? { type, id, rule } : { type, id }])),
});

const META: FieldRow[0] = 'metadataProps';
const ENTRY = 'StringStringEntryProto';

const nested: Record<string, protobuf.IType> = {
  ModelProto: message(
    ['irVersion', 'int64', 1],
    ['producerName', 'string', 2],
    ['producerVersion', 'string', 3],
    ['domain', 'string', 4],
    ['modelVersion', 'int64', 5],
    ['docString', 'string', 6],
    ['graph', 'GraphProto', 7],
    ['opsetImport', 'OperatorSetIdProto', 8, 'repeated'],
    [META, ENTRY, 14, 'repeated'],
    ['trainingInfo', 'TrainingInfoProto', 20, 'repeated'],
    ['functions', 'FunctionProto', 25, 'repeated'],
  ),
  StringStringEntryProto: message(['key', 'string', 1], ['value', 'string', 2]),
  OperatorSetIdProto: message(['domain', 'string', 1], ['version', 'int64', 2]),
  GraphProto: message(
    ['node', 'NodeProto', 1, 'repeated'],
    ['name', 'string', 2],
    ['initializer', 'TensorProto', 5, 'repeated'],
    ['docString', 'string', 10],
    ['input', 'ValueInfoProto', 11, 'repeated'],
    ['output', 'ValueInfoProto', 12, 'repeated'],
    ['valueInfo', 'ValueInfoProto', 13, 'repeated'],
    ['quantizationAnnotation', 'TensorAnnotation', 14, 'repeated'],
    ['sparseInitializer', 'SparseTensorProto', 15, 'repeated'],
    [META, ENTRY, 16, 'repeated'],
  ),
  TensorAnnotation: message(['tensorName', 'string', 1], ['quantParameterTensorNames', ENTRY, 2, 'repeated']),
  NodeProto: message(
    ['input', 'string', 1, 'repeated'],
    ['output', 'string', 2, 'repeated'],
    ['name', 'string', 3],
    ['opType', 'string', 4],
    ['attribute', 'AttributeProto', 5, 'repeated'],
    ['docString', 'string', 6],
    ['domain', 'string', 7],
    ['overload', 'string', 8],
    [META, ENTRY, 9, 'repeated'],
  ),
  AttributeProto: message(
    ['name', 'string', 1],
    ['f', 'float', 2],
    ['i', 'int64', 3],
    ['s', 'bytes', 4],
    ['t', 'TensorProto', 5],
    ['g', 'GraphProto', 6],
    ['floats', 'float', 7, 'repeated'],
    ['ints', 'int64', 8, 'repeated'],
    ['strings', 'bytes', 9, 'repeated'],
    ['tensors', 'TensorProto', 10, 'repeated'],
    ['graphs', 'GraphProto', 11, 'repeated'],
    ['docString', 'string', 13],
    ['tp', 'TypeProto', 14],
    ['typeProtos', 'TypeProto', 15, 'repeated'],
    ['type', 'int32', 20],
    ['refAttrName', 'string', 21],
    ['sparseTensor', 'SparseTensorProto', 22],
    ['sparseTensors', 'SparseTensorProto', 23, 'repeated'],
  ),
  TensorProto: message(
    ['dims', 'int64', 1, 'repeated'],
    ['dataType', 'int32', 2],
    ['segment', 'Segment', 3],
    ['floatData', 'float', 4, 'repeated'],
    ['int32Data', 'int32', 5, 'repeated'],
    ['stringData', 'bytes', 6, 'repeated'],
    ['int64Data', 'int64', 7, 'repeated'],
    ['name', 'string', 8],
    ['rawData', 'bytes', 9],
    ['doubleData', 'double', 10, 'repeated'],
    ['uint64Data', 'uint64', 11, 'repeated'],
    ['docString', 'string', 12],
    ['externalData', ENTRY, 13, 'repeated'],
    ['dataLocation', 'int32', 14],
    [META, ENTRY, 16, 'repeated'],
  ),
  Segment: message(['begin', 'int64', 1], ['end', 'int64', 2]),
  SparseTensorProto: message(['values', 'TensorProto', 1], ['indices', 'TensorProto', 2], ['dims', 'int64', 3, 'repeated']),
  ValueInfoProto: message(
    ['name', 'string', 1],
    ['type', 'TypeProto', 2],
    ['docString', 'string', 3],
    [META, ENTRY, 4, 'repeated'],
  ),
  TypeProto: message(
    ['tensorType', 'TensorTypeProto', 1],
    ['sequenceType', 'ElementTypeProto', 4],
    ['mapType', 'MapTypeProto', 5],
    ['denotation', 'string', 6],
    ['opaqueType', 'OpaqueTypeProto', 7],
    ['sparseTensorType', 'TensorTypeProto', 8],
    ['optionalType', 'ElementTypeProto', 9],
  ),
  TensorTypeProto: message(['elemType', 'int32', 1], ['shape', 'TensorShapeProto', 2]),
  ElementTypeProto: message(['elemType', 'TypeProto', 1]),
  MapTypeProto: message(['keyType', 'int32', 1], ['valueType', 'TypeProto', 2]),
  OpaqueTypeProto: message(['domain', 'string', 1], ['name', 'string', 2]),
  TensorShapeProto: message(['dim', 'DimensionProto', 1, 'repeated']),
  // dimValue and dimParam are a oneof, so that a present 0 differs from an absent value.
  DimensionProto: {
    ...message(['dimValue', 'int64', 1], ['dimParam', 'string', 2], ['denotation', 'string', 3]),
    oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
  },
  TrainingInfoProto: message(
    ['initialization', 'GraphProto', 1],
    ['algorithm', 'GraphProto', 2],
    ['initializationBinding', ENTRY, 3, 'repeated'],
    ['updateBinding', ENTRY, 4, 'repeated'],
  ),
  FunctionProto: message(
    ['name', 'string', 1],
    ['input', 'string', 4, 'repeated'],
    ['output', 'string', 5, 'repeated'],
    ['attribute', 'string', 6, 'repeated'],
    ['node', 'NodeProto', 7, 'repeated'],
    ['docString', 'string', 8],
    ['opsetImport', 'OperatorSetIdProto', 9, 'repeated'],
    ['domain', 'string', 10],
    ['attributeProto', 'AttributeProto', 11, 'repeated'],
    ['valueInfo', 'ValueInfoProto', 12, 'repeated'],
    ['overload', 'string', 13],
    [META, ENTRY, 14, 'repeated'],
  ),
};

const root = protobuf.Root.fromJSON({ nested });

/** The reflected type of a whole file: `decode(bytes)` and `encode(message)`. */
export const ModelProtoType = root.lookupType('ModelProto');
/** The same of a graph. */
export const GraphProtoType = root.lookupType('GraphProto');

/** The same of one tensor. */
export const TensorProtoType = root.lookupType('TensorProto');

/** A 64-bit integer as protobufjs gives it. */
export type Int64 = number | { low: number; high: number; toNumber(): number };

/** A key with its value: metadata, and where external data lies. */
export interface Entry {
  key: string;
  value: string;
}

/** A tensor: its data stand in the typed field of its dtype, in `rawData` (little-endian), or in another file. */
export interface TensorProto {
  dims?: Int64[];
  dataType?: number;
  floatData?: number[];
  int32Data?: number[];
  stringData?: Uint8Array[];
  int64Data?: Int64[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: number[];
  uint64Data?: Int64[];
  externalData?: Entry[];
  dataLocation?: number;
}

/** A tensor by its values other than 0: `indices` are linear [nnz] or one an axis [nnz, rank]. */
export interface SparseTensorProto {
  values?: TensorProto;
  indices?: TensorProto;
  dims?: Int64[];
}

/** The type of a value; only tensors are read here, the rest is carried along. */
export interface TypeProto {
  tensorType?: { elemType?: number; shape?: { dim?: { dimValue?: Int64; dimParam?: string; value?: string }[] } };
  sequenceType?: unknown;
  mapType?: unknown;
  optionalType?: unknown;
  sparseTensorType?: unknown;
}

/** A graph input, output or inner value with its type. */
export interface ValueInfoProto {
  name?: string;
  type?: TypeProto;
}

/** A node's attribute: `type` says which field holds it (1 `f`, 2 `i`, 3 `s`, 4 `t`, 5 `g`, 6 to 10 their lists, 11 to 14 sparse tensors and types). */
export interface AttributeProto {
  name?: string;
  type?: number;
  refAttrName?: string;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: number[];
  ints?: Int64[];
  strings?: Uint8Array[];
  tensors?: TensorProto[];
  graphs?: GraphProto[];
  sparseTensor?: SparseTensorProto;
  sparseTensors?: SparseTensorProto[];
  tp?: TypeProto;
  typeProtos?: TypeProto[];
}

/** One operation; an empty name among inputs or outputs is an omitted one. */
export interface NodeProto {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  domain?: string;
  overload?: string;
  attribute?: AttributeProto[];
}

/** A graph: its nodes in any order, its constants as initialisers. */
export interface GraphProto {
  node?: NodeProto[];
  name?: string;
  initializer?: TensorProto[];
  sparseInitializer?: SparseTensorProto[];
  input?: ValueInfoProto[];
  output?: ValueInfoProto[];
  valueInfo?: ValueInfoProto[];
}

/** Which version of a domain's ops a model means; an absent domain is ai.onnx. */
export interface OperatorSetIdProto {
  domain?: string;
  version?: Int64;
}

/** A model-local function: `attribute` names those without a default, `attributeProto` holds those with one. */
export interface FunctionProto {
  name?: string;
  domain?: string;
  overload?: string;
  input?: string[];
  output?: string[];
  attribute?: string[];
  attributeProto?: AttributeProto[];
  node?: NodeProto[];
  opsetImport?: OperatorSetIdProto[];
}

/** A whole file. */
export interface ModelProto {
  irVersion?: Int64;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  graph?: GraphProto;
  opsetImport?: OperatorSetIdProto[];
  metadataProps?: Entry[];
  functions?: FunctionProto[];
}
