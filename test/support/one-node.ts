// A model of one node as no exporter writes it, for tests of hostile files.
import { ModelProtoType } from '../../src/onnx/schema.js';

/** The bytes of a model of one node, as no exporter writes it: GraphBuilder would put some of this right. */
export function oneNode(opset: number, node: object, inputs: Readonly<Record<string, readonly number[] | null>>): Uint8Array {
  const shapeOf = (dims: readonly number[] | null) => ({ dim: (dims ?? []).map((d) => (d === 0 ? {} : { dimValue: d })) });
  const input = Object.entries(inputs).map(([name, dims]) => ({
    name,
    type: { tensorType: { elemType: 1, shape: shapeOf(dims) } },
  }));
  const output = (node as { output: string[] }).output.map((name) => ({ name }));
  const model = { irVersion: 8, graph: { name: 'hostile', node: [node], input, output }, opsetImport: [{ version: opset }] };
  return ModelProtoType.encode(ModelProtoType.fromObject(model)).finish();
}
