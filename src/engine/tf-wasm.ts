// What tfjs's wasm backend needs watching for: memory that runs out without a word, and operators that it keeps for the wrong shape.
import type * as tfc from '@tensorflow/tfjs-core';
import type { Tf } from '../../adapters/op.js';

/** What is used here of the backend (tfjs-backend-wasm 4.22), which exports no type of it. */
interface WasmBackend extends tfc.KernelBackend {
  wasm: { _malloc(bytes: number): number; _free(at: number): void; readonly HEAPU8: Uint8Array };
  readSync(dataId: tfc.DataId): tfc.TypedArray;
  write(values: tfc.TypedArray, shape: number[], dtype: tfc.DataType): tfc.DataId;
  makeOutput(shape: number[], dtype: tfc.DataType): tfc.TensorInfo;
  typedArrayFromHeap(info: tfc.TensorInfo): tfc.TypedArray;
}

/** wasm's addresses have 32 bits. */
const ADDRESSABLE = 2 ** 32;

/** Thrown in place of a null pointer, which tfjs would write to. */
export class WasmMemoryError extends Error {
  override name = 'WasmMemoryError';
  constructor(
    /** What was asked for. */
    readonly bytes: number,
    /** What the heap had grown to. */
    readonly heap: number,
  ) {
    super(`${bytes} bytes were asked for with a heap of ${heap}`);
  }
}

const product = (dims: readonly number[]): number => dims.reduce((p, d) => p * d, 1);

/** Makes the present wasm backend safe. Does nothing the second time. */
function guardWasm(tf: Tf): void {
  guardBackend(tf.backend() as WasmBackend);
  for (const name of ['BatchMatMul', '_FusedMatMul']) guardKernel(tf, name, matMul);
  for (const name of ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D']) guardKernel(tf, name, conv);
  for (const name of ['MaxPool', 'AvgPool']) guardKernel(tf, name, pool);
}

/**
 * Replaces a wasm backend that ran out of memory, whose heap may be damaged, by a fresh one, which becomes tfjs's present backend.
 * Tensors of the old one are gone; disposing of them does nothing.
 */
export async function restartWasm(tf: Tf): Promise<void> {
  const factory = tf.findBackendFactory('wasm');
  const dead = tf.findBackend('wasm') as WasmBackend;
  dead.dispose = () => undefined;
  dead.disposeData = () => true;
  // Gives its gigabytes to the garbage collector.
  (dead as { wasm: unknown }).wasm = undefined;
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory);
  // Before the next module starts, which takes down who was listening then, and holds that as long as it lives.
  for (const [event, listener] of listening.splice(0)) process.removeListener(event, listener);
  await startWasm(tf);
}

/** What the present module listens to on the process; through these it, and its memory, would outlive its end. */
const listening: [event: string, listener: () => void][] = [];
const EVENTS = ['uncaughtException', 'unhandledRejection'];

/** Makes wasm tfjs's present backend, guarded; false where it does not start. */
export async function startWasm(tf: Tf): Promise<boolean> {
  const listeners = (event: string): (() => void)[] => process.listeners(event as 'exit') as (() => void)[];
  const before = EVENTS.map(listeners);
  if (!(await tf.setBackend('wasm'))) return false;
  await tf.ready();
  const added = EVENTS.flatMap((event, i) => listeners(event).filter((l) => !before[i]!.includes(l)).map((l) => [event, l] as const)); // prettier-ignore
  for (const [event, listener] of added) listening.push([event, listener]);
  guardWasm(tf);
  return true;
}

/**
 * How an error of tfjs wasm came about: the bytes that were asked for in vain; 'trap' where compiled code ended in one, as it does when its own
 * allocations fail; undefined for any other error.
 */
export function wasmFailure(error: unknown): { bytes: number; heap: number } | 'trap' | undefined {
  if (error instanceof WasmMemoryError) return error;
  // By name: a test's realm has a WebAssembly of its own.
  return error instanceof Error && error.name === 'RuntimeError' ? 'trap' : undefined;
}

/** Can the present wasm backend hand out so many bytes in one piece? */
export function wasmHas(tf: Tf, bytes: number): boolean {
  try {
    reserve(tf.backend() as WasmBackend, bytes);
    return true;
  } catch {
    return false;
  }
}

/** Size of the present wasm backend's heap, which only grows. */
export const wasmHeap = (tf: Tf): number => (tf.backend() as WasmBackend).wasm.HEAPU8.length;

const guarded = new WeakSet<object>();
/** Copies of a tensor's data for other shapes than that of its first use as a matrix, by shape; they go when it goes. */
const copies = new WeakMap<object, { readonly first: string; readonly others: Map<string, tfc.DataId> }>();

