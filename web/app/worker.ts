// The worker behind the page: holds the model, learns masks and measures them; the page only draws. What dies on a hostile file is this, and the page
// starts another.
import { messageOf } from '../../src/core/errors.js';
import { version } from '../../src/core/version.js';
import { inWords } from '../../src/engine/in-words.js';
import { MORE_MEMORY } from '../../src/engine/more-memory.js';
import { defaultThreads } from '../../src/engine/onnxruntime.js';
import { LanError, runtimeEnded, useRuntime } from '../../src/web/index.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { Session } from './session.js';
import { nameOf } from './summary.js';

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
  else last = last.then(() => session.do(data)).then(() => runtimeEnded() && failed(data, runtimeEnded()), (error: unknown) => failed(data, error)); // prettier-ignore
};

const STRANGER = 'Do not use this file unless you know who made it.';

/**
 * A runtime that has ended is lost, whatever was made of its error on the way. So it is with whatever is no error of this package: it is a defect, and nothing is
 * known of the state.
 */
function failed(asked: ToWorker, error: unknown): void {
  const of = { during: asked.type, ...(asked.type === 'open' && { id: asked.id }) };
  const end = runtimeEnded();
  if (end) {
    const name = asked.type === 'open' ? `${nameOf(asked.files)}: ` : '';
    say({ type: 'failed', ...of, code: 'crashed', problem: `${name}${end.problem}`, advice: end.code === 'memory' ? MORE_MEMORY : STRANGER }); // prettier-ignore
    return;
  }
  if (error instanceof LanError) {
    // The message of several has the advice in it.
    const { code, problem, advice } = error;
    if (error.constructor === LanError) say({ type: 'failed', ...of, code, problem, advice });
    else say({ type: 'failed', ...of, code, problem: error.message });
    return;
  }
  // Also where memory ran out: what was being done may be half done.
  const { problem, advice } = inWords(error) ?? {
    problem: `The runtime crashed on this (${messageOf(error)})`,
    advice: STRANGER,
  };
  say({ type: 'failed', ...of, code: 'crashed', problem: `${problem[0]!.toUpperCase()}${problem.slice(1)}.`, advice });
}

/** Asks what this page is served with besides itself (src/server/site.ts), says what models run on, and is ready. */
async function begin(): Promise<void> {
  const extras = await fetch(here('extras.json'))
    .then((answer) => answer.json() as Promise<{ readonly webgpu?: string }>)
    .catch(() => undefined);
  const gpu = extras?.webgpu;
  const onLimit = (seconds: number, name: string): void => say({ type: 'limit', seconds, name });
  const onTrial = (): void => say({ type: 'phase', text: 'trying WebGPU' });
  useRuntime({ wasm: here('ort/'), ...(gpu !== undefined && { webgpu: here(gpu), onTrial }), onLimit });
  say({
    type: 'ready',
    isolated: scope.crossOriginIsolated === true,
    threads: defaultThreads(),
    webgpu: gpu !== undefined,
    version: version(),
  });
}
