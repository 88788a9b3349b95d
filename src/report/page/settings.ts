// Settings as names and values for people.

/** A setting as text. */
export const settingText = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.map(settingText).join(', ') : JSON.stringify(value);

/** Names and values, those that are not given left out. */
export const factsOf = (values: Readonly<Record<string, unknown>>): (readonly [string, string])[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, settingText(value)] as const],
  );
