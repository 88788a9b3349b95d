// Sizes and shapes for people.
import { count } from '../../src/report/format.js';
import type { ModelSummary } from './protocol.js';

/** 5 MB. */
export const bytes = (value: number): string => `${count(value)}B`.replace(/^(\d+)B$/, '$1 B');

/** `data: float32 [1,3,224,224]`. */
export function shapeOf({ name, type, declared, shape }: ModelSummary['inputs'][number]): string {
  const dims = shape ?? declared;
  return `${name}: ${type ?? 'no tensor'} ${dims ? `[${dims.map((d) => d ?? '?').join(',')}]` : ''}`.trim();
}

/** A share as a percentage with at most one digit behind the point. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

/** Numbers out of a field, or in words what was expected. `counts`: how many there may be. */
export function numbersOf(
  text: string,
  {
    counts,
    whole = false,
    nonzero = false,
  }: { readonly counts: readonly number[]; readonly whole?: boolean; readonly nonzero?: boolean },
): readonly number[] | string {
  const parts = text.split(/[\s,;x]+/).filter(Boolean);
  const values = parts.map(Number);
  const fits = (v: number): boolean =>
    Number.isFinite(v) && (!whole || (Number.isInteger(v) && v >= 1 && v <= 4096)) && !(nonzero && v === 0);
  if (counts.includes(values.length) && values.every(fits)) return values;
  const what = whole ? 'whole numbers of 1 to 4096' : nonzero ? 'numbers other than 0' : 'numbers';
  return counts.length === 1 && counts[0] === 1 ? `Expected one of ${what}.` : `Expected ${counts.join(' or ')} ${what}.`;
}

/** What the page has in place of the library's options, by which texts of the library name them in backticks. */
const FIELDS = new Set(['card', 'layout', 'size', 'resize', 'crop', 'channels', 'range', 'mean', 'std']);

/** A text of the library in the page's words: options of the card are fields of a panel, others lose their backticks. */
export const inPage = (text: string): string =>
  text
    .replace(/`(\w+)`(?:(?:, | or )`(\w+)`)*/g, (all) => {
      const names = all.match(/\w+/g)!.filter((name) => name !== 'or');
      return names.every((name) => FIELDS.has(name)) ? '“Change how the picture goes in”' : all;
    })
    .replaceAll('`labels`', 'a card (NAME.card.json) dropped with the model')
    .replace(/`([^`]+)`/g, '$1');
