// One option of the command line: what yargs is told, what its text is turned into, and what the library calls it. Loads nothing heavy.
import type { InferredOptionType, Options } from 'yargs';
import { CONTENDERS } from '../attribution/names.js';
import { LanError } from '../core/errors.js';

/**
 * As yargs has it. `coerce` turns the text (of a list: the texts) into the value, and throws Expected for a text that is none; its result is the
 * type that a command gets. It is called by `translate`, not by yargs, which would call it before a repeated flag is noticed and would give every
 * error the class of its own.
 */
export interface Option extends Options {
  /** What the library calls it, where that is not the flag in camel case: `shapes` for --shape. */
  readonly library?: readonly string[];
  /** Takes several NAME=VALUE behind each other, and leaves alone what is none. */
  readonly pairs?: boolean;
}

/** Options by flag, without the dashes. */
export type OptionTable = Readonly<Record<string, Option>>;

/** outputKind for output-kind. */
type CamelCase<K> = K extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : K & string;

/** The values of a table's options, by name in camel case. */
export type Values<T extends OptionTable> = { readonly [K in keyof T as CamelCase<K>]: InferredOptionType<T[K]> };

/** What a text was expected to be; `translate` says of which flag. */
export class Expected extends Error {
  constructor(
    readonly expected: string,
    readonly received: string,
  ) {
    super(`expected ${expected}, received '${received}'`);
  }
}

/** `--flag: expected ..., received '...'.`: the one form in which a wrong value is refused. */
export const refusal = (flag: string, expected: string, received: string): LanError =>
  new LanError('usage', `${flag}: expected ${expected}, received '${received}'.`);

/** The name that yargs gives a flag: outputKind for output-kind. */
export const camelCase = (flag: string): string => flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * What was typed as the values of `table`. `typed`: yargs' parse, by name in camel case. Throws LanError for a flag that is repeated though it takes one value,
 * that is negated though it is no switch, or whose value is not what it takes. `dashes`: what stands before a name where it is typed.
 */
export function translate<T extends OptionTable>(table: T, typed: Readonly<Record<string, unknown>>, dashes = '--'): Values<T> {
  const values: Record<string, unknown> = {};
  for (const [flag, option] of Object.entries(table)) {
    values[camelCase(flag)] = valueOf(`${dashes}${flag}`, option, typed[camelCase(flag)]);
  }
  // The keys are the table's, and each value is what its option's type or coerce gives: what InferredOptionType says, which no checker can follow.
  return values as Values<T>;
}

function valueOf(flag: string, option: Option, value: unknown): unknown {
  const list = option.array === true;
  if (value === undefined || (list && Array.isArray(value) && value.length === 0)) return undefined;
  if (Array.isArray(value) && !list) throw new LanError('usage', `${flag}: given ${value.length} times, expected once.`);
  // --no-samples is false to yargs, whatever samples is.
  const negated = [value].flat().some((v) => typeof v === 'boolean');
  if (negated && option.type !== 'boolean')
    throw new LanError('usage', `--no-${flag.slice(2)}: ${flag} takes a value and cannot be negated.`);
  if (option.choices && !option.choices.includes(value as string))
    throw refusal(flag, oneOf(option.choices.map(String)), JSON.stringify(value).replace(/^"|"$/g, ''));
  if (!option.coerce) return value;
  try {
    return (option.coerce as (value: unknown) => unknown)(value);
  } catch (error) {
    if (error instanceof Expected) throw refusal(flag, error.expected, error.received);
    throw error;
  }
}

const oneOf = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)!}`;

/** A text that is not empty: a path, a name. */
export function someText(text: string): string {
  if (text.trim() === '') throw new Expected('a value', text);
  if (text.includes('\0')) throw new Expected('text without NUL characters', text.replaceAll('\0', '\\0'));
  return text;
}

/** A whole number of at least `least`. Numbers are read as texts, since yargs turns a mistyped one into NaN without a word. */
export const whole =
  (least = 0) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
      throw new Expected(`a whole number of at least ${least}`, text);
    return value;
  };

/** How many processes: `auto`, or a whole number of at least 1. */
export const workers = (text: string): number | 'auto' => (text === 'auto' ? text : whole(1)(text));

/** Draws of the evidence: `auto`, or a whole number of at least 1. */
export const evidenceDraws = (text: string): number | 'auto' => (text === 'auto' ? text : whole(1)(text));

/** A finite number of at least `least`. */
export const number =
  (least = -Infinity) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least)
      throw new Expected(least === -Infinity ? 'a number' : `a number of at least ${least}`, text);
    return value;
  };

/** Every text of a list. */
export const each =
  <T>(read: (text: string) => T) =>
  (texts: readonly string[]): T[] =>
    texts.map(read);

/** An option of one text, and one of a list of them; `describe` and the rest are the caller's. */
export const TEXT = { type: 'string', requiresArg: true, coerce: someText } as const;

/** An option that takes one or several texts; `describe` and the rest are the caller's. */
export const TEXTS = { type: 'string', array: true, requiresArg: true, coerce: each(someText) } as const;

/** `30s`, `5m`, `1h` or `30`, in seconds. */
export function seconds(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text) ?? [];
  if (value === undefined) throw new Expected('a time such as 30s or 5m', text);
  return Number(value) * { s: 1, m: 60, h: 3600 }[unit ?? 's']!;
}

/** `0.5`, or `10%`. */
export function tolerance(text: string): number | `${number}%` {
  const [, value, percent] = /^(\d*\.?\d+(?:e[-+]?\d+)?)\s*(%)?$/i.exec(text.trim()) ?? [];
  if (value === undefined || !(Number(value) > 0)) throw new Expected('a number above 0 or a percentage such as 10%', text);
  return percent ? `${Number(value)}%` : Number(value);
}

/** How a command is spread over processes, where it runs in this one if nothing is said. */
export const workersOption = {
  workers: {
    ...TEXT,
    coerce: workers,
    describe:
      'processes of one thread each, whose number changes no result; auto: several, or this one on all cores, whichever is measured to be faster (default: this one)',
  },
} as const;

/** `lan,gradcam rise`: names behind commas or blanks. */
export function methodNames(texts: readonly string[]): string[] {
  const names = texts.flatMap((text) => text.split(',')).map((name) => name.trim()).filter((name) => name !== ''); // prettier-ignore
  if (names.length === 0) throw new Expected(`some of ${CONTENDERS.join(', ')}`, texts.join(' '));
  return names;
}

/** `table` but for some flags, which a command then says are idle (Definition.idle). */
export const withoutOptions = <const T extends OptionTable, const K extends keyof T & string>(
  table: T,
  ...flags: readonly K[]
): Omit<T, K> =>
  Object.fromEntries(Object.entries(table).filter(([flag]) => !(flags as readonly string[]).includes(flag))) as Omit<T, K>;
