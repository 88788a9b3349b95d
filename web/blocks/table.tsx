// Tables that can be sorted by any column and, where they are long, filtered by a word.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type * as shown from '../../src/report/page/document.js';
import { figure } from '../format.js';

/** Rows from which on a table has a field to filter it by. */
const LONG = 12;

/** Letters from which on a column is one of sentences, which a narrow screen may not squeeze to a word a line. */
const SENTENCE = 30;

/** Sorts text by its words and numbers by their size; what is not known comes last, whichever way. */
function compare(a: shown.Cell, b: shown.Cell, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order =
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
  return descending ? -order : order;
}

/** One table. */
export function Table({ caption, columns, rows }: shown.Table): VNode {
  const [by, setBy] = useState<{ column: number; descending: boolean }>();
  const [word, setWord] = useState('');
  const wanted = word.trim().toLowerCase();
  const found =
    wanted === ''
      ? rows
      : rows.filter((row) =>
          row.some((cell) =>
            String(cell ?? '')
              .toLowerCase()
              .includes(wanted),
          ),
        );
  const sorted = by ? [...found].sort((a, b) => compare(a[by.column]!, b[by.column]!, by.descending)) : found;
  const classes = columns.map(({ numeric }, column) =>
    numeric ? 'n' : rows.some((row) => String(row[column] ?? '').length >= SENTENCE) ? 'sentences' : '',
  );
  return (
    <div class="table">
      {rows.length >= LONG && (
        <div class="control">
          <label>
            <span>Filter: {caption}</span>
            <input type="search" value={word} onInput={(e) => setWord(e.currentTarget.value)} />
          </label>
          <output aria-live="polite">
            {found.length} of {rows.length}
          </output>
        </div>
      )}
      <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
        <table>
          <caption>{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ name, numeric }, i) => {
                const sorting = by?.column === i ? (by.descending ? 'descending' : 'ascending') : undefined;
                return (
                  <th key={name} scope="col" aria-sort={sorting} class={numeric ? 'n' : ''}>
                    <button
                      type="button"
                      onClick={() => setBy({ column: i, descending: by?.column === i ? !by.descending : numeric === true })}
                    >
                      {name}
                      <span aria-hidden="true">{sorting === undefined ? '' : sorting === 'ascending' ? ' ↑' : ' ↓'}</span>
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {sorted.map((row, i) => (
              <tr key={i}>
                {row.map((cell, c) => (
                  <td key={c} class={classes[c]}>
                    {typeof cell === 'string' ? <bdi>{cell}</bdi> : figure(cell, columns[c]!.percent)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
