// Fields that protobuf lets be empty, and names that JavaScript knows something about.
import { expect, test } from '@jest/globals';
import { assemble } from '../../src/onnx/assemble.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { inlineFunctions } from '../../src/onnx/functions.js';
import type { AttributeProto, FunctionProto } from '../../src/onnx/schema.js';

const shape = { dim: [{ dimValue: 2 }] };
const model = (attribute: AttributeProto[], opType = 'Relu', functions: FunctionProto[] = []): Uint8Array =>
  assemble({
    irVersion: 8,
    opsetImport: [{ version: 17 }, { domain: 'own', version: 1 }],
    functions,
    graph: {
      node: [{ opType, domain: functions.length > 0 ? 'own' : '', input: ['x'], output: ['y'], attribute }],
      input: [{ name: 'x', type: { tensorType: { elemType: 1, shape } } }],
      output: [{ name: 'y', type: { tensorType: { elemType: 1, shape } } }],
    },
  });

test('a string attribute without text, and one that is empty, are the empty string', () => {
  for (const attribute of [
    { name: 'a', type: 3 },
    { name: 'a', type: 3, s: new Uint8Array() },
  ]) {
    const { graph } = decodeModel(model([attribute]));
    expect(graph.nodes[0]!.attributes).toEqual({ a: { kind: 'string', value: '' } });
  }
  expect(decodeModel(model([{ name: 'a', type: 8, strings: [new Uint8Array()] }])).graph.nodes[0]!.attributes).toEqual({
    a: { kind: 'strings', value: [''] },
  });
});

test.each([11, 13])('an attribute of type %d that holds nothing is refused', (type) =>
  expect(() => decodeModel(model([{ name: 'to', type }]), 'm')).toThrow(
    `m: Relu 'y', attribute 'to': is of type ${type} and holds nothing.`,
  ),
);

test.each(['toString', '__proto__', 'constructor'])('a function whose attribute is called %s', (name) => {
  const body = (defaults: AttributeProto[]): FunctionProto => ({
    name: 'F',
    domain: 'own',
    input: ['a'],
    output: ['b'],
    node: [{ opType: 'LeakyRelu', input: ['a'], output: ['b'], attribute: [{ name: 'alpha', type: 1, refAttrName: name }] }],
    attributeProto: defaults,
    opsetImport: [{ version: 17 }],
  });
  // Nobody gives it a value: the op's own default stays.
  const bare = decodeModel(encodeModel(decodeModel(model([], 'F', [body([])]))));
  expect(inlineFunctions(bare).graph.nodes[0]!.attributes).toEqual({});
  const given = inlineFunctions(decodeModel(model([{ name, type: 1, f: 0.5 }], 'F', [body([])])));
  expect(given.graph.nodes[0]!.attributes).toEqual({ alpha: { kind: 'float', value: 0.5 } });
});
