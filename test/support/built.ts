// The package in a process of its own: built before all tests (native/build.cjs), so that none of them reads TypeScript first, which takes longer than most
// of what they do.
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const built = (source: string): string => join(process.env['LAN_ONNX_TEST_BUILD']!, source.replace(/\.ts$/, '.js'));

/** How the command line is started: the words before its arguments. */
export const PROGRAM = [process.execPath, built('src/cli/main.ts')] as const;

/** What a module is imported by, given its path from the root: 'src/cli/main.ts'. */
export const moduleOf = (source: string): string => pathToFileURL(built(source)).href;

/** What a program in JavaScript, the text of a module, prints; its working folder is the root. */
export const printed = (script: string): string =>
  execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: 'pipe',
  });
