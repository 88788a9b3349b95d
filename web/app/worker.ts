// The worker behind the page: holds the model, learns masks and measures them; the page only draws. What dies on a hostile file is this, and the page
// starts another.
import { version } from '../../src/core/version.js';
import { defaultThreads } from '../../src/engine/onnxruntime.js';
import { LanError, useRuntime } from '../../src/web/index.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { Session } from './session.js';

const scope = globalThis as unknown as {
  readonly crossOriginIsolated?: boolean;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
};
const say = (message: FromWorker, transfer: Transferable[] = []): void => scope.postMessage(message, transfer);

const here = (path: string): string => new URL(path, import.meta.url).href;

/** What takes the model's thread is done one after the other. */
let last = begin();
const session = new Session(say);

scope.onmessage = ({ data }) => {
  if (data.type === 'pause' || data.type === 'resume' || data.type === 'change' || data.type === 'stop') session.control(data);
  else last = last.then(() => session.do(data)).catch((error: unknown) => failed(data, error));
};

/** Whatever is no error of this package is one of the runtime's or a defect: nothing is known of its state. */
function failed(asked: ToWorker, error: unknown): void {
  const of = { during: asked.type, ...(asked.type === 'open' && { id: asked.id }) };
  if (error instanceof LanError) {
    const { code, problem, advice } = error;
    say({ type: 'failed', ...of, code, problem: error.constructor === LanError ? problem : error.message, advice });
    return;
  }
  const text = error instanceof Error ? error.message : String(error);
  const memory = /out of memory|allocat|bad_alloc|grow/i.test(text);
  say({
    type: 'failed',
    ...of,
    // Also where memory ran out: what WebAssembly holds may be half done.
    code: 'crashed',
    problem: memory ? `The browser has no memory left for this (${text}).` : `The runtime crashed on this (${text}).`,
    advice: memory ? 'Close other pages, or use the command line.' : 'Do not use this file unless you know who made it.',
  });
}

/** Asks what this page is served with besides itself (src/server/site.ts), says what models run on, and is ready. */
async function begin(): Promise<void> {
  const extras = await fetch(here('extras.json'))
    .then((answer) => answer.json() as Promise<{ readonly webgpu?: string }>)
    .catch(() => undefined);
  const gpu = extras?.webgpu;
  const onTrial = (): void => say({ type: 'phase', text: 'trying WebGPU' });
  useRuntime({ wasm: here('ort/'), ...(gpu !== undefined && { webgpu: here(gpu), onTrial }) });
  say({
    type: 'ready',
    isolated: scope.crossOriginIsolated === true,
    threads: defaultThreads(),
    webgpu: gpu !== undefined,
    version: version(),
  });
}
