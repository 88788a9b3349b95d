// tfjs wasm out of memory: said so, with the way out, and the backend is there again for the next model and for programs from before.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import type { LanError } from '../../src/core/errors.js';
import { float32, sizeOf, toFloat32 } from '../../src/core/tensor.js';
import { gradientOf, type Engine, type Program } from '../../src/engine/engine.js';
import { probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { Graph, ValueType } from '../../src/onnx/graph.js';
import { collectGarbage } from '../support/garbage.js';

/** A static graph by hand: a probing run would not let these sizes through. */
function withTypes(g: GraphBuilder, dims: Readonly<Record<string, readonly number[]>>): Graph {
  const graph = g.build();
  const types = new Map<string, ValueType>(graph.types);
  for (const [name, d] of Object.entries(dims)) types.set(name, { type: 'float32', dims: d });
  for (const input of graph.inputs) types.set(input.name, { type: 'float32', dims: input.dims as number[] });
  for (const [name, t] of graph.constants) types.set(name, { type: t.type, dims: t.dims });
  return { ...graph, types };
}

/** A matrix [rows, columns] made of ones [rows, 1], as their outer product with ones or (soon written) padded with zeros; and its exponential. */
function huge(op: 'MatMul' | 'Pad', rows: number, columns: number): Graph {
  const g = new GraphBuilder('huge');
  const x = g.input('x', 'float32', [rows, 1]);
  const wide =
    op === 'MatMul'
      ? g.matMul(x, g.constant(float32(new Float32Array(columns).fill(1), [1, columns])))
      : g.op('Pad', [x, g.ints([0, 0, 0, columns - 1])]);
  const exp = g.op('Exp', [wide]);
  g.output(exp, 'y');
  return withTypes(g, { [wide]: [rows, columns], [exp]: [rows, columns] });
}

/** y = x W with x [2, 3]; the loss is y's sum. */
function small(): Promise<Graph> {
  const g = new GraphBuilder('small');
  const x = g.input('x', 'float32', [2, 3]);
  const y = g.matMul(x, g.constant(float32(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2])));
  g.output(y, 'y');
  g.output(g.reduceSum(y, [0, 1], false), 'loss');
  return specialize(g.build(), {}, probe, adapters);
}
const X = { x: float32(Float32Array.of(1, 0, 0, 0, 1, 1), [2, 3]) };
const rightNumbers = async (program: Program): Promise<void> => {
  const out = await program.run(X);
  expect([...toFloat32(out.y!)]).toEqual([1, 2, 8, 10]);
  expect([...toFloat32(out[gradientOf('x')]!)]).toEqual([3, 7, 11, 3, 7, 11]);
};

const failure = async (run: Promise<unknown>): Promise<LanError> => {
  try {
    await run;
  } catch (error) {
    return error as LanError;
  }
  throw new Error('It did not fail.');
};

const MIB = 2 ** 20;

/** Takes the heap away but for `free` pieces of 4 MiB, and what is below 1 MiB; untouched pages cost no real memory. */
function fill(free: number): void {
  const backend = tf.backend() as unknown as {
    write(values: null, dims: number[], dtype: string): object;
    disposeData(data: object): boolean;
  };
  const take = (bytes: number): object => backend.write(null, [bytes / 4], 'float32');
  const pieces = Array.from({ length: free }, () => take(4 * MIB));
  for (let size = 1024 * MIB; size >= MIB; size /= 2) {
    try {
      for (;;) take(size);
    } catch {
      // So much is not there any more: take less.
    }
  }
  for (const piece of pieces) backend.disposeData(piece);
}

let engine: Engine;
let before: Program;
beforeAll(async () => {
  engine = await createTfEngine(adapters, { backend: 'wasm' });
  before = await engine.gradient(await small(), 'loss', ['x']);
  await rightNumbers(before);
});
afterAll(async () => {
  await before.dispose();
  // The heaps that ran out, of 4 GiB each.
  collectGarbage();
});

async function comesBack(): Promise<void> {
  const next = await engine.gradient(await small(), 'loss', ['x']);
  await rightNumbers(next);
  await next.dispose();
  // A program of before has lost its constants, and uploads them again.
  await rightNumbers(before);
  expect(tf.getBackend()).toBe('wasm');
}

