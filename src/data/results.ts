// Where results go, looked at before any work begins: what would be refused after an hour is refused in the first second.
import { rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ensureWritable, refusal, refuseOverwriting } from './files.js';

/**
 * Makes sure that result files can be written: none of them is one of `inputs`, none is a folder, and each one's folder takes files or could be
 * made. Leaves nothing behind: a run that is refused after this has made no folder. Devices and pipes are taken as they are; `undefined` entries are passed over.
 * Throws LanError (`usage`) for a result that is an input, (`write`) for one that cannot be written.
 *
 * @example
 * await prepareResults([out, junit], [model, ...pictures]);
 */
export async function prepareResults(
  outputs: readonly (string | undefined)[],
  inputs: readonly (string | undefined)[],
): Promise<void> {
  await refuseOverwriting(outputs, inputs);
  for (const path of outputs) {
    if (path === undefined) continue;
    const status = await stat(path).catch(() => undefined);
    if (status?.isDirectory()) throw refusal(path, Object.assign(new Error(), { code: 'EISDIR' }));
    if (status && !status.isFile()) continue;
    const missing = await missingFolders(dirname(path));
    await ensureWritable(dirname(path));
    // Another process may have put something there by now: then it stays.
    for (const folder of missing) await rmdir(folder).catch(() => undefined);
  }
}

/** The folder and those above it that are not there, the innermost first. */
async function missingFolders(folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = resolve(folder); !(await stat(at).catch(() => undefined)) && dirname(at) !== at; at = dirname(at))
    missing.push(at);
  return missing;
}
