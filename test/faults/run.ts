// make faults: kills, signals, full disks and two processes on one folder, over the commands that write results. Exit code 1 on any violation.
//   tsx test/faults/run.ts [--kills 100] [--seed 0] [--only audit,kills] [--minutes 10] [--limit 120]
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCommands, NAMES } from './commands.js';
import { killCampaign, unbroken, type Unbroken } from './kills.js';
import { OTHERS } from './others.js';
import { limitRuns, type Program } from './child.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '0' },
    /** Commands and kinds of faults, separated by commas; all commands or all kinds where none of them is named. */
    only: { type: 'string', default: '' },
    minutes: { type: 'string', default: '10' },
    /** Seconds after which a run counts as one that hangs; more where the machine has other work. */
    limit: { type: 'string', default: '120' },
    /** The built command line by default; with this the sources, which start more slowly. */
    sources: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const root = resolve(import.meta.dirname, '..', '..');
const built = join(root, 'dist', 'src', 'cli', 'main.js');
if (!values.sources && !existsSync(built)) throw new Error(`${built} is not there: run make build, or give --sources.`);
const program: Program = values.sources
  ? [process.execPath, '--import', 'tsx', join(root, 'src', 'cli', 'main.ts')]
  : [process.execPath, built];

const KINDS = ['kills', ...Object.keys(OTHERS)];
const only = values.only.split(',').filter(Boolean);
const unknown = only.filter((word) => !KINDS.includes(word) && !(NAMES as readonly string[]).includes(word));
if (unknown.length > 0) throw new Error(`--only: no command or kind is called ${unknown.join(', ')}. There are ${[...NAMES, ...KINDS].join(', ')}.`); // prettier-ignore
const names = NAMES.filter((name) => only.includes(name) || !NAMES.some((n) => only.includes(n)));
const kinds = KINDS.filter((kind) => only.includes(kind) || !KINDS.some((k) => only.includes(k)));

limitRuns(Number(values.limit));
const seed = Number(values.seed);
const began = performance.now();
const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`;
const enough = (): boolean => performance.now() - began > 60_000 * Number(values.minutes);
const folder = mkdtempSync(join(tmpdir(), 'lan-faults-'));
let violations = 0;
let missed = 0;
let kills = 0;
let hit = 0;

const report = (what: string, found: readonly string[]): void => {
  violations += found.length;
  say(`${what}: ${found.length === 0 ? 'no violation' : `${found.length} violation(s)`} (${seconds()})`);
  for (const sentence of found) say(`  - ${sentence}`);
};

/** Kills are dealt out in parts, so that where time is short every command gets some. */
const PART = 5;

try {
  const commands = makeCommands(join(folder, 'materials'));
  const references = new Map<string, Unbroken>();
  for (const name of names) references.set(name, await unbroken(program, commands[name], join(folder, 'unbroken', name)));
  say(`unbroken runs: ${names.map((n) => `${n} ${references.get(n)!.seconds.toFixed(1)} s, ${references.get(n)!.changes} changes`).join('; ')}`); // prettier-ignore

  const others = kinds.filter((kind) => kind !== 'kills').flatMap((kind) => names.map((name) => async (): Promise<void> => {
    if (enough()) {
      say(`${kind}, ${name}: not run, the time is up`);
      missed++;
      return;
    }
    const place = join(folder, `${kind}-${name}`);
    const result = await OTHERS[kind]!({ program, command: commands[name], folder: place, reference: references.get(name)! });
    if (result.skipped !== undefined) say(`${kind}, ${name}: skipped, ${result.skipped}`);
    else report(`${kind}, ${name}: ${result.tried} case(s)`, result.violations);
    rmSync(place, { recursive: true, force: true });
  })); // prettier-ignore

  const wanted = kinds.includes('kills') ? Number(values.kills) : 0;
  const parts: (() => Promise<void>)[] = [];
  for (let dealt = 0, part = 0; dealt < wanted; dealt += PART, part++) {
    const name = names[part % names.length]!;
    const count = Math.min(PART, wanted - dealt);
    parts.push(async () => {
      const options = { kills: count, seed: 1000 * seed + part, enough };
      const tally = await killCampaign(program, commands[name], join(folder, `kills-${part}`), references.get(name)!, options);
      missed += count - tally.kills;
      kills += tally.kills;
      hit += tally.hit;
      report(`kills ${part + 1}, ${name}: ${tally.kills} kills, ${tally.hit} of them at work`, tally.violations);
    });
  }

  // The two kinds of tasks in turn, two at a time: a run waits for the disk, and for node to start, as often as for a core.
  const queue: (() => Promise<void>)[] = [];
  for (let i = 0; i < Math.max(parts.length, others.length); i++)
    queue.push(...[parts[i], others[i]].filter((t) => t !== undefined));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) await next();
  };
  await Promise.all([worker(), worker()]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
say(
  `${kills} kills, ${hit} of them at work; ${violations} violation(s) in ${seconds()}${missed > 0 ? `; ${missed} case(s) not run for want of time` : ''}`,
);
process.exitCode = violations > 0 || missed > 0 ? 1 : 0;
