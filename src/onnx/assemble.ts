// A ModelProto as bytes. protobufjs copies weights several times over; here the large ones are copied once, straight into the file's bytes.
import { GraphProtoType, ModelProtoType, TensorProtoType, type GraphProto, type ModelProto, type TensorProto } from './schema.js';

/** Raw data from this size on is left out of what protobufjs encodes. */
const LARGE = 2 ** 16;

/** Field keys of onnx.proto: number << 3 | 2 (length-delimited). */
const KEY = { modelGraph: (7 << 3) | 2, graphInitializer: (5 << 3) | 2, tensorRawData: (9 << 3) | 2 } as const;

/** A length as protobuf writes it: seven bits a byte, lowest first. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.byteLength, 0);

/** One initializer of the graph: its key, its length, and the tensor without its raw data, then the raw data. */
function initializer({ rawData, ...tensor }: TensorProto): Uint8Array[] {
  const head = TensorProtoType.encode(tensor).finish();
  const data = [Uint8Array.of(KEY.tensorRawData), varint(rawData!.byteLength), rawData!];
  return [Uint8Array.of(KEY.graphInitializer), varint(head.byteLength + lengthOf(data)), head, ...data];
}

/** The encoded message; the order of its fields is of no meaning in protobuf. */
export function assemble({ graph = {}, ...model }: ModelProto): Uint8Array {
  const isLarge = (t: TensorProto): boolean => (t.rawData?.byteLength ?? 0) >= LARGE;
  const all = graph.initializer ?? [];
  const rest: GraphProto = { ...graph, initializer: all.filter((t) => !isLarge(t)) };
  const body = [GraphProtoType.encode(rest).finish(), ...all.filter(isLarge).flatMap(initializer)];
  const parts = [ModelProtoType.encode(model).finish(), Uint8Array.of(KEY.modelGraph), varint(lengthOf(body)), ...body];
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
