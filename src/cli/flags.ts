// The library's words in the command line's: `shapes` in a message is printed as --shape.
import type { Command } from './command.js';
import { audit } from './commands/audit.js';
import { camelCase, type OptionTable } from './option.js';

/**
 * `text` with every option in backticks, as library texts name them, as the flag of `command`: `` `shapes` `` becomes --shape, and
 * `` `engine: 'tfjs'` `` becomes --engine tfjs. A value of an option that the command does not have is one for audit, to which such texts send their reader. What
 * names no option stays as it is.
 */
export function inFlags(text: string, command: Pick<Command, 'definition'> | undefined): string {
  if (!command) return text;
  const flags = flagsOf(command.definition.options);
  return text.replace(/`([A-Za-z]\w*)(?:: ([^`]+))?`/g, (whole: string, name: string, value: string | undefined) => {
    const flag = flags.get(name) ?? (value === undefined ? undefined : flagsOf(audit.options).get(name));
    if (flag === undefined) return whole;
    if (value === undefined || value === 'true') return `--${flag}`;
    return value === 'false' ? `--no-${flag}` : `--${flag} ${typed(value)}`;
  });
}

/** Flags by the names that the library has for them. */
function flagsOf(options: OptionTable): Map<string, string> {
  return new Map(
    Object.entries(options).flatMap(([flag, option]) =>
      [flag, camelCase(flag), ...(option.library ?? [])].map((name): [string, string] => [name, flag]),
    ),
  );
}

/** A value as it is typed: `'tfjs'` as tfjs, `[1, 3]` as 1 3, `{ x: [1, 3] }` as x=1,3. */
function typed(value: string): string {
  const inside = value.startsWith('{') && value.endsWith('}') ? value.slice(1, -1).trim() : undefined;
  if (inside !== undefined) {
    // A quoted name may hold colons: 'input:0'.
    const [, quoted, bare, dims] = /^(?:'([^']+)'|([^':]+)):\s*(.*)$/.exec(inside) ?? [];
    const name = quoted ?? bare;
    return name === undefined ? value : `${name}=${dims!.replace(/[[\]\s']/g, '')}`;
  }
  const list = /^\[(.*)\]$/.exec(value)?.[1];
  return list === undefined ? value.replace(/^'(.*)'$/, '$1') : list.replace(/,\s*/g, ' ');
}
