// make fuzz: damaged models and files through the library, in processes that may die. Prints figures; exits with 1 where something did not hold.
import { fork, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { caseAt, type Kind } from './cases.js';
import type { Outcome, Task } from './worker.js';

/** What a case may take before it counts as a hang, and a process before it counts as a flood. */
const HANG_MS = 10_000;
const FLOOD = 1.5e9;
/** Cases after which a process is replaced, so that what one of them holds is not laid at another's door. */
const CASES_A_PROCESS = 2000;

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '100000' },
    files: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    jobs: { type: 'string', default: '2' },
    keep: { type: 'string', default: 'out/fuzz' },
  },
});
const seed = Number(values.seed);
const until = performance.now() + 1000 * Number(values.seconds);

interface Tally {
  ran: number;
  fine: number;
  refused: number;
  slowest: number;
  rss: number;
  readonly broken: { index: number; name: string; what: string }[];
}

/** Numbers of cases, handed out in order to whichever process is free. */
function counter(first: number, count: number): () => number | undefined {
  let next = first;
  return () => (next < first + count && performance.now() < until ? next++ : undefined);
}

async function campaign(kind: Kind, count: number): Promise<Tally> {
  const tally: Tally = { ran: 0, fine: 0, refused: 0, slowest: 0, rss: 0, broken: [] };
  const folder = await mkdtemp(join(tmpdir(), 'lan-onnx-fuzz-'));
  const next = counter(Number(values.from), count);
  try {
    await Promise.all(Array.from({ length: Number(values.jobs) }, () => oneAfterTheOther(kind, folder, next, tally)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return tally;
}

async function oneAfterTheOther(kind: Kind, folder: string, next: () => number | undefined, tally: Tally): Promise<void> {
  let child: ChildProcess | undefined;
  let served = 0;
  for (let index = next(); index !== undefined; index = next()) {
    if (!child || served++ >= CASES_A_PROCESS) {
      child?.kill();
      child = await started();
      served = 0;
    }
    const found = await ask(child, { kind, seed, index, folder });
    if (typeof found === 'string') child = undefined;
    await count(kind, index, found, tally);
  }
  child?.kill();
}

async function started(): Promise<ChildProcess> {
  const child = fork(new URL('./worker.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  await new Promise((resolve) => child.once('message', resolve));
  return child;
}

/** How the case ended, or why its process is gone. */
function ask(child: ChildProcess, task: Task): Promise<Outcome | string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 3 * HANG_MS);
    const end = (result: Outcome | string): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(result);
    };
    child.once('message', (outcome: Outcome) => end(outcome));
    child.once('exit', (code, signal) => end(`the process ended by ${signal ?? `exit ${code}`}`));
    child.send(task);
  });
}

async function count(kind: Kind, index: number, found: Outcome | string, tally: Tally): Promise<void> {
  tally.ran++;
  const broken = async (name: string, what: string): Promise<void> => {
    tally.broken.push({ index, name, what });
    const { bytes } = await caseAt(kind, seed, index);
    await mkdir(values.keep, { recursive: true });
    await writeFile(join(values.keep, `${kind}-${seed}-${index}`), bytes);
    process.stdout.write(`${kind} ${index} (${name}): ${what}\n`);
  };
  if (typeof found === 'string') return broken('?', found);
  if (found.end !== 'unexpected') tally[found.end]++;
  tally.slowest = Math.max(tally.slowest, found.ms);
  if (found.end === 'unexpected') await broken(found.name, `unexpected error: ${found.message}`);
  if (found.ms > HANG_MS) await broken(found.name, `took ${(found.ms / 1000).toFixed(1)} s`);
  if (found.rss > FLOOD && tally.rss <= FLOOD) await broken(found.name, `the process came to ${(found.rss / 1e9).toFixed(2)} GB`);
  tally.rss = Math.max(tally.rss, found.rss);
}

let failed = false;
for (const [kind, wanted] of [
  ['file', values.files],
  ['model', values.models],
] as const) {
  const t = await campaign(kind, Number(wanted));
  failed ||= t.broken.length > 0;
  process.stdout.write(
    `${kind}s: ${t.ran} of ${wanted} (seed ${seed}): ${t.fine} ran, ${t.refused} refused in one sentence, ${t.broken.length} broken; slowest ${(t.slowest / 1000).toFixed(1)} s, largest process ${(t.rss / 1e9).toFixed(2)} GB\n`,
  );
}
process.exitCode = failed ? 1 : 0;
