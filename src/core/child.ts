// A process of this program's own beside a module: one kind of child for whatever may die or is to run at the same time.
import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Starts the program `name` in the folder of the module at `url` (its import.meta.url), compiled or not. It shares no stream with this process, and is
 * spoken to by messages that may hold bytes.
 */
export function startBeside(url: string, name: string): ChildProcess {
  const source = url.endsWith('.ts');
  return fork(new URL(`./${name}${source ? '.ts' : '.js'}`, url), {
    // The loader of a checkout, wherever the program was started.
    execArgv: source ? ['--import', pathToFileURL(createRequire(url).resolve('tsx')).href] : [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}
