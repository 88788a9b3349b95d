// docs/commands.md: the help of the program and of every command, as it is printed. `npm run docs:commands` writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nameOf } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { overview } from '../../src/cli/overview.js';

const PAGE = join(resolve(import.meta.dirname, '../..'), 'docs/commands.md');
const COLUMNS = 100;

/** The page as it should be. */
export function commandsPage(): string {
  const help = (...line: string[]): string => ['```text', overview(line, COMMANDS, COLUMNS)!.trimEnd(), '```'].join('\n');
  return [
    '# Commands',
    '',
    '<!-- Made by npm run docs:commands; a test fails when it is stale. -->',
    '',
    'What `lan-onnx --help` and `lan-onnx COMMAND --help` print.',
    '',
    help('--help'),
    ...COMMANDS.flatMap((c) => ['', `## ${nameOf(c)}`, '', help(nameOf(c), '--help')]),
    '',
  ].join('\n');
}

/** The page as it is committed. */
export const committedCommands = (): string => readFileSync(PAGE, 'utf8');

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, commandsPage());
