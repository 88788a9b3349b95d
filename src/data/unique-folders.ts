// One folder a result: names made from paths that anybody may have chosen.
import { basename, extname } from 'node:path';

/** What Windows keeps for devices, and what means another place everywhere. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;
/** Bytes that the result's own files need no room of: folders have names of their own, up to 255 bytes on common file systems. */
const LONGEST = 120;

/** One safe name for a folder: the file's name without its ending, and without what a file system, a terminal or a shell would obey. */
function safe(path: string): string {
  const name = basename(path.replace(/\\/g, '/'));
  const stem = basename(name, extname(name))
    .replace(/[\p{C}\p{Zl}\p{Zp}<>:"/\\|?*]/gu, '_')
    // Neither a hidden folder nor '..'; Windows drops dots and spaces at an end.
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  const short = cut(stem);
  return short === '' || RESERVED.test(short) ? `_${short}` : short;
}

/** At most LONGEST bytes of UTF-8, whole characters. */
function cut(text: string): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > LONGEST) break;
    kept += character;
  }
  return kept;
}

/**
 * A folder's name for every path, in their order: the file's name without its ending, a number behind it (`x`, `x-2`) where that is taken. The
 * names are all distinct, on file systems that fold case and accents too; each is one plain name, never hidden, '..' or absolute.
 *
 * @example
 * uniqueFolders(['a/x.png', 'b/x.png', 'c/x-2.png']); // ['x', 'x-3', 'x-2']
 */
export function uniqueFolders(paths: readonly string[]): string[] {
  const keyOf = (name: string): string => name.normalize('NFKC').toLowerCase();
  const stems = paths.map(safe);
  // The plain names go first: what is called x-2 keeps its name, wherever it stands.
  const taken = new Set<string>();
  const names = new Map<number, string>();
  stems.forEach((stem, i) => {
    if (taken.has(keyOf(stem))) return;
    taken.add(keyOf(stem));
    names.set(i, stem);
  });
  const next = new Map<string, number>();
  return stems.map((stem, i) => {
    const plain = names.get(i);
    if (plain !== undefined) return plain;
    let number = next.get(keyOf(stem)) ?? 2;
    while (taken.has(keyOf(`${stem}-${number}`))) number++;
    next.set(keyOf(stem), number + 1);
    taken.add(keyOf(`${stem}-${number}`));
    return `${stem}-${number}`;
  });
}
