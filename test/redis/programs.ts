// The command line in processes of its own, what they say, and what they write.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/data/files.js';
import { PROGRAM } from '../support/built.js';

export interface Started {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

/** `folder`: where they work; `environment`: what each of them is given. */
export function programs(folder: string, environment: () => Record<string, string>) {
  const at = (...parts: string[]): string => join(folder, ...parts);
  const running = new Set<ChildProcess>();
  return {
    start: (argv: readonly string[], env: Record<string, string> = {}): Started => {
      const [node, entry] = PROGRAM;
      const child = spawn(node, [entry, ...argv], { env: { ...process.env, ...environment(), ...env }, cwd: folder });
      running.add(child);
      let [out, err] = ['', ''];
      child.stdout.on('data', (data) => (out += String(data)));
      child.stderr.on('data', (data) => (err += String(data)));
      const ended = once(child, 'close').then(([code]) => (running.delete(child), code as number | null));
      return { child, out: () => out, err: () => err, ended };
    },
    killAll: async (): Promise<void> => {
      const all = [...running].map(async (child) => {
        const gone = once(child, 'close');
        child.kill('SIGKILL');
        await gone;
      });
      await Promise.all(all);
    },
    until: async (holds: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await holds())) await new Promise((done) => setTimeout(done, 20));
    },
    linesOf: (out: string): string[] =>
      existsSync(at(out, 'results.jsonl')) ? readFileSync(at(out, 'results.jsonl'), 'utf8').split('\n').slice(0, -1) : [],
    /** All files of a result by name; of the documents all but how long it took. */
    filesOf: (out: string): Map<string, string> => {
      const files = readdirSync(at(out), { recursive: true, encoding: 'utf8' }).filter((f) => statSync(at(out, f)).isFile());
      return new Map(
        files.sort().map((name) => {
          const bytes = readFileSync(at(out, name));
          const timed = name.endsWith('.json');
          return [name, timed ? bytes.toString().replace(/"(compileSeconds|learnSeconds|secondsPerStep|evidenceSeconds|seconds|resumed)": [\d.e-]+/g, '"$1": 0') : sha256(bytes)]; // prettier-ignore
        }),
      );
    },
  };
}