function guardBackend(backend: WasmBackend): void {
  if (guarded.has(backend)) return;
  guarded.add(backend);
  const { wasm } = backend;
  // Emscripten puts its functions in place when each is first called, over anything that stands there.
  wasm._free(wasm._malloc(1));
  const malloc = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    // A larger number would be taken modulo 2^32.
    const at = bytes < ADDRESSABLE ? malloc(bytes) : 0;
    if (at === 0 && bytes > 0) throw new WasmMemoryError(bytes, wasm.HEAPU8.length);
    return at;
  };
  const dispose = backend.disposeData.bind(backend);
  backend.disposeData = (dataId, force) => {
    const gone = dispose(dataId, force);
    if (!gone) return false;
    for (const copy of copies.get(dataId)?.others.values() ?? []) dispose(copy);
    copies.delete(dataId);
    return true;
  };
}

type Kernel = (original: tfc.KernelFunc, args: KernelArguments) => ReturnType<tfc.KernelFunc>;
interface KernelArguments {
  readonly inputs: Readonly<Record<string, tfc.TensorInfo>>;
  readonly backend: WasmBackend;
  readonly attrs: Readonly<Record<string, unknown>>;
}

function guardKernel(tf: Tf, kernelName: string, kernel: Kernel): void {
  const config = tf.getKernel(kernelName, 'wasm');
  if (guarded.has(config.kernelFunc)) return;
  const original = config.kernelFunc;
  const kernelFunc = (args: unknown): ReturnType<tfc.KernelFunc> => kernel(original, args as KernelArguments);
  guarded.add(kernelFunc);
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...config, kernelFunc });
}

/** Sees to it that XNNPACK will find so many bytes: where it does not, it writes a line to stderr, and the result stays uninitialised. */
function reserve({ wasm }: WasmBackend, bytes: number): void {
  wasm._free(wasm._malloc(Math.ceil(bytes)));
}

/** Besides what it packs, XNNPACK keeps small things. */
const MARGIN = 2 ** 16;

/**
 * A product with one matrix on the right is XNNPACK's. Its operator holds the packed matrix and is kept by the *data* of that matrix, whatever the
 * shape, and Reshape and a Transpose that moves nothing share data: so the data under a second shape is copied, once. What XNNPACK refuses, a
 * product over no elements, is zero.
 */
const matMul: Kernel = (original, args) => {
  const { a, b } = args.inputs as { a: tfc.TensorInfo; b: tfc.TensorInfo };
  const isMatrix = (t: tfc.TensorInfo): boolean => product(t.shape.slice(0, -2)) === 1;
  if (args.attrs.transposeA || args.attrs.transposeB || !isMatrix(a) || !isMatrix(b)) return original(args as never);
  const plain = args.attrs.activation === undefined;
  if (plain && (product(b.shape) === 0 || product(a.shape) === 0)) {
    const out = args.backend.makeOutput([...longer(a.shape, b.shape).slice(0, -2), a.shape.at(-2)!, b.shape.at(-1)!], 'float32');
    args.backend.typedArrayFromHeap(out).fill(0);
    return out;
  }
  const own = { ...b, dataId: dataFor(args.backend, b) };
  reserve(args.backend, 2 * 4 * product(b.shape) + MARGIN);
  return original({ ...args, inputs: { ...args.inputs, b: own } } as never);
};

const longer = (a: readonly number[], b: readonly number[]): readonly number[] => (a.length >= b.length ? a : b);

/** The data of b, or a copy of its own where the data was first multiplied under another shape. */
function dataFor(backend: WasmBackend, b: tfc.TensorInfo): tfc.DataId {
  const shape = b.shape.slice(-2).join();
  const known = copies.get(b.dataId);
  if (!known) copies.set(b.dataId, { first: shape, others: new Map() });
  if (!known || known.first === shape) return b.dataId;
  let copy = known.others.get(shape);
  if (!copy) {
    copy = backend.write(backend.readSync(b.dataId), b.shape, b.dtype);
    known.others.set(shape, copy);
  }
  return copy;
}

/** Where each of `window` elements of each position is, as pointers; positions are rounded up to tiles. */
const pointers = (x: tfc.TensorInfo, window: readonly number[], strides: readonly number[]): number => {
  const [, height = 1, width = 1] = x.shape;
  return 4 * product(window) * ((height / (strides[0] ?? 1) + 2) * (width / (strides[1] ?? 1) + 2) + 8);
};

/** As one number or two. */
const pair = (value: unknown): readonly number[] =>
  Array.isArray(value) ? (value as number[]) : [value as number, value as number];

// Its operators are kept by the data of the filter too, but also by every size that they depend on.
const conv: Kernel = (original, args) => {
  const { x, filter } = args.inputs as { x: tfc.TensorInfo; filter: tfc.TensorInfo };
  const packed = 3 * 4 * product(filter.shape);
  reserve(args.backend, packed + pointers(x, filter.shape.slice(0, 2), pair(args.attrs.strides)) + MARGIN);
  return original(args as never);
};

const pool: Kernel = (original, args) => {
  reserve(args.backend, pointers(args.inputs.x!, pair(args.attrs.filterSize), pair(args.attrs.strides)) + MARGIN);
  return original(args as never);
};
