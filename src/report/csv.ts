// Tables as CSV (RFC 4180).

/** Rows as CSV text; fields with commas, quotes or line breaks are quoted. */
export const toCsv = (rows: readonly (readonly (string | number | undefined)[])[]): string =>
  rows
    .map(
      (row) =>
        `${row.map((v) => field(v === undefined || Number.isNaN(v) ? '' : typeof v === 'string' ? inert(v) : String(v))).join(',')}\n`,
    )
    .join('');

/**
 * What a spreadsheet would take for a formula (a class called `=HYPERLINK(...)`) gets an apostrophe in front, which it shows as text; numbers,
 * negative ones too, stay as they are.
 */
const inert = (text: string): string => (/^[=+@\t\r-]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text);

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
