// --help and --version of the program itself, without yargs: loading that takes longer than all the rest (its tables of wide characters).
import { version } from '../core/version.js';
import type { Command } from './command.js';

/** What the program is for. */
export const PURPOSE = 'Shows which parts of its input an ONNX classifier needed, and proves it.';

/** Below every help of the program. */
export const EPILOGUE =
  'Exit code: 0 fine, 1 the finding is negative, 2 wrong usage, unreadable file, unsupported model or a run that was interrupted.';

/** Columns below which commands would not stand beside their descriptions, and yargs has to lay them out. */
const NARROW = 72;

/**
 * What `argv` asks for, where that is the help or the version of the program and nothing else; undefined: it is yargs' turn. Letter for letter what
 * yargs prints at this width, in `columns`.
 */
export function overview(argv: readonly string[], commands: readonly Command[], columns: number): string | undefined {
  if (argv.length !== 1) return undefined;
  if (argv[0] === '--version') return version();
  if ((argv[0] !== '--help' && argv[0] !== '-h') || columns < NARROW) return undefined;
  const names = commands.map((c) => `lan-onnx ${c.definition.command}`);
  const indent = Math.max(...names.map((n) => n.length)) + 4;
  const rows = commands.flatMap(({ definition }, i) =>
    wrapped(definition.describe, columns - indent).map((line, k) => `${`  ${k === 0 ? names[i]! : ''}`.padEnd(indent)}${line}`),
  );
  const option = (text: string): string => `${text.padEnd(columns - '[boolean]'.length)}[boolean]`;
  return [
    'lan-onnx COMMAND',
    '',
    ...wrapped(PURPOSE, columns),
    '',
    'Commands:',
    ...rows,
    '',
    'Options:',
    option('      --version  Show version number'),
    option('  -h, --help     Show help'),
    '',
    ...wrapped(EPILOGUE, columns),
  ].join('\n');
}

/** Lines of at most `width` characters, broken between words. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
