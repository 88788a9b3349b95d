// Numbers for people.

/** A number with at most four digits that count, or as a percentage; a dash where there is none. */
export function figure(value: number | null | undefined, percent = false): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (percent) return `${Number((100 * value).toFixed(1))} %`;
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
