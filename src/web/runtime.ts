// Which build of onnxruntime-web runs, from where, and with how many threads; said once, before the first model is opened.
import { LanError } from '../core/errors.js';
import { refuseUnknown } from '../core/options.js';
import { browser } from './browser.js';

/** How models are run. */
export interface RuntimeOptions {
  /**
   * Folder (a URL that ends in `/`) that holds `ort-wasm-simd-threaded.mjs` and `.wasm` of onnxruntime-web. Default: where the package that
   * loaded it finds them.
   */
  readonly wasm?: string;
  /**
   * Folder that holds `ort.webgpu.min.mjs` of onnxruntime-web and what belongs to it (`ort-wasm-simd-threaded.jspi.*` and `.asyncify.*`). Learning is tried on
   * WebGPU then, and moves there where the first step comes out the same in less time; a note says which. Default: it is not tried.
   */
  readonly webgpu?: string;
  /** Told before such a trial, which may take 20 seconds. */
  readonly onTrial?: () => void;
  /**
   * Told before a file is compiled and run for the first time, once WebAssembly is there: by its name, how many seconds that may take at most. A kernel that never
   * ends can only be ended from outside, with its worker. A healthy file takes a small part of them.
   */
  readonly onLimit?: (seconds: number, name: string) => void;
  /** Threads of WebAssembly. Default: the machine's, at most 8, where the page is cross-origin isolated; else 1, whatever is asked for. */
  readonly threads?: number;
}

let chosen: RuntimeOptions = {};
let loaded = false;

/** More threads than these wait for each other more than they work, on graphs of the size that a page opens. */
const MOST_THREADS = 8;

/**
 * Says how models are run. Throws LanError (`usage`) after the first model was opened: WebAssembly is started once.
 *
 * @example
 * useRuntime({ wasm: '/ort/', threads: 4 });
 */
export function useRuntime(options: RuntimeOptions): void {
  refuseUnknown('useRuntime', options, ['wasm', 'webgpu', 'onTrial', 'onLimit', 'threads']);
  if (loaded && (options.threads ?? chosen.threads) !== chosen.threads)
    throw new LanError('usage', 'WebAssembly is started already; threads are said before the first model is opened.');
  chosen = { ...chosen, ...options };
}

/** What was said; from here on it stands. */
export function runtimeOptions(): RuntimeOptions {
  loaded = true;
  return chosen;
}

/** Threads that there will be. */
export function runtimeThreads(): number {
  if (browser.crossOriginIsolated !== true) return 1;
  return chosen.threads ?? Math.min(MOST_THREADS, browser.navigator?.hardwareConcurrency ?? 1);
}
