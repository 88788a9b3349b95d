// docs/families.md: many architecture families through inspect, check and audit, each of the models that export.py has written. `make families` runs both.
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Family, Outcome, Tried } from './family.js';

const PAGE = join(import.meta.dirname, '../../docs/families.md');
/** A family that takes longer is one that hangs. */
const LIMIT_MS = 900_000;

/** One that is done, or that could not be made at all. */
export interface Row extends Family {
  readonly tried?: Tried;
}

/** A child that dies or hangs is the finding, not the end. */
async function runOne(child: ChildProcess, family: Family, folder: string): Promise<Tried> {
  const dead = (says: string): Tried => {
    const out: Outcome = { is: 'broken', says };
    return { inspect: out, check: out, audit: out, seconds: 0 };
  };
  return new Promise((done) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      done(dead(`not done after ${LIMIT_MS / 1000} s`));
    }, LIMIT_MS);
    const end = (result: Tried): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      done(result);
    };
    child.once('message', (m) => end(m as Tried));
    child.once('exit', (code, signal) => end(dead(`the process ended (${signal ?? code})`)));
    child.send({ family, folder });
  });
}

/** Runs what is not done, `processes` at a time, and keeps results.json up to date. */
async function runAll(folder: string, only: RegExp, processes: number): Promise<Row[]> {
  const families = JSON.parse(readFileSync(join(folder, 'families.json'), 'utf8')) as Family[];
  const store = join(folder, 'results.json');
  const done: Record<string, Tried> = existsSync(store) ? (JSON.parse(readFileSync(store, 'utf8')) as Record<string, Tried>) : {};
  const left = families.filter((f) => f.file !== undefined && only.test(f.name) && !(f.name in done));
  const worker = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    for (let f = left.shift(); f; f = left.shift()) {
      // One that was ended for hanging may not know yet.
      if (!child?.connected || child.killed)
        child = fork(join(import.meta.dirname, 'family.ts'), { execArgv: ['--import', 'tsx'] });
      const tried = await runOne(child, f, folder);
      done[f.name] = tried;
      writeFileSync(store, JSON.stringify(done, undefined, 1));
      const mark = (o: Outcome): string => (o.is === 'fine' ? o.is : `${o.is}: ${o.says.slice(0, 160)}`);
      process.stderr.write(
        `${f.name} (${tried.seconds.toFixed(1)} s): ${[tried.inspect, tried.check, tried.audit].map(mark).join(' | ')}\n`,
      );
    }
    child?.disconnect();
  };
  await Promise.all(Array.from({ length: processes }, worker));
  return families.map((f) => ({ ...f, ...(done[f.name] ? { tried: done[f.name] } : {}) }));
}

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: tsx tools/families/table.ts FOLDER [PATTERN]\n');
  process.exit(2);
}
const rows = await runAll(resolve(folder), new RegExp(rest[0] ?? ''), Number(process.env['FAMILIES_PROCESSES'] ?? 2));
const { familiesPage } = await import('./page.js');
// Of a package that is not installed nobody knows the names: then all that the page has may still be there.
const names = join(folder, 'names.json');
const known = existsSync(names) ? new Set(JSON.parse(readFileSync(names, 'utf8')) as string[]) : undefined;
writeFileSync(PAGE, familiesPage(rows, existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '', known));
