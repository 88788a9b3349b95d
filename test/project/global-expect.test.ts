// lan-onnx/jest types the global `expect` of @types/jest too; tests here import theirs, so a program of its own is type-checked.
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const PROGRAM = `
import { toMatchOnnxRuntime } from '../../src/jest.js';
expect.extend({ toMatchOnnxRuntime });
export async function use(): Promise<void> {
  await expect('model.onnx').toMatchOnnxRuntime({ nodes: true, gradients: true });
  await expect('model.onnx').not.toMatchOnnxRuntime();
  await expect('model.onnx').toMatchOnnxRuntime({ node: true });
}
`;

test('the matcher is known to the global expect, and its options are checked', () => {
  // In memory only: a file would be seen by whatever else reads the folder meanwhile.
  const file = join(import.meta.dirname, 'in-memory.ts');
  const config = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)).config as { compilerOptions: object };
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, types: ['node', 'jest'], noEmit: true },
    '.',
  );
  const host = ts.createCompilerHost(options);
  const onDisk = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) => (name === file ? ts.createSourceFile(name, PROGRAM, version) : onDisk(name, version));
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file)!;
  const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  expect(problems.map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n').split('\n')[0])).toEqual([
    "Object literal may only specify known properties, but 'node' does not exist in type 'AgreementOptions'. Did you mean to write 'nodes'?",
  ]);
});
