// onnxruntime's build for browsers, loaded when the first model is opened, behind the surface of its binding for Node.
import { dirname } from 'node:path';
import type * as ort from 'onnxruntime-node';
import { LanError, messageOf } from '../../../core/errors.js';
import type { Provided } from '../../../engine/faster.js';
import { browser } from '../../browser.js';
import { createGuard, guard, isFatal, type Guard } from '../../ended.js';
import { bytesAt, filesBelow } from '../../memory.js';
import { runtimeOptions, runtimeThreads } from '../../runtime.js';

/** What of the binding is used. */
export type Onnxruntime = Pick<typeof ort, 'InferenceSession' | 'Tensor'>;

type Session = ort.InferenceSession;
type Options = ort.InferenceSession.SessionOptions;

/** What it runs on where nobody says. */
export const PROVIDER = 'wasm';

/** Threads within an operator. */
export const defaultThreads = (): number => runtimeThreads();

/** The provider that is a build of its own, of several times the size. */
const GPU = 'webgpu';

/** WebGPU, where it was said from where it comes. */
export function accelerator(): Provided | undefined {
  const { webgpu, onTrial } = runtimeOptions();
  return webgpu === undefined
    ? undefined
    : { provider: GPU, name: 'WebGPU', instead: 'WebAssembly', ...(onTrial && { onTrial }) };
}

let loading: Promise<Onnxruntime> | undefined;

/** Loads it once. Throws LanError (`install`) where it cannot be loaded. */
export const loadOnnxruntime = (): Promise<Onnxruntime> => (loading ??= load());

async function load(): Promise<Onnxruntime> {
  try {
    const runtime = await import('onnxruntime-web/wasm');
    const { wasm } = runtimeOptions();
    runtime.env.wasm.numThreads = runtimeThreads();
    if (wasm !== undefined) runtime.env.wasm.wasmPaths = wasm;
    runtime.env.logLevel = 'error';
    const create = async (model: string | Uint8Array, options: Options): Promise<Session> => {
      const onGpu = options.executionProviders?.[0] === GPU;
      const from = onGpu ? await (gpu ??= loadGpu()) : (runtime as unknown as Onnxruntime);
      const own = onGpu ? gpuGuard : guard;
      return asInNode(await own.run(() => inWords(from.InferenceSession.create(...fromMemory(model, options)))), own);
    };
    return { Tensor: runtime.Tensor, InferenceSession: { create } } as Onnxruntime;
  } catch (error) {
    loading = undefined;
    throw new LanError('install', `onnxruntime-web cannot be loaded: ${messageOf(error).split('\n')[0]!}.`);
  }
}

let gpu: Promise<Onnxruntime> | undefined;
/** A WebAssembly of its own: where it ends, models still run without it. */
const gpuGuard = createGuard();

/** The build with WebGPU: the smaller one that suspends WebAssembly, where the browser can do that. Throws LanError (`install`) where there is no adapter. */
async function loadGpu(): Promise<Onnxruntime> {
  const { webgpu } = runtimeOptions();
  if (webgpu === undefined) throw new LanError('install', 'WebGPU: it was not said from where its build comes.');
  if (!(await browser.navigator?.gpu?.requestAdapter())) throw new LanError('install', 'this browser has no adapter for WebGPU');
  const folder = new URL(webgpu, import.meta.url).href;
  const runtime = (await import(`${folder}ort.webgpu.min.mjs`)) as typeof import('onnxruntime-web/webgpu');
  const build = `${folder}ort-wasm-simd-threaded.${'Suspending' in browser.WebAssembly ? 'jspi' : 'asyncify'}`;
  runtime.env.wasm.wasmPaths = { mjs: `${build}.mjs`, wasm: `${build}.wasm` };
  runtime.env.wasm.numThreads = runtimeThreads();
  runtime.env.logLevel = 'error';
  return runtime;
}

/** Version of onnxruntime-web that this was made with. */
export const ortVersion = (): string => ORT_WEB_VERSION;
declare const ORT_WEB_VERSION: string;

/** A model by its path, and the files that it names, are read from memory: nothing is fetched. */
function fromMemory(model: string | Uint8Array, options: Options): [Uint8Array, Options] {
  const { session } = (options.extra ?? {}) as { readonly session?: Readonly<Record<string, string>> };
  const { model_external_initializers_file_folder_path: named, ...others } = session ?? {};
  const folder = typeof model === 'string' ? dirname(model) : named;
  const bytes = typeof model === 'string' ? bytesAt(model) : model;
  if (folder === undefined) return [bytes, options];
  const beside = filesBelow(folder).filter((path) => !/\.(onnx|json)$/i.test(path));
  const externalData = beside.map((path) => ({ path, data: bytesAt(`${folder}/${path}`) }));
  return [bytes, { ...options, extra: { ...options.extra, session: others }, ...(externalData.length > 0 && { externalData }) }];
}

/** Where in its sources onnxruntime found fault, on the machine that built it, helps nobody here. */
const PLACE = /\/\S+\.(h|cc|cpp|hpp):\d+ /g;
const inWords = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    if (!isFatal(error) && error instanceof Error) error.message = error.message.replace(PLACE, '');
    throw error;
  });

/** Results go into arrays that were given for them, and float16 comes as its bits, as in Node. */
function asInNode(session: Session, own: Guard): Session {
  const run = async (feeds: Session['inputNames'] extends never ? never : ort.InferenceSession.OnnxValueMapType, fetches: Readonly<Record<string, ort.Tensor | null>>): Promise<Record<string, ort.Tensor>> => {
    const wanted = Object.keys(fetches);
    const results = await own.run(() => inWords(session.run(feeds, wanted)));
    return Object.fromEntries(wanted.map((name) => [name, delivered(results[name]!, fetches[name])]));
  };
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    inputMetadata: session.inputMetadata,
    outputMetadata: session.outputMetadata,
    run,
    // What has ended gives nothing back.
    release: () => (own.ended ? Promise.resolve() : session.release()),
  } as unknown as Session;
} // prettier-ignore

function delivered(result: ort.Tensor, into: ort.Tensor | null | undefined): ort.Tensor {
  const { type, dims } = result;
  const raw = result.data as Float32Array;
  const data = type === 'float16' ? new Uint16Array(raw.buffer, raw.byteOffset, raw.length) : raw;
  if (!into) return { type, dims, data } as unknown as ort.Tensor;
  (into.data as Float32Array).set(data);
  return into;
}
