// kill -9 at seeded moments: what lies there is whole, and the run that goes on ends as the unbroken one.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { random, type Random } from '../../src/core/random.js';
import { runToEnd, start, watchFolder, type Program } from './child.js';
import type { Command } from './commands.js';
import { differences, harm, referenceOf, type Reference } from './folders.js';

export interface Unbroken extends Reference {
  readonly seconds: number;
  /** Changes in the folder while it ran. */
  readonly changes: number;
}

/** Runs a command in peace. Throws where it fails, or leaves a file of its own. */
export async function unbroken(program: Program, command: Command, folder: string): Promise<Unbroken> {
  mkdirSync(join(folder, '..'), { recursive: true });
  let changes = 0;
  const stop = watchFolder(folder, () => changes++);
  const ended = await runToEnd(program, command.argv(folder));
  stop();
  if (ended.code !== 0) throw new Error(`${command.name}: the unbroken run ends ${ended.how}: ${ended.err}`);
  const reference = referenceOf(folder);
  const wrong = await harm(folder, reference);
  if (wrong.length > 0) throw new Error(`${command.name}: the unbroken run: ${wrong.join('; ')}`);
  return { ...reference, seconds: ended.seconds, changes };
}

/** When to kill: after so many seconds, or so many milliseconds after the n-th change in the folder. */
export type Moment = { readonly seconds: number } | { readonly change: number; readonly milliseconds: number };

/**
 * The moment of kill `index`. Every other one is uniform in the time that a run takes; the others lie close behind a change in the folder,
 * since most of a run's time nothing is written.
 */
export function momentOf(stream: Random, index: number, { seconds, changes }: Pick<Unbroken, 'seconds' | 'changes'>): Moment {
  const [a, b] = stream.uniform(new Float32Array(2), index) as unknown as [number, number];
  if (index % 2 === 0 || changes === 0) return { seconds: a * seconds };
  return { change: 1 + Math.floor(a * changes), milliseconds: Math.floor(b * 4) };
}

/** Runs until the moment and kills, unless the run ends before. */
export async function killAt(program: Program, argv: readonly string[], folder: string, moment: Moment): Promise<boolean> {
  mkdirSync(join(folder, '..'), { recursive: true });
  let heard = 0;
  let kill = (): void => undefined;
  const stop = watchFolder(folder, () => {
    if ('change' in moment && ++heard === moment.change) setTimeout(() => kill(), moment.milliseconds);
  });
  const run = start(program, argv);
  kill = () => void run.process.kill('SIGKILL');
  const timer = 'seconds' in moment ? setTimeout(kill, 1000 * moment.seconds) : undefined;
  const ended = await run.ended;
  clearTimeout(timer);
  stop();
  return ended.signal === 'SIGKILL';
}

export interface Tally {
  kills: number;
  /** Kills that found the run at work; the others came after its end. */
  hit: number;
  readonly violations: string[];
}

/** How often a run is killed before it is let go on to its end. */
const CHAIN = [1, 1, 2, 3];

/** At most `kills` kills of one command. `enough`: whether to begin no more, after what there was so far. */
export async function killCampaign(
  program: Program,
  command: Command,
  folder: string,
  reference: Unbroken,
  { kills, seed, enough }: { kills: number; seed: number; enough: (so: Tally) => boolean },
): Promise<Tally> {
  const tally: Tally = { kills: 0, hit: 0, violations: [] };
  const stream = random(seed, 100);
  for (let round = 0; tally.kills < kills && !enough(tally); round++) {
    const out = join(folder, `${command.name}-${round}`);
    const chain = Math.min(CHAIN[round % CHAIN.length]!, kills - tally.kills);
    for (let k = 0; k < chain; k++) {
      const moment = momentOf(stream, tally.kills, reference);
      const argv = k === 0 ? command.argv(out) : command.again(out);
      if (await killAt(program, argv, out, moment)) tally.hit++;
      tally.kills++;
      for (const wrong of await harm(out, reference)) tally.violations.push(`killed at ${JSON.stringify(moment)}: ${wrong}`);
    }
    const last = await runToEnd(program, command.again(out));
    if (last.code !== 0) tally.violations.push(`the run after ${chain} kill(s) ends ${last.how}: ${last.err.trim()}`);
    for (const wrong of differences(out, reference))
      tally.violations.push(`after ${chain} kill(s) and a run to the end: ${wrong}`);
    rmSync(out, { recursive: true, force: true });
  }
  return tally;
}
