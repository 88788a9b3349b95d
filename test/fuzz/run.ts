// make fuzz: damaged models and files through the library, in processes that may die. Prints figures; exits with 1 where something did not hold.
//
// What is asserted is asserted of a user's process: it lives, each case takes it and its children at most HANG s (computing or waiting, but not for a
// processor that others have) and none of them FLOOD bytes, and nothing is thrown but the library's own errors. Nearly all files are sound or refused in milliseconds, whoever runs them. So a model goes first
// through a process in which nothing is tried in another one: that does everything that a trial and a user do, in half the work. Where it ends there in
// any unusual way (the process dies, an unexpected error, more than a second, much memory), and in every twentieth case whatever happens, the case
// is run as users run it, trial and all, and that is what counts.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { caseAt, type Kind } from './cases.js';
import { Runner, type Found } from './pool.js';
import { compileInto } from './program.js';

/** What a case may take, in seconds and bytes. */
const HANG = 10;
const FLOOD = 1.5e9;
/** What is unusual: it is run as users run it. */
const LONG = 1;
const LARGE = 0.8e9;
const EVERY = 20;

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '100000' },
    files: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    jobs: { type: 'string', default: '2' },
    keep: { type: 'string', default: 'out/fuzz' },
    /** Seconds between two lines that say how far it is; 0: none. */
    progress: { type: 'string', default: '60' },
  },
});
const seed = Number(values.seed);
const until = performance.now() + 1000 * Number(values.seconds);

interface Tally {
  ran: number;
  fine: number;
  refused: number;
  /** Run as users run it, and those of them whose process had died when nothing was tried before. */
  whole: number;
  deaths: number;
  slowest: number;
  largest: number;
  readonly broken: string[];
}

const figures = (kind: Kind, wanted: number, t: Tally): string => {
  const whole =
    kind === 'model'
      ? `; ${t.whole} of them with their trial, of which ${t.deaths} would have ended a process that trusts them`
      : '';
  return `${kind}s: ${t.ran} of ${wanted} from ${values.from} (seed ${seed}): ${t.fine} ran, ${t.refused} refused in one sentence, ${t.broken.length} broken; slowest ${t.slowest.toFixed(1)} s, largest process ${(t.largest / 1e9).toFixed(2)} GB${whole}\n`;
};

/** Numbers of cases, handed out in order to whichever process is free. */
function counter(first: number, count: number): () => number | undefined {
  let next = first;
  return () => (next < first + count && performance.now() < until ? next++ : undefined);
}

async function campaign(kind: Kind, count: number, program: string): Promise<Tally> {
  const tally: Tally = { ran: 0, fine: 0, refused: 0, whole: 0, deaths: 0, slowest: 0, largest: 0, broken: [] };
  const folder = await mkdtemp(join(tmpdir(), 'lan-onnx-fuzz-'));
  const next = counter(Number(values.from), count);
  const every = Number(values.progress);
  const said = every > 0 ? setInterval(() => process.stdout.write(`  ${figures(kind, count, tally)}`), 1000 * every) : undefined;
  try {
    await Promise.all(Array.from({ length: Number(values.jobs) }, () => oneAfterTheOther(kind, folder, next, tally, program)));
  } finally {
    clearInterval(said);
    await rm(folder, { recursive: true, force: true });
  }
  return tally;
}

async function oneAfterTheOther(
  kind: Kind,
  folder: string,
  next: () => number | undefined,
  tally: Tally,
  program: string,
): Promise<void> {
  const [trusting, whole] = [new Runner(program, { LAN_ONNX_TRUST: '1' }), new Runner(program, { LAN_ONNX_TRUST: '' })];
  try {
    for (let index = next(); index !== undefined; index = next()) {
      const task = { kind, seed, index, folder };
      const first = kind === 'model' && index % EVERY !== 0 ? await trusting.ask({ ...task, trialHere: true }) : undefined;
      if (first && first.largest > LARGE) trusting.end();
      if (first?.death !== undefined) tally.deaths++;
      if (first && usual(first)) await count(kind, index, first, tally);
      else {
        tally.whole++;
        const found = await whole.ask({ ...task, trialHere: false });
        if (found.largest > LARGE) whole.end();
        await count(kind, index, found, tally);
      }
    }
  } finally {
    trusting.end();
    whole.end();
  }
}

const usual = ({ outcome, seconds, largest }: Found): boolean =>
  outcome !== undefined && outcome.end !== 'unexpected' && seconds <= LONG && largest <= LARGE;

async function count(kind: Kind, index: number, { outcome, death, seconds, largest }: Found, tally: Tally): Promise<void> {
  tally.ran++;
  tally.slowest = Math.max(tally.slowest, seconds);
  tally.largest = Math.max(tally.largest, largest);
  const wrong = [
    ...(death === undefined ? [] : [death]),
    ...(outcome?.end === 'unexpected' ? [`unexpected error: ${outcome.message}`] : []),
    ...(seconds > HANG ? [`took ${seconds.toFixed(1)} s`] : []),
    ...(largest > FLOOD ? [`a process came to ${(largest / 1e9).toFixed(2)} GB`] : []),
  ];
  if (wrong.length === 0) {
    tally[outcome!.end as 'fine' | 'refused']++;
    return;
  }
  const { name, bytes } = await caseAt(kind, seed, index);
  await mkdir(values.keep, { recursive: true });
  await writeFile(join(values.keep, `${kind}-${seed}-${index}`), bytes);
  const line = `${kind} ${index} (${name}): ${wrong.join('; ')}`;
  tally.broken.push(line);
  process.stdout.write(`${line}\n`);
}

// Within the checkout, whose packages it imports; a folder of its own, since two campaigns may run at once.
const compiled = resolve(import.meta.dirname, `../../out/fuzz-program-${process.pid}`);
const program = await compileInto(compiled);
let failed = false;
for (const [kind, wanted] of [
  ['file', Number(values.files)],
  ['model', Number(values.models)],
] as const) {
  const began = performance.now();
  const tally = await campaign(kind, wanted, program);
  failed ||= tally.broken.length > 0;
  process.stdout.write(
    `${figures(kind, wanted, tally).trimEnd()}; ${(tally.ran / ((performance.now() - began) / 1000)).toFixed(1)} a second\n`,
  );
}
await rm(compiled, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;
