// --help and --version without yargs, of the program and of each command: loading that takes longer than all the rest (its tables of wide characters).
// A test holds every letter against what yargs prints.
import { madeWith, version } from '../core/version.js';
import { ortVersion } from '../engine/onnxruntime.js';
import { nameOf, type Command, type Definition } from './command.js';
import type { Option } from './option.js';

/** What the program is for. */
export const PURPOSE = 'Shows which parts of its input an ONNX classifier needed, and proves it.';

/** Below every help of the program. */
export const EPILOGUE =
  'Exit code: 0 fine, 1 the finding is negative, 2 wrong usage, unreadable file, unsupported model or a run that was interrupted.';

/** Taken by every command. */
export const QUIET = { alias: 'q', type: 'boolean', describe: 'no progress and no notes: errors alone' } as const;

/** Taken by every command. */
export const LOG = {
  type: 'string',
  choices: ['text', 'json'],
  requiresArg: true,
  describe: 'what stderr is: text for people, or a JSON object a line: time, level, event, fields',
} as const;

/** This package's version, on a line of its own, and those of what it runs on. */
export const versions = (): string =>
  [
    version(),
    `onnxruntime ${ortVersion()}`,
    `tfjs ${madeWith('@tensorflow/tfjs-core')}`,
    `Node ${process.versions.node}, ${process.platform}-${process.arch}`,
  ].join('\n');

/** Columns below which names would not stand beside their descriptions, and yargs has to lay them out. */
const NARROW = 72;

/**
 * What `argv` asks for, where that is the version or a help and nothing else; undefined: it is yargs' turn. Letter for letter what yargs prints at this
 * width, in `columns`.
 */
export function overview(argv: readonly string[], commands: readonly Command[], columns: number): string | undefined {
  if (argv.length === 1 && argv[0] === '--version') return versions();
  const last = argv.at(-1);
  if (argv.length > 2 || (last !== '--help' && last !== '-h') || columns < NARROW) return undefined;
  if (argv.length === 1) return helpOfProgram(commands, columns);
  const command = commands.find((c) => nameOf(c) === argv[0]);
  return command && helpOfCommand(command.definition, columns);
}

function helpOfProgram(commands: readonly Command[], columns: number): string {
  const names = commands.map((c) => `lan-onnx ${c.definition.command}`);
  const rows = commands.map(({ definition }, i) => ({ name: names[i]!, text: definition.describe }));
  return [
    'lan-onnx COMMAND',
    '',
    ...wrapped(PURPOSE, columns),
    '',
    'Commands:',
    ...table(rows, columns, Math.max(...names.map((n) => n.length))),
    '',
    'Options:',
    ...table([VERSION, SILENT, LOGGED, HELP], columns),
    '',
    ...wrapped(EPILOGUE, columns),
  ].join('\n');
}

function helpOfCommand({ command, describe, positionals, options, examples, epilogue }: Definition, columns: number): string {
  const groups = new Map<string, Row[]>([
    ['Positionals:', Object.entries(positionals).map(([name, o]) => rowOf(name, o.array ? { default: [], ...o } : o))],
  ]);
  const ungrouped: Row[] = [VERSION, SILENT, LOGGED];
  for (const [flag, o] of Object.entries(options)) {
    const row = rowOf(`    --${flag}`, o);
    if (o.group === undefined) ungrouped.push(row);
    else groups.set(o.group, [...(groups.get(o.group) ?? []), row]);
  }
  groups.set('Options:', [...ungrouped, HELP]);
  const lines = [`lan-onnx ${command}`, '', ...wrapped(describe, columns), ''];
  for (const [heading, rows] of groups) if (rows.length > 0) lines.push(heading, ...table(rows, columns), '');
  if (examples.length > 0) {
    const rows = examples.map(([line, gives]) => ({
      name: line.replaceAll('$0', 'lan-onnx'),
      text: gives.replaceAll('$0', 'lan-onnx'),
    }));
    lines.push('Examples:', ...table(rows, columns), '');
  }
  return [...lines, ...wrapped(epilogue ?? EPILOGUE, columns)].join('\n');
}

/** A name, what it is, and in brackets its type and the like. */
interface Row {
  readonly name: string;
  readonly text: string;
  readonly extra?: string;
}

const VERSION: Row = { name: '    --version', text: 'Show version number', extra: '[boolean]' };
const SILENT: Row = { name: '-q, --quiet', text: QUIET.describe, extra: '[boolean]' };
const LOGGED: Row = { name: '    --log', text: LOG.describe, extra: '[string] [choices: "text", "json"]' };
const HELP: Row = { name: '-h, --help', text: 'Show help', extra: '[boolean]' };

function rowOf(name: string, { describe = '', array, type, demandOption, choices, default: byDefault }: Option): Row {
  const extra = [
    array ? '[array]' : type === undefined ? '' : `[${type}]`,
    demandOption ? '[required]' : '',
    choices ? `[choices: ${choices.map((c) => JSON.stringify(c)).join(', ')}]` : '',
    byDefault === undefined ? '' : `[default: ${JSON.stringify(byDefault)}]`,
  ];
  return { name, text: describe, extra: extra.filter(Boolean).join(' ') };
}

/** Names on the left, at most half of the width, texts beside them; brackets on the right, on the text's last line where there is room. */
function table(rows: readonly Row[], columns: number, longest = Math.max(...rows.map((r) => r.name.length))): string[] {
  const left = Math.min(longest, Math.floor(columns / 2));
  return rows.flatMap(({ name, text, extra = '' }) => {
    const [indent = ''] = /^ */.exec(name) ?? [];
    const names = wrapped(name.trimStart(), left - indent.length);
    const texts = wrapped(text, columns - left - 4);
    const lines = Array.from(
      { length: Math.max(names.length, texts.length) },
      (_, i) => `  ${i < names.length ? indent + names[i]! : ''}`.padEnd(left + 4) + (texts[i] ?? ''),
    ).map((line) => line.trimEnd());
    if (extra === '') return lines;
    const [first = '', ...more] = wrapped(extra, columns - 2).map((line) => line.padStart(columns));
    const end = lines.at(-1)!;
    return first.length - first.trimStart().length < end.length
      ? [...lines, first, ...more]
      : [...lines.slice(0, -1), end + first.slice(end.length), ...more];
  });
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
