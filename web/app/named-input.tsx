// What a person gives a model that takes no pictures: a text, or a row of a table.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Words } from '../blocks/words.js';
import { Pick } from './drop.js';
import type { Handed } from './dropped.js';
import { numbersOf } from './figures.js';
import { WORDS } from './pixels.js';
import type { Piece } from './protocol.js';
import type { State } from './state.js';

/** A field for a text. */
export function TextField({ given, ask }: { readonly given: string | undefined; readonly ask: (text: string) => void }): VNode {
  const [text, setText] = useState(given ?? '');
  useEffect(() => setText(given ?? ''), [given]);
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') ask(text);
      }}
    >
      <label>
        <span>A text for the model: write it, paste it, or drop a .txt file</span>
        <textarea rows={4} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <button type="submit" class="main" disabled={text.trim() === ''}>
        Ask the model
      </button>
    </form>
  );
}

/** A field for a table, and which row and columns of it go in. */
export function RowField({
  state: { table },
  take,
  ask,
}: {
  readonly state: State;
  readonly take: (handed: Handed) => void;
  readonly ask: (row: number, columns: readonly string[] | undefined) => void;
}): VNode {
  const [row, setRow] = useState('1');
  const [columns, setColumns] = useState('');
  const read = numbersOf(row, { counts: [1] });
  const wrong = typeof read === 'string' || !Number.isInteger(read[0]) || read[0]! < 1;
  const names = columns
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return (
    <>
      <p>
        This model takes numbers: a row of a table. Where they are counts of words, drop the model again together with a file of
        these words, one a line.
      </p>
      <p class="buttons">
        <Pick text="Choose a CSV file" accept=".csv" main={!table} take={take} />
        <span class="quiet">{table ? table.name : 'or drop one; its first line holds the names of the columns'}</span>
      </p>
      {table && (
        <form
          class="ask"
          onSubmit={(event) => {
            event.preventDefault();
            if (!wrong) ask(Number(row), names.length > 0 ? names : undefined);
          }}
        >
          <div class="fields">
            <label>
              <span>Row, the first below the names being 1</span>
              <input type="text" inputMode="numeric" value={row} onInput={(e) => setRow(e.currentTarget.value)} />
            </label>
            <label>
              <span>Columns that go in, in the order of the model (all, where empty)</span>
              <input type="text" value={columns} onInput={(e) => setColumns(e.currentTarget.value)} />
            </label>
          </div>
          {wrong && (
            <p class="wrong" role="alert">
              The row is a whole number of at least 1.
            </p>
          )}
          <button type="submit" class="main" disabled={wrong}>
            Ask the model
          </button>
        </form>
      )}
    </>
  );
}

/** A text or a row, its pieces coloured by how needed they are; plain without that. */
export function Marked({ pieces, attention }: { readonly pieces: readonly Piece[]; readonly attention?: Float32Array }): VNode {
  const needOf = ({ from, to }: Piece): number => (attention && to > from ? Math.max(...attention.subarray(from, to)) : 0);
  const words = pieces
    .filter(({ text }) => text.trim() !== '')
    .map((piece) => ({
      text: piece.text,
      need: needOf(piece),
      title: piece.to === piece.from ? 'not known to the model' : attention ? `needed ${needOf(piece).toFixed(3)}` : '',
    }));
  return <Words type="words" words={words} legend={WORDS} />;
}
