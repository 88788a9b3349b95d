// Tables of numbers: a CSV file with a line of names and a row a sample.
import { LanError } from '../core/errors.js';
import { fieldsOf } from './csv-line.js';
import { readText } from './text-files.js';

/** A CSV file, read. */
export interface Table {
  readonly path: string;
  /** Names of the columns: of the first line, or `column 1` and so on where that holds numbers alone. */
  readonly columns: readonly string[];
  /** Fields as they are written, as many a row as there are columns. */
  readonly rows: readonly (readonly string[])[];
  /** The line of each row, as editors count them. */
  readonly lines: readonly number[];
}

/** What stands for a value that is not there. */
const MISSING = /^(|\?|-|na|n\/a|nan|null|none|\.)$/i;

/** The table that was read last: a command counts its rows, asks for its columns and takes its numbers, and taking a file apart is what costs. */
let last: { readonly text: string; readonly table: Table } | undefined;

const isNumber = (field: string): boolean => field.trim() !== '' && Number.isFinite(Number(field));

/**
 * Reads a CSV file (RFC 4180, UTF-8, a row a line; blank lines are passed over). The first line holds names where one of its fields is no number. Throws
 * LanError (`data`) for a file that cannot be read or holds no row, an open quote, a name given twice, and a row with more or fewer fields than the first. A file that
 * is what it was the last time is not taken apart again; the table is shared, and not to be changed.
 */
export async function readTable(path: string): Promise<Table> {
  const text = await readText(path, 'Table');
  // By what it holds, not by its date: a file may be written twice within a tick of the clock.
  if (last?.table.path === path && last.text === text) return last.table;
  last = undefined;
  const table = parsed(path, text);
  last = { text, table };
  return table;
}

function parsed(path: string, text: string): Table {
  const where = `Table '${path}'`;
  const rows: string[][] = [];
  const lines: number[] = [];
  const all = text.split(/\r\n|\n|\r/);
  refuseSeparator(where, all);
  all.forEach((line, i) => {
    if (line.trim() === '') return;
    const fields = fieldsOf(line);
    if (!fields) throw new LanError('data', `${where}, line ${i + 1}: a quote is not closed, or text follows it.`);
    if (rows.length > 0 && fields.length !== rows[0]!.length)
      throw new LanError(
        'data',
        `${where}, line ${i + 1}: has ${fields.length} fields, where line ${lines[0]} has ${rows[0]!.length}.`,
        'Expected fields parted by commas, as many in every line.',
      );
    rows.push(fields);
    lines.push(i + 1);
  });
  const [first] = rows;
  if (!first) throw new LanError('data', `${where}: holds no row.`);
  const headed = first.some((field) => !isNumber(field) && !MISSING.test(field));
  if (!headed) return { path, columns: first.map((_, i) => `column ${i + 1}`), rows, lines };
  if (rows.length === 1) throw new LanError('data', `${where}: holds no row, only a line of names.`);
  const twice = first.find((name, i) => first.indexOf(name) !== i);
  if (twice !== undefined) throw new LanError('data', `${where}: two columns are called '${twice}'.`);
  return { path, columns: first, rows: rows.slice(1), lines: lines.slice(1) };
}

/** What parts fields where it is not a comma, as spreadsheets of countries with decimal commas have it. */
const OTHER_SEPARATORS = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
] as const;

/** Throws LanError (`data`) where the first two lines are parted by something else: they would be one column, or be cut at decimal commas. */
function refuseSeparator(where: string, lines: readonly string[]): void {
  const [names = '', row = ''] = lines.filter((line) => line.trim() !== '');
  const parts = (line: string, by: string): number =>
    line
      .replace(/"[^"]*"/g, '')
      .trim()
      .split(by).length;
  const found = OTHER_SEPARATORS.find(([by]) => parts(names, by) > 1 && parts(names, ',') === 1 && parts(row, by) === parts(names, by)); // prettier-ignore
  if (found)
    throw new LanError(
      'data',
      `${where}: its fields are parted by ${found[1]}.`,
      'Write it with commas between fields, and with points in numbers.',
    );
}

