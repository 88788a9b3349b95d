// Rows of counts, of which few are not 0, held as compressed sparse rows.
import { LanError } from '../core/errors.js';

/** Rows [length,width]: row i has `values[k]` in column `columns[k]`, k from starts[i] up to starts[i + 1]; elsewhere 0. */
export interface SparseRows {
  readonly width: number;
  readonly length: number;
  /** [length + 1]. */
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

/** From pairs [column, value] of each row. Throws LanError (`data`) for a column that is none of `width`. */
export function sparseRows(rows: readonly Iterable<readonly [column: number, value: number]>[], width: number): SparseRows {
  const starts = new Uint32Array(rows.length + 1);
  const columns: number[] = [];
  const values: number[] = [];
  rows.forEach((row, i) => {
    for (const [column, value] of row) {
      if (!(Number.isInteger(column) && column >= 0 && column < width))
        throw new LanError('data', `Row ${i + 1} has a value in column ${column}; expected columns from 0 to ${width - 1}.`);
      columns.push(column);
      values.push(value);
    }
    starts[i + 1] = columns.length;
  });
  return { width, length: rows.length, starts, columns: Uint32Array.from(columns), values: Float32Array.from(values) };
}

/** The rows of these numbers written out, [indices.length * width]. */
export function dense({ width, starts, columns, values }: SparseRows, indices: ArrayLike<number>): Float32Array {
  const out = new Float32Array(indices.length * width);
  for (let i = 0; i < indices.length; i++)
    for (let k = starts[indices[i]!]!; k < starts[indices[i]! + 1]!; k++) out[i * width + columns[k]!] = values[k]!;
  return out;
}
