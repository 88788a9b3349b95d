// 20 Newsgroups "bydate", as it was posted: folders of messages read into counts of words (Appendix C).
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LanError } from '../../core/errors.js';
import { readBytes, reasonOf } from '../../data/files.js';
import { sparseRows, type SparseRows } from '../../data/sparse.js';
import { isArchive, openArchive } from '../../data/tar.js';
import { STOP_WORDS } from './stop-words.js';

/** How messages become words. */
export interface TextChoices {
  /** Header lines whose text is kept, in lower case: `subject`; all others go. */
  readonly headers: readonly string[];
  /** Letters that a word has at least. */
  readonly shortest: number;
  /** Words at most, `UNK` among them, which stands for all others: those in most training documents. */
  readonly vocabulary: number;
  /** Training documents that a word has to be in. */
  readonly documents: number;
}

/** Documents as counts of words, and their groups. */
export interface Documents {
  readonly counts: SparseRows;
  readonly labels: Uint8Array;
  /** `group/number` of each. */
  readonly names: readonly string[];
}

/** Both parts of the data set. */
export interface Newsgroups {
  readonly train: Documents;
  readonly test: Documents;
  readonly groups: readonly string[];
  /** [width]: entry 0 is UNK. */
  readonly vocabulary: readonly string[];
  /** What was read, for reports; without paths. */
  readonly source: string;
}

/** The entry of all words that the vocabulary lacks. */
export const UNK = 'UNK';
/** Its entry of the vocabulary. */
export const UNK_COLUMN = 0;

const EXPECTED =
  'Give `data`: 20news-bydate.tar.gz, or the folder that it unpacks to, with 20news-bydate-train/GROUP/* and 20news-bydate-test/GROUP/*.';

