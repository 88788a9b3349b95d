// What a mask says about elements with names: features of a table, words of a vocabulary. Ranked, most needed first.
import { toFloat32, type Tensor } from '../core/tensor.js';
import { orderOf } from '../lan/learn.js';
import type { BetaResult } from '../explain/audit.js';
import { fourDigits } from './format.js';

/** The elements of an input, each with a name. */
export interface Features {
  readonly kind: 'feature' | 'word' | 'element';
  /** One an element of the input. */
  readonly names: readonly string[];
  readonly values: Float32Array;
  /** How a value is written, where it is a category and `values` hold its number. */
  readonly written?: readonly (string | undefined)[];
  /** Words: the text in pieces, in order and whole; those that are elements with their number. */
  readonly pieces?: readonly { readonly text: string; readonly entry?: number }[];
  /** Arrays of several axes: their names and lengths, those of one element left out. */
  readonly axes?: readonly { readonly name: string; readonly length: number }[];
}

/** One element of an input and how needed it is. */
export interface FeatureNeed {
  /** From 0. */
  readonly index: number;
  readonly name: string;
  /** In the input. */
  readonly value: number;
  /** The category that `value` is the number of. */
  readonly category?: string;
  /** In [0,1], 1 = needed. */
  readonly attention: number;
  /** Is it among what the claim leaves as it is? Absent where no part could be replaced entirely. */
  readonly kept?: boolean;
}

/** Elements that a terminal's line names, and that documents and charts hold besides those of the text. */
const NAMED = 5;
const TOP = 15;
/** Elements of which documents hold all. */
const ALL = 256;

/** Which elements the hard claim of a beta leaves as they are, by element of its mask; undefined where there is no such claim. */
export function keptBy({ learned, evidence }: Pick<BetaResult, 'learned' | 'evidence'>): Uint8Array | undefined {
  if (!evidence.hard) return undefined;
  const values = toFloat32(orderOf(learned));
  const ranked = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
  const kept = new Uint8Array(values.length).fill(1);
  for (const i of ranked.slice(0, Math.round(evidence.hard.fraction * values.length))) kept[i] = 0;
  return kept;
}

/** Every element, most needed first; of equals the last, which is replaced last as well (see keptBy). */
export function featureNeeds(
  { names, values, written }: Features,
  beta: Pick<BetaResult, 'learned' | 'evidence'>,
): FeatureNeed[] {
  const mask = toFloat32(orderOf(beta.learned));
  const kept = keptBy(beta);
  const ranked = Array.from(names.keys()).sort((a, b) => mask[a]! - mask[b]! || b - a);
  return ranked.map((index) => ({
    index,
    name: names[index]!,
    value: values[index]!,
    ...(written?.[index] === undefined ? {} : { category: written[index] }),
    attention: 1 - mask[index]!,
    ...(kept ? { kept: kept[index] === 1 } : {}),
  }));
}

/** What a document holds: all of a few elements, else the first 15 and the words of the text. Most needed first. */
export const documented = (features: Features, needs: readonly FeatureNeed[]): readonly FeatureNeed[] =>
  needs.length <= ALL ? needs : needs.filter((n, i) => i < TOP || (features.kind === 'word' && n.value !== 0));

/** An element in words: `petal length = 4.7`, `'drive'`, `'drive' x 3`. */
export const named = (
  { kind }: Pick<Features, 'kind'>,
  { name, value, category }: Pick<FeatureNeed, 'name' | 'value' | 'category'>,
): string =>
  kind !== 'word'
    ? `${name} = ${category ?? fourDigits(value)}`
    : `'${name}'${value === 0 ? ' (not in the text)' : value === 1 ? '' : ` x ${fourDigits(value)}`}`;

/** The least attention that is written as more than 0.00. */
const NEEDED = 0.005;

/** The most needed ones in a line, at most five, none that is needed less than half as much as the first; in parentheses the attention. '' where none is needed. */
export function mostNeededText(features: Pick<Features, 'kind'>, needs: readonly FeatureNeed[]): string {
  const least = Math.max(NEEDED, (needs[0]?.attention ?? 0) / 2);
  return needs
    .slice(0, NAMED)
    .filter((n) => n.attention >= least)
    .map((n) => `${named(features, n)} (${n.attention.toFixed(2)})`)
    .join(', ');
}

/** Names that a sentence lists. */
const LEFT = 10;

/** What the hard claim leaves as it is, in a sentence; undefined where there is none. Of words: of those that stand in the text. */
export function leftText(features: Features, needs: readonly FeatureNeed[]): string | undefined {
  if (needs[0]?.kept === undefined) return undefined;
  const word = features.kind === 'word';
  const own = word ? needs.filter((n) => n.value !== 0) : needs;
  const left = own.filter((n) => n.kept);
  const names = left.slice(0, LEFT).map((n) => (word ? `'${n.name}'` : n.name));
  const more = left.length > LEFT ? ` and ${left.length - LEFT} more` : '';
  const of = word ? `${own.length} words of the text that the vocabulary has` : `${own.length} ${features.kind}s`;
  return left.length === 0
    ? `what was left: none of the ${of}`
    : `what was left: ${names.join(', ')}${more} (${left.length} of the ${of})`;
}

/** The elements of an array [1,...sample], called by their place: `frame 3, coefficient 2`; without names of axes `[3,2]`. */
export function elementsOf(x: Tensor, names: readonly string[] | undefined): Features {
  const lengths = x.dims.slice(1).filter((n) => n !== 1);
  const own = lengths.length === 0 ? [1] : lengths;
  const axes = own.map((length, i) => ({ name: names?.[i] ?? (own.length === 1 ? 'element' : `axis ${i + 1}`), length }));
  const nameOf = (index: number): string => {
    const place: number[] = [];
    let rest = index;
    for (const { length } of axes.toReversed()) {
      place.unshift(rest % length);
      rest = Math.floor(rest / length);
    }
    return names || axes.length === 1 ? place.map((at, i) => `${axes[i]!.name} ${at}`).join(', ') : `[${place.join()}]`;
  };
  const values = toFloat32(x);
  return { kind: 'element', names: Array.from(values.keys(), nameOf), values, axes };
}
