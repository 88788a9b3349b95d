// A page has its worker: what dies on a hostile file is that, and the page starts another. What takes without end the page ends, which is told here when.
import type { ModelSource } from '../../../model/source.js';
import type { TriedAs } from '../../../model/trial-memory.js';
import { trialSeconds } from '../../../model/trial-time.js';
import { startRuntime } from '../../start.js';
import { runtimeOptions } from '../../runtime.js';

/** Whether a file is tried in a process of its own first; in a browser it never is, but nobody is told how long it may take. */
export interface TrustOptions {
  readonly trust?: boolean;
}

/**
 * A file may take so many times the seconds of a trial in Node: what is tried there is done once more, WebAssembly takes three times as long, and how busy the
 * machine is a page cannot see.
 */
const PATIENCE = 4;

/** Nothing is tried beforehand; whoever watches is told how long what comes may take. */
export async function tryUnlessTrusted(
  source: Pick<ModelSource, 'name' | 'packaged' | 'size' | 'model'>,
  _from: string | Uint8Array,
  _what: TriedAs,
  options: TrustOptions & Readonly<Record<string, unknown>>,
): Promise<void> {
  const { onLimit } = runtimeOptions();
  if (!onLimit || source.packaged || options.trust) return;
  // Fetching the runtime is no fault of the file.
  await startRuntime();
  onLimit(PATIENCE * trialSeconds(source.model, source.size, options), source.name);
}
