// Tables whose keys come from a file, and may be spelled like what every object has ('constructor', 'toString').

/**
 * The table's own entry of this key; undefined where it has none.
 *
 * @example
 * own({ linear: 'bilinear' }, 'constructor'); // undefined, where table['constructor'] is a function
 */
export const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** A table, of `from` where it is given, whose keys may be any text: in a plain object `table['__proto__'] = x` sets no entry. */
export const table = <T>(from: Readonly<Record<string, T>> = {}): Record<string, T> =>
  Object.assign(Object.create(null) as Record<string, T>, from);