describe('out of memory', () => {
  test.each([
    ['more in one value than can be addressed', 'MatMul', 2 ** 17, 2 ** 13 + 1, 'MatMul', '4.0 GiB more'],
    ['two values that do not fit together', 'Pad', 2 ** 15, 2 ** 14, 'Exp', '2.0 GiB more'],
  ] as const)(
    '%s',
    async (_, made, rows, columns, op, needed) => {
      const program = await engine.compile(huge(made, rows, columns));
      const error = await failure(program.run({ x: float32(new Float32Array(rows).fill(1), [rows, 1]) }));
      expect(error.name).toBe('LanError');
      expect(error.code).toBe('memory');
      expect(error.problem).toContain(op);
      expect(error.problem).toContain('memory ran out');
      expect(error.problem).toContain(needed);
      expect(error.advice).toContain("`engine` 'onnxruntime'");
      await program.dispose();
      await comesBack();
    },
    60_000,
  );

  test.each([
    ['the packed right operand of a product', 'MatMul', [512, 2048], [2048, 512], 2048],
    ['a convolution', 'Conv', [1, 64, 8, 8], [256, 64, 8, 8], 4096],
  ] as const)(
    "an op's own buffers: %s",
    async (_, op, xDims, wDims, sum) => {
      const g = new GraphBuilder('buffers');
      const x = g.input('x', 'float32', xDims);
      const window = { kernel_shape: [8, 8], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
      const y = g.op(op, [x, g.constant(float32(new Float32Array(sizeOf(wDims)).fill(1), wDims))], op === 'Conv' ? window : {});
      g.output(y, 'y');
      const program = await engine.compile(withTypes(g, { [y]: op === 'Conv' ? [1, 256, 1, 1] : [512, 512] }));
      const feeds = { x: float32(new Float32Array(sizeOf(xDims)).fill(1), xDims) };
      // Room for what the op reads and writes, and not for its packed copy.
      fill(op === 'Conv' ? 2 : 3);
      const error = await failure(program.run(feeds));
      expect(error).toMatchObject({ name: 'LanError', code: 'memory' });
      await comesBack();
      // On the fresh heap there is room enough.
      const out = toFloat32((await program.run(feeds)).y!);
      expect(new Set(out)).toEqual(new Set([sum]));
      await program.dispose();
    },
    60_000,
  );

  test('the heap that ran out goes to the garbage collector', async () => {
    const heap = new WeakRef((tf.backend() as unknown as { wasm: object }).wasm);
    const program = await engine.compile(huge('MatMul', 2 ** 17, 2 ** 13 + 1));
    expect(await failure(program.run({ x: float32(new Float32Array(2 ** 17), [2 ** 17, 1]) }))).toMatchObject({ code: 'memory' });
    await program.dispose();
    await comesBack();
    collectGarbage();
    expect(heap.deref()).toBeUndefined();
  });

  test('in the backward pass', async () => {
    const g = new GraphBuilder('backward');
    const dims = [2 ** 10, 2 ** 10];
    let y = g.input('x', 'float32', dims);
    const made: Record<string, number[]> = {};
    for (let i = 0; i < 4; i++) made[(y = g.op('Tanh', [y]))] = dims;
    const loss = g.reduceSum(y, [0, 1], false);
    made[loss] = [];
    g.output(loss, 'loss');
    const program = await engine.gradient(withTypes(g, made), 'loss', ['x']);
    const feeds = { x: float32(new Float32Array(sizeOf(dims)), dims) };
    // More room each time, until the forward pass fits and the backward pass does not.
    const problems: string[] = [];
    for (let free = 7; free < 12 && !problems.at(-1)?.startsWith('The backward pass'); free++) {
      fill(free);
      const error = await failure(program.run(feeds));
      expect(error).toMatchObject({ name: 'LanError', code: 'memory' });
      problems.push(error.problem);
    }
    expect(problems.at(-1)).toMatch(/^The backward pass .* memory ran out: .* more were needed/);
    await program.dispose();
    await comesBack();
  }, 60_000);
});
