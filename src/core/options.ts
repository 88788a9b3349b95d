// Names of options, held to those that there are: a misspelt one would be without effect, and nobody told.
import { LanError } from './errors.js';
import { meant } from './nearest.js';

/** N where it names each of K and nothing else; else what is missing or too much, so that the compiler says it. */
type Exactly<K, N extends readonly string[]> = [K] extends [N[number]]
  ? [N[number]] extends [K]
    ? N
    : { readonly noOption: Exclude<N[number], K> }
  : { readonly missing: Exclude<K, N[number]> };

/** `names` but those. */
export const without = <N extends string, L extends N>(names: readonly N[], ...left: readonly L[]): readonly Exclude<N, L>[] =>
  names.filter((name): name is Exclude<N, L> => !left.includes(name as L));

/**
 * Throws LanError (`usage`) for options of `call` that it does not have, with the nearest names that it has. `names` are all that the type of the options has, which
 * the compiler holds them to.
 *
 * @example
 * refuseUnknown('audit', { iteratons: 5 }, NAMES.audit); // `iteratons` is no option of audit. Did you mean `iterations`?
 */
export function refuseUnknown<T extends object, const N extends readonly string[]>(
  call: string,
  options: T,
  names: N & Exactly<keyof T, N>,
): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new LanError('usage', `${call}: its options are an object such as { ${names[0]}: … }, received ${kindOf(given)}.`);
  const known: readonly string[] = names;
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const hints = unknown.map((name) => meant(name, known)).filter((name) => name !== undefined);
  throw new LanError(
    'usage',
    `${inBackticks(unknown)} ${unknown.length > 1 ? 'are no options' : 'is no option'} of ${call}.`,
    hints.length > 0
      ? `Did you mean ${inBackticks(hints)}?`
      : `Leave ${unknown.length > 1 ? 'them' : 'it'} out; ${listed(known)}.`,
  );
}

const kindOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`);

const inBackticks = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' and ');

/** Few names are said; of many, where they are. */
const listed = (names: readonly string[]): string =>
  names.length > 12
    ? 'docs/api.md of this package lists those that there are'
    : `it takes ${names.map((n) => `\`${n}\``).join(', ')}`;
