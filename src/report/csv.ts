// Tables as CSV (RFC 4180).

/** Rows as CSV text; fields with commas, quotes or line breaks are quoted. */
export const toCsv = (rows: readonly (readonly (string | number | undefined)[])[]): string =>
  rows.map((row) => `${row.map((v) => field(v === undefined || Number.isNaN(v) ? '' : String(v))).join(',')}\n`).join('');

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
