// Where results go, looked at before any work begins: what would be refused after an hour is refused in the first second.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureWritable, refusal, refuseOverwriting } from './files.js';

/**
 * Makes sure that result files can be written: none of them is one of `inputs`, none is a folder, and each one's folder (made where it is not
 * there) takes files. Devices and pipes are taken as they are; `undefined` entries are passed over.
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
    if (!status || status.isFile()) await ensureWritable(dirname(path));
  }
}
