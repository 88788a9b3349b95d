// Foreign text (names, labels and metadata out of files) made safe to print: whatever steers a terminal or turns the reading order is spelled out.

/**
 * C0 and C1 controls and DEL (escape sequences, line ends), the controls of bidirectional text, line and paragraph separators, the invisible
 * tag characters, and half surrogates. Joiners (U+200C, U+200D) stay: Persian and emoji need them.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\u{feff}\u{fff9}-\u{fffb}\u{e0000}-\u{e007f}]/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function spelled(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x100) return NAMED[character] ?? `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * The text on one line, with every character that a terminal obeys rather than shows written as JavaScript spells it (`\x1b`, `\u202e`). All other
 * text, backslashes included, stays as it is.
 *
 * With `lines` line breaks stay: for text of our own that has several lines, whose foreign parts went through here one by one.
 *
 * @example
 * readable('dog\x1b[2J\nOK'); // 'dog\\x1b[2J\\nOK'
 */
export const readable = (text: string, { lines = false }: { readonly lines?: boolean } = {}): string =>
  text.replace(UNPRINTABLE, (c) => (lines && c === '\n' ? c : spelled(c)));

/**
 * JSON text that says the same, with those characters as JSON escapes (`\\u009b`); the line breaks between its values stay. What JSON.stringify
 * leaves as they are can steer a terminal too: C1 controls, and the controls of bidirectional text.
 */
export const readableJson = (json: string): string =>
  json.replace(UNPRINTABLE, (c) =>
    c === '\n' ? c : Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );

/** Characters of a foreign text that a table shows. */
const LINE = 80;

/** Foreign text as one short line: white space of any kind as single spaces, the rest made safe, the end left out where it is long. */
export function oneLine(text: string): string {
  const line = readable(
    text
      .slice(0, 100 * LINE)
      .replace(/\s+/g, ' ')
      .trim(),
  );
  return line.length > LINE ? `${line.slice(0, LINE - 1)}…` : line;
}
