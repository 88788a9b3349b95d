// Tensors kept in other files: only files inside the folder of the model, or of the file that the model is a link to, are read; links are resolved
// before that is decided.
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { LanError } from '../core/errors.js';
import { readPart } from '../data/files.js';
import { fileSize, isPlainFile, realPath } from '../data/places.js';
import { otherFile } from '../onnx/other-files.js';
import type { ExternalReader } from '../onnx/tensors.js';

/** Bytes by which a file that stands in for the data is told. */
const START = 64;

/**
 * Finds external data relative to the folder of `modelPath`; it is read when it is asked for. A cache may keep the model and its data as links to
 * another folder (Hugging Face's `snapshots/` into `blobs/`): data may lie below the folder of the model's path or below that of the file itself.
 * The returned reader throws LanError (`model`) when the location is absolute or climbs out, when the file behind it (also through a symbolic link)
 * lies below neither folder, does not exist, is no regular file, or holds fewer bytes than the tensor needs.
 */
export function externalReader(modelPath: string): ExternalReader {
  const folder = realPath(dirname(resolve(modelPath)));
  const homes = [folder, dirname(realPath(modelPath))];
  return (proto, bytes, name) => {
    const entries = new Map((proto.externalData ?? []).map((e) => [e.key, e.value]));
    const location = entries.get('location') ?? '';
    const offset = whole(entries.get('offset'), 0, name);
    const length = whole(entries.get('length'), bytes, name);
    if (location === '') throw new LanError('model', `${name}: its data is external, but no file is named.`);
    if (length !== bytes)
      throw new LanError('model', `${name}: needs ${bytes} bytes, the file promises ${length} in '${location}'.`);
    const outside = new LanError(
      'model',
      `${name}: its data '${location}' lies outside the model's folder; refused.`,
      'Copy it beside the model.',
    );
    if (isAbsolute(location)) throw outside;
    const real = found(location, homes);
    if (real === 'missing')
      throw new LanError('model', `${name}: its data file '${location}' is missing.`, 'It must lie beside the model.');
    const home = homes.find((f) => inside(real, f));
    if (home === undefined) throw outside;
    if (!isPlainFile(real)) throw new LanError('model', `${name}: its data '${location}' is not a file.`);
    const size = fileSize(real)!;
    const other = offset + bytes > size ? otherFile(readPart(real, 0, Math.min(size, START), name)) : undefined;
    if (other) throw new LanError('model', `${name}: its data '${location}' has ${size} bytes: ${other.what}.`, other.advice);
    if (offset + bytes > size)
      throw new LanError(
        'model',
        `${name}: needs bytes ${offset} to ${offset + bytes} of '${location}', which has ${size}. Is it truncated?`,
      );
    const place = { folder: home, location: relative(home, real), offset };
    return { place, read: () => readPart(real, offset, bytes, `${name}: '${location}'`) };
  };
}

/** The file behind a location in the first of the folders that has it; 'missing' in none, '' where it would climb out of them. */
function found(location: string, homes: readonly string[]): string {
  let missing = false;
  for (const home of homes) {
    const wanted = resolve(home, location);
    if (!inside(wanted, home)) continue;
    try {
      return realPath(wanted);
    } catch {
      missing = true;
    }
  }
  return missing ? 'missing' : '';
}

const inside = (path: string, folder: string): boolean => path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

function whole(value: string | undefined, fallback: number, name: string): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new LanError('model', `${name}: '${value}' is not a byte count.`);
  return number;
}