/** Names that a message lists. */
const NAMED = 12;
const listed = (names: readonly string[]): string =>
  names.length > NAMED ? `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more` : names.join(', ');

/**
 * The columns that a model takes, by number: those called `wanted`, in that order, else all. Throws LanError (`data`) for a name that is none, and where
 * they are not `count`.
 */
export function columnsFor(table: Table, count: number, wanted?: readonly string[]): number[] {
  const { path, columns } = table;
  const absent = (wanted ?? []).filter((name) => !columns.includes(name));
  if (absent.length > 0)
    throw new LanError(
      'data',
      `Table '${path}': has no column ${absent.map((name) => `'${name}'`).join(', ')}.`,
      `Its columns are: ${listed(columns)}.`,
    );
  const twice = wanted?.find((name, i) => wanted.indexOf(name) !== i);
  if (twice !== undefined) throw new LanError('data', `\`columns\` names '${twice}' twice.`, 'Name each column once.');
  const chosen = wanted?.map((name) => columns.indexOf(name)) ?? columns.map((_, i) => i);
  if (chosen.length === count) return chosen;
  throw new LanError(
    'data',
    wanted
      ? `\`columns\` names ${chosen.length} columns of '${path}', and the model takes ${count} numbers.`
      : `Table '${path}': has ${columns.length} columns, and the model takes ${count} numbers.`,
    `Name those that it takes, in its order, with \`columns\`; the table has: ${listed(columns)}.`,
  );
}

/** How the field of a column becomes a number: by its place among categories, one more than the last for any other; else as it is written. */
export type Categories = readonly (readonly string[] | undefined)[];

/** The number that a field stands for; undefined where it is none. `known`: of a column of categories. */
function numberOf(field: string, known: readonly string[] | undefined): number | undefined {
  if (!known) return isNumber(field) ? Number(field) : undefined;
  const place = known.indexOf(field);
  if (place >= 0) return place;
  return MISSING.test(field) ? undefined : known.length;
}

/** A value that is not there, or no number; by its row (from 0) and its column. */
function refusal({ path, columns, rows, lines }: Table, row: number, column: number): LanError {
  const field = rows[row]![column]!;
  const what = MISSING.test(field) ? 'is missing' : `is no number, but '${field.slice(0, 40)}'`;
  return new LanError('data', `Table '${path}', row ${row + 1} (line ${lines[row]}): '${columns[column]}' ${what}.`);
}

/**
 * The numbers of a row (from 0) in these columns; `categories`: of each of them. Throws LanError (`data`) naming the first that is missing or none, and for a row
 * that is not there.
 */
export function numbersIn(table: Table, row: number, columns: readonly number[], categories: Categories = []): Float32Array {
  const fields = table.rows[row];
  if (!fields)
    throw new LanError(
      'data',
      `Table '${table.path}': has no row ${row + 1}; it has ${table.rows.length}.`,
      'Row 1 is the first below the names.',
    );
  const numbers = columns.map((c, i) => numberOf(fields[c]!, categories[i]));
  const wrong = numbers.indexOf(undefined);
  if (wrong >= 0) throw refusal(table, row, columns[wrong]!);
  return Float32Array.from(numbers as number[]);
}

/**
 * Those rows of a table that are whole: [n * columns.length] numbers row by row, and how many were left out since a value is missing. Throws LanError
 * (`data`) for a field that is neither a number nor missing, and where no row is whole.
 */
export function wholeRows(
  table: Table,
  columns: readonly number[],
  categories: Categories = [],
): { readonly values: Float32Array; readonly leftOut: number } {
  const whole: number[] = [];
  let leftOut = 0;
  table.rows.forEach((fields, row) => {
    const numbers = columns.map((c, i) => numberOf(fields[c]!, categories[i]));
    const wrong = columns[numbers.indexOf(undefined)];
    if (wrong === undefined) whole.push(...(numbers as number[]));
    else if (MISSING.test(fields[wrong]!)) leftOut++;
    else throw refusal(table, row, wrong);
  });
  if (whole.length === 0) throw new LanError('data', `Table '${table.path}': has no row without a missing value.`);
  return { values: Float32Array.from(whole), leftOut };
}
