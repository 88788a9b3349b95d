// What a folder of results holds: which files, whether each is whole, and what of it has to be the same in every run.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { decodeNpy } from '../../src/data/npy.js';
import { decodePixels } from '../../src/data/images.js';
import { decodeSafetensors } from '../../src/data/safetensors.js';
import { decodeModel } from '../../src/onnx/codec.js';

/** All files under `folder`, by their path in it, sorted. */
export function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return (readdirSync(folder, { recursive: true }) as string[]).filter((f) => !isFolder(join(folder, f))).sort(); // prettier-ignore
}

/** A file may vanish between the listing and this look at it (a temporary file of a process that still runs). */
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Files that belong to a run in progress and to nobody else: temporary files, locks. */
export const isLeftover = (file: string): boolean => basename(file).startsWith('.') || /\.(tmp|lock)$/.test(file);

/** Files that grow: what a run has done so far. A last line that was cut off is allowed; the next run drops it. */
const grows = (file: string): boolean => file.endsWith('.jsonl');

/** Why a file is not whole, or undefined. */
export async function brokenBecause(path: string): Promise<string | undefined> {
  try {
    const bytes = readFileSync(path);
    const text = (): string => bytes.toString('utf8');
    const ending = (wanted: string): void => {
      if (!text().endsWith(wanted)) throw new Error(`does not end with ${JSON.stringify(wanted)}`);
    };
    switch (extname(path)) {
      case '.json':
        JSON.parse(text());
        break;
      case '.jsonl':
        for (const line of text().split('\n').slice(0, -1)) JSON.parse(line);
        break;
      case '.png':
        await decodePixels(path);
        break;
      case '.npy':
        decodeNpy(bytes, path);
        break;
      case '.onnx':
        decodeModel(bytes, path);
        break;
      case '.checkpoint':
        decodeSafetensors(bytes, path);
        break;
      case '.html':
        ending('</html>\n');
        break;
      default:
        ending('\n');
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Fields that differ from run to run: times, and how much a run took of an earlier one. */
const OF_THE_RUN = new Set(['timings', 'compileSeconds', 'throughput', 'seconds', 'resumed']);

/** What of a file in `folder` has to be the same in every run: its bytes; of JSON, all but times; of a page, all but where it lies, which the command that repeats it may say. */
export function fingerprint(path: string, folder: string): string {
  const bytes = readFileSync(path);
  const content = path.endsWith('.json')
    ? JSON.stringify(JSON.parse(bytes.toString('utf8')), (key, value: unknown) => (OF_THE_RUN.has(key) ? undefined : value))
    : path.endsWith('.html')
      ? bytes.toString('utf8').replaceAll(folder, '')
      : bytes;
  return createHash('sha256').update(content).digest('hex');
}

/** A folder as an unbroken run leaves it. */
export interface Reference {
  readonly prints: ReadonlyMap<string, string>;
  readonly bytes: ReadonlyMap<string, Buffer>;
}

export function referenceOf(folder: string): Reference {
  const files = filesOf(folder);
  return {
    prints: new Map(files.map((f) => [f, fingerprint(join(folder, f), folder)])),
    bytes: new Map(files.map((f) => [f, readFileSync(join(folder, f))])),
  };
}

/** How a folder differs from that of an unbroken run: files that miss, are too many (leftovers too) or other. */
export function differences(folder: string, { prints }: Reference): string[] {
  const files = filesOf(folder);
  return [
    ...[...prints.keys()].filter((f) => !files.includes(f)).map((f) => `${f} is not there`),
    ...files.filter((f) => !prints.has(f)).map((f) => `${f} is left over`),
    ...files
      .filter((f) => prints.has(f) && safePrint(join(folder, f), folder) !== prints.get(f))
      .map((f) => `${f} differs from an unbroken run's`),
  ];
}

const safePrint = (path: string, folder: string): string => {
  try {
    return fingerprint(path, folder);
  } catch (error) {
    return String(error);
  }
};

/**
 * What is wrong in the folder of a run that was ended from outside: files that are not whole, and journals whose lines are not the first lines
 * of the unbroken run's. `final`: results have to be the unbroken run's already (a kill); a run that ended by a signal may write what it has.
 */
export async function harm(folder: string, { prints, bytes }: Reference, final = true): Promise<string[]> {
  const found: string[] = [];
  for (const file of filesOf(folder)) {
    if (isLeftover(file)) continue;
    const path = join(folder, file);
    const broken = await brokenBecause(path);
    if (broken) found.push(`${file} is not whole: ${broken}`);
    else if (grows(file)) {
      const text = readFileSync(path, 'utf8');
      // A journal that a finished run takes away has nothing to be compared with but the results of the run that goes on with it.
      const whole = bytes.get(file)?.toString('utf8');
      if (whole !== undefined && !whole.startsWith(text)) found.push(`${file} is not a beginning of the unbroken run's`);
    } else if (final && !file.endsWith('.checkpoint') && prints.get(file) !== fingerprint(path, folder))
      found.push(`${file} is neither absent nor the unbroken run's`);
  }
  return found;
}
