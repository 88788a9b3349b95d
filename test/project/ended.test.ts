// What the page takes for the end of onnxruntime in WebAssembly, and what only for a refusal.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { createGuard, guard, isFatal, runtimeEnded } from '../../src/web/ended.js';

// What the compiler's types of Node leave out.
interface Wasm {
  Module: new (bytes: Uint8Array) => unknown;
  Instance: new (module: unknown) => { readonly exports: Readonly<Record<string, (...numbers: number[]) => number>> };
  RuntimeError: new (message: string) => Error;
}
const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Wasm };

/** A module whose one function, f(a, b), is these instructions. */
function calling(...body: number[]): (...numbers: number[]) => number {
  const code = [0, ...body, 0x0b];
  const bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 0x66, 0, 0, 10, code.length + 2, 1, code.length, ...code]; // prettier-ignore
  return new wasm.Instance(new wasm.Module(Uint8Array.from(bytes))).exports['f']!;
}
const divide = calling(0x20, 0, 0x20, 1, 0x6d);

test.each<[string, () => unknown, RegExp]>([
  ['a division by zero', () => divide(1, 0), /ended in WebAssembly \(divide by zero\)/],
  ['the smallest number by -1', () => divide(-(2 ** 31), -1), /ended in WebAssembly \(divide result unrepresentable\)/],
  ['unreachable code', () => calling(0x00)(0, 0), /ended in WebAssembly \(unreachable\)/],
  ['memory that is not there', () => calling(0x41, 0x7f, 0x28, 2, 0)(0, 0), /ended in WebAssembly \(memory access out of bounds\)/],
  ["emscripten's abort", () => { throw new wasm.RuntimeError('Aborted(). Build with -sASSERTIONS for more info.'); }, /^onnxruntime ended in WebAssembly\. /],
  ['an exception of C++ that nobody caught', () => { throw 5_242_880; }, /^onnxruntime stopped without saying why \(an exception of C\+\+\)\. /], // eslint-disable-line @typescript-eslint/only-throw-error
  ['no memory left', () => { throw new Error('failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc'); }, /^onnxruntime found no memory for it\. /],
  ['a runtime that did not start', () => { throw new Error('no available backend found. ERR: [wasm] RangeError: could not allocate memory'); }, /^onnxruntime found no memory for it\. /],
])('%s ends it: nothing runs behind it', async (_, work, message) => {
  const guard = createGuard();
  expect(await guard.run(() => Promise.resolve(divide(7, 2)))).toBe(3);
  const run = guard.run(async () => { await Promise.resolve(); return work(); }); // prettier-ignore
  await expect(run).rejects.toThrow(LanError);
  await expect(run).rejects.toThrow(message);
  expect(guard.ended!.message).toMatch(message);
  let ran = false;
  await expect(guard.run(() => Promise.resolve((ran = true)))).rejects.toBe(guard.ended);
  expect(ran).toBe(false);
}); // prettier-ignore

test('a refusal leaves it whole', async () => {
  const guard = createGuard();
  const refusal = new Error('failed to call OrtRun(). ERROR_CODE: 1, ERROR_MESSAGE: axis 9 is not in valid range [-1,0]');
  await expect(guard.run(() => Promise.reject(refusal))).rejects.toBe(refusal);
  expect(guard.ended).toBeUndefined();
  expect(await guard.run(() => Promise.resolve(1))).toBe(1);
  expect([isFatal(new LanError('model', 'std::bad_alloc')), isFatal(new TypeError('x is not a function'))]).toEqual([
    false,
    false,
  ]);
});

test('whoever calls the library can ask for it', async () => {
  expect(runtimeEnded()).toBeUndefined();
  await expect(guard.run(() => Promise.resolve().then(() => divide(1, 0)))).rejects.toThrow(LanError);
  expect(runtimeEnded()).toMatchObject({ code: 'runtime', problem: 'onnxruntime ended in WebAssembly (divide by zero).' });
});
