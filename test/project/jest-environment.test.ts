// lan-onnx/jest-environment: in jest's sandbox, onnxruntime takes and gives the typed arrays that a test file knows.
import { createRequire } from 'node:module';
import { runInContext, type Context } from 'node:vm';
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { createOrtEngine } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { Tensor } from '../../src/core/tensor.js';

interface Environment {
  readonly global: Record<string, unknown>;
  getVmContext(): Context | null;
  teardown(): Promise<void>;
}
type MakesEnvironment = new (config: object, context: object) => Environment;

const require = createRequire(import.meta.url);
const HostArrays = require('../../src/jest-environment.cjs') as MakesEnvironment;
const { TestEnvironment: OfNode } = require('jest-environment-node') as { TestEnvironment: MakesEnvironment };

/** Whether what `code` makes in a sandbox of this environment is fed to onnxruntime and comes back as what the sandbox knows. */
async function roundTrip(Environment: MakesEnvironment): Promise<unknown> {
  const projectConfig = { testEnvironmentOptions: {}, globals: {}, fakeTimers: {} };
  const environment = new Environment(
    { globalConfig: {}, projectConfig },
    { console, docblockPragmas: {}, testPath: 'x.test.js' },
  );
  try {
    const inside = (code: string): unknown => runInContext(code, environment.getVmContext()!);
    const g = new GraphBuilder('double');
    g.output(g.add(g.input('x', 'float32', [2]), 'x'), 'y');
    const program = await createOrtEngine(adapters, { threads: 1 }).compile(g.build());
    try {
      const data = inside('new Float32Array([1, 2.5])') as Float32Array;
      const { y } = (await program.run({ x: { type: 'float32', dims: [2], data } })) as { y: Tensor };
      environment.global['given'] = y.data;
      return inside('[given instanceof Float32Array, ...given]');
    } finally {
      await program.dispose();
    }
  } finally {
    await environment.teardown();
  }
}

test('arrays go into onnxruntime and come back as what they are', async () => {
  expect([...((await roundTrip(HostArrays)) as unknown[])]).toEqual([true, 2, 5]);
});

test("Node's own environment is why it is there", async () => {
  const result = await roundTrip(OfNode).catch((error: Error) => error.message);
  expect(Array.isArray(result) ? [...(result as unknown[])] : result).not.toEqual([true, 2, 5]);
});

test('every kind of array that a tensor or a picture may come in is shared', async () => {
  const kinds = ['Float32Array', 'Float64Array', 'Int8Array', 'Uint8Array', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array', 'ArrayBuffer', 'DataView']; // prettier-ignore
  const projectConfig = { testEnvironmentOptions: {}, globals: {}, fakeTimers: {} };
  const environment = new HostArrays(
    { globalConfig: {}, projectConfig },
    { console, docblockPragmas: {}, testPath: 'x.test.js' },
  );
  try {
    for (const kind of kinds)
      expect([kind, environment.global[kind] === (globalThis as Record<string, unknown>)[kind]]).toEqual([kind, true]);
  } finally {
    await environment.teardown();
  }
});
