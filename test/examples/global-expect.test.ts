// lan-onnx/jest types the global `expect` of @types/jest too; tests here import theirs, so a program of its own is type-checked.
import { expect, test } from '@jest/globals';
import { typeProblems } from '../project/programs.js';

const PROGRAM = `
import { toMatchOnnxRuntime } from 'lan-onnx/jest';
expect.extend({ toMatchOnnxRuntime });
export async function use(): Promise<void> {
  await expect('model.onnx').toMatchOnnxRuntime({ nodes: true, gradients: true });
  await expect('model.onnx').not.toMatchOnnxRuntime();
  await expect('model.onnx').toMatchOnnxRuntime({ node: true });
}
`;

test('the matcher is known to the global expect, and its options are checked', () => {
  expect(typeProblems(PROGRAM, ['node', 'jest'])).toEqual([
    "Object literal may only specify known properties, but 'node' does not exist in type 'CheckOptions'. Did you mean to write 'nodes'?",
  ]);
});

test('a tensor of onnxruntime-common is one of ours, for every type that both have', () => {
  const types = ['float32', 'float64', 'uint8', 'int32', 'int64', 'bool', 'string'];
  const lines = types.map((type) => `export const ${type} = (theirs: TypedTensor<'${type}'>): Tensor => theirs;`);
  const wrong = "export const wrong = (theirs: TypedTensor<'float32'>): Tensor & { type: 'int8' } => theirs;";
  const program = [
    "import type { TypedTensor } from 'onnxruntime-common';",
    "import type { Tensor } from 'lan-onnx';",
    ...lines,
    wrong,
  ];
  expect(typeProblems(program.join('\n'))).toEqual([
    expect.stringContaining('is not assignable to type \'Tensor & { type: "int8"; }\''),
  ]);
});