interface Message {
  readonly split: 'train' | 'test';
  readonly group: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Throws LanError (`data`) where there is no path, or not what was expected at it. */
export async function readNewsgroups(path: string | undefined, choices: TextChoices): Promise<Newsgroups> {
  if (path === undefined) throw new LanError('data', '20 Newsgroups does not come with the package, so there are no documents to train on.', EXPECTED); // prettier-ignore
  const messages = isArchive(path) ? await inArchive(path) : await inFolder(path);
  const groups = groupsOf(path, messages);
  const words = messages.map(({ bytes }) => wordsOf(latin1.decode(bytes), choices));
  const of = (split: Message['split']): number[] => messages.flatMap((m, i) => (m.split === split ? [i] : []));
  const vocabulary = vocabularyOf(of('train').map((i) => words[i]!), choices); // prettier-ignore
  if (vocabulary.length === 1)
    throw new LanError('data', `Newsgroups '${path}': no word is in ${choices.documents} documents of the training part.`);
  const entries = new Map(vocabulary.map((word, i) => [word, i]));
  let left = 0;
  const part = (split: Message['split']): Documents => {
    const counted = of(split).map((i) => ({ i, counts: countsOf(words[i]!, entries) }));
    // UNK alone says nothing.
    const known = counted.filter(({ counts }) => counts.size > Number(counts.has(0)));
    left += counted.length - known.length;
    if (known.length === 0)
      throw new LanError('data', `Newsgroups '${path}': no document of the ${split} part has a known word.`);
    return {
      counts: sparseRows(known.map(({ counts }) => counts), vocabulary.length), // prettier-ignore
      labels: Uint8Array.from(known, ({ i }) => groups.indexOf(messages[i]!.group)),
      names: known.map(({ i }) => messages[i]!.name),
    };
  };
  const [train, test] = [part('train'), part('test')];
  const source = `20 Newsgroups bydate: ${groups.length} groups, ${train.labels.length} documents to train on and ${test.labels.length} for the test (${left} without a known word left out); ${vocabulary.length} words`;
  return { train, test, groups, vocabulary, source };
}

/** Bytes as they are: messages of 1993 are in ASCII and what their writers had. */
const latin1 = new TextDecoder('latin1');

const splitOf = (folder: string): Message['split'] | undefined => (/train/i.test(folder) ? 'train' : /test/i.test(folder) ? 'test' : undefined); // prettier-ignore

async function inArchive(path: string): Promise<Message[]> {
  return (await openArchive(path)).flatMap(({ name, data: bytes }) => {
    const [file, group, folder] = name.split('/').reverse();
    const split = splitOf(folder ?? '');
    return split && group && file && !file.startsWith('.') ? [{ split, group, name: `${group}/${file}`, bytes }] : [];
  });
}

async function inFolder(path: string): Promise<Message[]> {
  const visible = async (at: string, folders: boolean): Promise<string[]> => {
    const entries = await readdir(at, { withFileTypes: true }).catch((error: unknown) => {
      throw new LanError('data', `Newsgroups '${at}': cannot be read (${reasonOf(error)}).`, EXPECTED);
    });
    return entries.filter((e) => !e.name.startsWith('.') && (folders ? e.isDirectory() : e.isFile())).map((e) => e.name).sort(); // prettier-ignore
  };
  const messages: Message[] = [];
  for (const folder of await visible(path, true)) {
    const split = splitOf(folder);
    if (!split) continue;
    for (const group of await visible(join(path, folder), true))
      for (const file of await visible(join(path, folder, group), false))
        messages.push({ split, group, name: `${group}/${file}`, bytes: await readBytes(join(path, folder, group, file), 'Message') }); // prettier-ignore
  }
  return messages;
}

/** The groups in sorted order; both parts need all of them. */
function groupsOf(path: string, messages: readonly Message[]): string[] {
  const inPart = (split: Message['split']): string[] => [...new Set(messages.filter((m) => m.split === split).map((m) => m.group))].sort(); // prettier-ignore
  const [train, test] = [inPart('train'), inPart('test')];
  for (const [part, there, others] of [
    ['training', train, test],
    ['test', test, train],
  ] as const) {
    if (there.length === 0) throw new LanError('data', `Newsgroups '${path}': has no messages of the ${part} part.`, EXPECTED);
    const absent = others.filter((group) => !there.includes(group));
    if (absent.length > 0) throw new LanError('data', `Newsgroups '${path}': the ${part} part has no messages of the group ${absent.join(', ')}, which the other part has.`); // prettier-ignore
  }
  return train;
}

/** The words of a message: runs of letters in lower case, from the headers that are kept and from the body; short ones and stop words are left out. */
export function wordsOf(message: string, { headers, shortest }: Pick<TextChoices, 'headers' | 'shortest'>): string[] {
  const text = message.replaceAll('\r\n', '\n');
  const end = text.indexOf('\n\n');
  const head = end < 0 ? '' : text.slice(0, end);
  const body = end < 0 ? text : text.slice(end);
  // A header goes on in lines that begin with a space.
  const kept = head
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const colon = line.indexOf(':');
      return headers.includes(line.slice(0, colon).trim().toLowerCase()) ? [line.slice(colon + 1)] : [];
    });
  const found = `${kept.join('\n')}\n${body}`.toLowerCase().match(/\p{L}+/gu) ?? [];
  return found.filter((word) => word.length >= shortest && !STOP_WORDS.has(word));
}

/** UNK, then the words that are in most documents, of equals the first by the alphabet. */
function vocabularyOf(documents: readonly (readonly string[])[], { vocabulary, documents: least }: TextChoices): string[] {
  const counts = new Map<string, number>();
  for (const words of documents) for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const ranked = [...counts].filter(([, count]) => count >= least).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return [UNK, ...ranked.slice(0, vocabulary - 1).map(([word]) => word)];
}

/** How often each entry is in a document. */
function countsOf(words: readonly string[], entries: ReadonlyMap<string, number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const word of words) {
    const entry = entries.get(word) ?? 0;
    counts.set(entry, (counts.get(entry) ?? 0) + 1);
  }
  return counts;
}
