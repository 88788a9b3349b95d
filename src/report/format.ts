// Numbers and JSON as results show them.
import { readableJson } from '../core/readable.js';

/** A value of the model's own, of which no digit may be lost to its size: 12.35, 0.0001235. */
export const fourDigits = (value: number): string => String(Number(value.toPrecision(4)));

/** An error or a metric, of which tiny is all there is to say below a thousandth: 1.2e-6, 0.998, 3. */
export const short = (value: number): string =>
  !Number.isFinite(value)
    ? String(value)
    : value !== 0 && Math.abs(value) < 1e-3
      ? value.toExponential(1)
      : String(Number(value.toPrecision(4)));

/** A count for people: 61.1 M. */
export function count(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  return String(value);
}

/** fourDigits as a number; null where there is none. */
export const inFigures = (value: number | undefined): number | null =>
  value === undefined ? null : Number(value.toPrecision(4));

/**
 * JSON in which an infinite error stays visible (JSON has no Infinity and would write null), and in which no character is obeyed by a terminal rather
 * than shown.
 */
export const toJson = (value: unknown): string => {
  const visible = (_: string, v: unknown): unknown => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v);
  return `${readableJson(JSON.stringify(value, visible, 2))}\n`;
};

/** `one input`, `3 inputs`: a number of things in a sentence. */
export const number = (n: number, thing: string): string => (n === 1 ? `one ${thing}` : `${n} ${thing}s`);
