// Tensors kept in other files: only files inside the model's own folder are read, links resolved first.
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { LanError } from '../core/errors.js';
import type { ExternalReader } from './tensors.js';

/**
 * Reads external data relative to the folder of `modelPath`. The returned reader throws LanError when the location is absolute, leaves the
 * folder (also through a symbolic link), does not exist, or holds fewer bytes than the tensor needs.
 */
export function externalReader(modelPath: string): ExternalReader {
  const folder = realpathSync(dirname(resolve(modelPath)));
  return (proto, bytes, name) => {
    const entries = Object.fromEntries((proto.externalData ?? []).map((e) => [e.key, e.value]));
    const location = entries['location'] ?? '';
    const offset = whole(entries['offset'], 0, name);
    const length = whole(entries['length'], bytes, name);
    if (location === '') throw new LanError(`${name}: its data is external, but no file is named.`);
    if (length !== bytes) throw new LanError(`${name}: needs ${bytes} bytes, the file promises ${length} in '${location}'.`);
    const outside = new LanError(
      `${name}: its data '${location}' lies outside the model's folder; refused. Copy it beside the model.`,
    );
    if (isAbsolute(location)) throw outside;
    const wanted = resolve(folder, location);
    if (!inside(wanted, folder)) throw outside;
    let real: string;
    try {
      real = realpathSync(wanted);
    } catch {
      throw new LanError(`${name}: its data file '${location}' is missing. It must lie beside the model.`);
    }
    if (!inside(real, folder)) throw outside;
    const handle = openSync(real, 'r');
    try {
      const stat = fstatSync(handle);
      if (!stat.isFile()) throw new LanError(`${name}: its data '${location}' is not a file.`);
      const size = stat.size;
      if (offset + bytes > size)
        throw new LanError(
          `${name}: needs bytes ${offset} to ${offset + bytes} of '${location}', which has ${size}. Is it truncated?`,
        );
      const out = new Uint8Array(bytes);
      let done = 0;
      while (done < bytes) {
        const got = readSync(handle, out, done, Math.min(bytes - done, 2 ** 30), offset + done);
        if (got === 0) throw new LanError(`${name}: '${location}' ended early.`);
        done += got;
      }
      return out;
    } finally {
      closeSync(handle);
    }
  };
}

const inside = (path: string, folder: string): boolean => path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

function whole(value: string | undefined, fallback: number, name: string): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new LanError(`${name}: '${value}' is not a byte count.`);
  return number;
}
