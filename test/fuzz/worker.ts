// One process of the campaign: runs cases that it is told, and says after each how it ended. It may die; run.ts then knows of which case.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LanError, messageOf } from '../../src/core/errors.js';
import { caseAt, type Kind } from './cases.js';

export interface Task {
  readonly kind: Kind;
  readonly seed: number;
  readonly index: number;
  readonly folder: string;
  /** Whether what a model's trial does is done in this process (see FuzzCase). */
  readonly trialHere: boolean;
}

export interface Outcome {
  readonly name: string;
  /** `fine`: it ran; `refused`: a LanError; `unexpected`: anything else that was thrown. */
  readonly end: 'fine' | 'refused' | 'unexpected';
  readonly message?: string;
  readonly seconds: number;
  /** Of the processor, by this process. */
  readonly busy: number;
  /** Largest resident set of this process so far, in bytes. */
  readonly largest: number;
}

process.on('disconnect', () => process.exit(0));
process.on('message', (task: Task) => void run(task).then((outcome) => process.send!(outcome)));
process.send!('ready');

async function run({ kind, seed, index, folder, trialHere }: Task): Promise<Outcome> {
  const { name, run: act } = await caseAt(kind, seed, index);
  const own = join(folder, String(index));
  const start = performance.now();
  const used = process.cpuUsage();
  let end: Outcome['end'] = 'fine';
  let message: string | undefined;
  try {
    await act(own, trialHere);
  } catch (error) {
    end = error instanceof LanError ? 'refused' : 'unexpected';
    message = end === 'unexpected' && error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(used);
  if (kind === 'file') await rm(own, { recursive: true, force: true });
  return { name, end, message, seconds, busy: (user + system) / 1e6, largest: 1024 * process.resourceUsage().maxRSS };
}
