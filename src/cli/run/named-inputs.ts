// The texts, files and rows that audit is given, as inputs with what they are called.
import { existsSync, statSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import type { NamedInput } from '../../api/audit-all.js';
import { LanError } from '../../core/errors.js';
import { readTable } from '../../data/table.js';
import { readText, textPaths } from '../../data/text-files.js';

/** What the flags say. */
interface Given {
  readonly text?: readonly string[];
  readonly file?: readonly string[];
  readonly csv?: string;
  readonly row?: readonly number[];
  readonly axes?: readonly string[];
}

/** Endings of files of text: who types one means a file, also where there is none. */
const TEXT_FILE = /^\S+\.(txt|text|md|html?|eml|json|csv|tex|rst)$/i;

/**
 * The inputs of a command, in the order of the flags: texts, files, rows. Throws LanError (`data`) for what cannot be read, (`usage`) for --axes beside anything but an array.
 */
export async function namedInputs({ text = [], file = [], csv, row, axes }: Given, command: string): Promise<NamedInput[]> {
  const [flag] = Object.entries({ text, file, csv }).find(([, value]) => value !== undefined && value.length > 0) ?? [];
  if (axes && flag !== undefined)
    throw new LanError(
      'usage',
      `${command}: --axes names the axes of an array, and --${flag} gives none. Leave one of them out.`,
    );
  const inputs: NamedInput[] = [];
  for (const [i, given] of text.entries()) inputs.push(...(await textsOf(given, text.length > 1 ? `text ${i + 1}` : 'text')));
  for (const path of file) inputs.push({ path, input: { file: path } });
  if (csv === undefined) return inputs;
  const rows = row ?? Array.from({ length: (await readTable(csv)).rows.length }, (_, i) => i + 1);
  return [...inputs, ...rows.map((n) => ({ path: `${csv}, row ${n}`, input: { csv, row: n } }))];
}

/** A file, the files of a folder, standard input, or the text itself, which is called `name`. */
async function textsOf(given: string, name: string): Promise<NamedInput[]> {
  if (given === '-') return [{ path: 'standard input', input: { text: await readAll(process.stdin), name: 'standard input' } }];
  // A text may be longer than any name of a file.
  const there = given.length < 4096 && !given.includes('\n') && existsSync(given);
  if (!there && TEXT_FILE.test(given))
    throw new LanError(
      'data',
      `Text '${given}': no such file or folder.`,
      'Give a file, - for standard input, or the text itself.',
    );
  if (!there) return [{ path: name, input: { text: given } }];
  const paths = statSync(given).isDirectory() ? await textPaths(given) : [given];
  const inputs: NamedInput[] = [];
  for (const path of paths) inputs.push({ path, input: { text: await readText(path, 'Text'), name: path } });
  return inputs;
}
