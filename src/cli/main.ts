#!/usr/bin/env node
// The command line: turns arguments into an exit code and errors into one message. What a command needs is loaded when it runs.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Argv } from 'yargs';
import { hasLooseEnds } from '../core/loose-ends.js';
import { LanError, messageOf } from '../core/errors.js';
import { reasonOf } from '../data/files.js';
import { nameOf, type Command } from './command.js';
import { COMMANDS } from './commands.js';
import { inFlags } from './flags.js';
import { isError, logLine, processIo, repeatable, shown, type Io } from './io.js';
import { camelCase, type OptionTable } from './option.js';
import { EPILOGUE, LOG, overview, PURPOSE, QUIET, versions } from './overview.js';
import { meant } from '../core/nearest.js';
import { startTelemetry, type Telemetry } from './telemetry.js';

/**
 * Runs the command line `argv` (without node and script). Returns the exit code: 0 fine, 1 the finding is negative, 2 wrong usage, unreadable
 * file or unsupported model. Never throws and never ends the process.
 */
export async function main(argv: readonly string[], given: Partial<Io> = {}): Promise<number> {
  // Who takes the output elsewhere has no screen, unless he brings one.
  const target = { ...processIo(), ...(given.out ? { screen: undefined } : {}), ...given };
  let code = 0;
  // Labels, names and messages out of files leave through here, whoever prints them.
  const quiet = argv.some((text) => text === '--quiet' || text === '-q');
  const json = argv.some((text, i) => text === '--log=json' || (text === 'json' && argv[i - 1] === '--log'));
  let telemetry: Telemetry | undefined;
  const said: NonNullable<Io['event']> = (name, fields, text) => {
    if (quiet && !isError(text ?? '')) return;
    const line = json ? logLine(name, fields, text) : text && shown(text);
    if (line !== undefined && line !== '') target.err(line);
  };
  const io: Io = {
    line: repeatable(argv),
    terminal: target.terminal && !quiet && !json,
    screen: target.screen,
    draw: target.draw,
    out: (text) => target.out(shown(text)),
    err: (text) => said('message', {}, text),
    event(name, fields, text) {
      telemetry?.event(name, fields);
      if (json || text !== undefined) said(name, fields, text);
    },
    exit: (c) => void (code = Math.max(code, c)),
  };
  const columns = Math.min(120, process.stdout.columns ?? 100);
  const own = overview(argv, COMMANDS, columns);
  if (own !== undefined) {
    io.out(`${own}\n`);
    return code;
  }
  const { default: yargs } = await (loading ??= import('yargs'));
  const first = COMMANDS.find((c) => nameOf(c) === argv[0]);
  // The first word that names one: a later one may be the value of a flag (`--out card`).
  const command = first ?? argv.map((text) => COMMANDS.find((c) => nameOf(c) === text)).find((c) => c !== undefined);
  const missing = `${command?.definition.missing ?? 'MODEL is missing'}: received %s, need at least %s.`;
  // Of the others nothing is asked where the first word is a command.
  const parser = (first ? [first] : COMMANDS)
    .reduce((y, c) => added(y, c, argv), yargs())
    .scriptName('lan-onnx')
    .usage(`$0 COMMAND\n\n${PURPOSE}`)
    .demandCommand(1, 'Name a command.')
    .strict()
    .version(versions())
    .option('quiet', QUIET)
    .option('log', LOG)
    .alias({ h: 'help' })
    .locale('en')
    .parserConfiguration({ 'strip-dashed': true, 'dot-notation': false })
    .wrap(columns)
    .epilogue(EPILOGUE)
    .updateStrings({
      'Not enough non-option arguments: got %s, need at least %s': { one: missing, other: missing } as never,
      'Not enough arguments following: %s': 'Expected a value after --%s.',
    })
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      throw error && error.name !== 'YError' ? error : new UsageError(message ?? error?.message);
    });
  let begun = 0;
  try {
    const run = await chosenBy(parser, first ? apart(argv, first.definition.options) : argv, io);
    if (!run) return code;
    begun = performance.now();
    telemetry = await startTelemetry(command ? nameOf(command) : 'lan-onnx');
    if (json) io.event?.('start', { command: io.line });
    await run(io);
    return code;
  } catch (error) {
    io.err(explain(error, command, argv));
    return (code = 2);
  } finally {
    if (json && begun) io.event?.('end', { code, seconds: (performance.now() - begun) / 1000 });
    await telemetry?.stop(code);
  }
}

/** Looking the package up again for each of a thousand command lines, as tests have them, takes as long as parsing them. */
let loading: Promise<typeof import('yargs')> | undefined;

type Run = ReturnType<Command['prepare']>;

/** Brings the command to run out of the parser: after a handler that returns, yargs draws the command's help (0.1 s), which nobody sees. */
class Chosen extends Error {
  constructor(readonly run: Run) {
    super();
  }
}

/** The command that the arguments choose, checked and ready to run; none where they ask for help or the version, which is printed. */
async function chosenBy(parser: Argv, argv: readonly string[], io: Io): Promise<Run | undefined> {
  try {
    await parser.parseAsync([...argv], {}, (_error, _argv, output) => {
      if (output) io.out(`${output}\n`);
    });
    return undefined;
  } catch (error) {
    if (error instanceof Chosen) return error.run;
    throw error;
  }
}

/** `parser` with a command. Values are checked before yargs checks that all that is needed was given, and nothing is loaded before both are. */
function added(parser: Argv, command: Command, argv: readonly string[]): Argv {
  const { definition } = command;
  let run: Run | undefined;
  return parser.command({
    command: definition.command,
    describe: definition.describe,
    builder: (y) => {
      for (const [name, option] of Object.entries(definition.positionals)) y.positional(name, forYargs(option));
      for (const [flag, option] of Object.entries(definition.options)) y.option(flag, forYargs(option));
      for (const [line, gives] of definition.examples) y.example(line, gives.replaceAll('$0', 'lan-onnx'));
      y.middleware((typed) => {
        refuseMisplaced(argv, definition);
        run = command.prepare(typed);
      }, true);
      return definition.epilogue === undefined ? y : y.epilogue(definition.epilogue);
    },
    handler: () => {
      if (run !== undefined) throw new Chosen(run);
    },
  });
}

/** What yargs is told of an option: all but what is ours. Its own check of choices finds none that `prepare` has let through. */
function forYargs({ coerce: _coerce, library: _library, pairs: _pairs, ...option }: OptionTable[string]): object {
  return option;
}

/**
 * A flag by its former name, and what yargs takes without a word: `--json=maybe`, which it reads as false, and an argument as a flag, which
 * overwrites the argument.
 */
function refuseMisplaced(
  argv: readonly string[],
  { command, options, positionals, renamed = {}, idle = {} }: Command['definition'],
): void {
  for (const text of argv) {
    if (text === '--') return;
    const [, flag, value] = /^--(?:no-)?([^=.]+)(?:=(.*))?$/s.exec(text) ?? [];
    if (flag === undefined) continue;
    if (Object.hasOwn(renamed, flag)) throw new LanError('usage', `--${flag}: is now called --${renamed[flag]!}.`);
    if (Object.hasOwn(idle, flag))
      throw new LanError('usage', `--${flag}: ${command.split(' ')[0]!} ${idle[flag]!}.`, 'Leave it out.');
    if (Object.hasOwn(positionals, flag))
      throw new LanError('usage', `--${flag}: is not a flag; it is typed without dashes: lan-onnx ${command}.`);
    const isSwitch = Object.hasOwn(options, flag) && options[flag]!.type === 'boolean';
    if (isSwitch && value !== undefined && value !== 'true' && value !== 'false')
      throw new LanError('usage', `--${flag}: is a switch and takes no value, received '${value}'.`);
  }
}

/** `--shape a=1 b=2` as `--shape a=1 --shape b=2`, so that a model behind them is none of them. */
function apart(argv: readonly string[], options: OptionTable): string[] {
  let flag: string | undefined;
  return argv.flatMap((text, i) => {
    const [, name, value] = /^--([^=]+)(=.*)?$/s.exec(text) ?? [];
    const isValue = name === undefined && flag !== undefined;
    if (isValue && argv[i - 1] !== flag && /^[^-=][^=]*=/.test(text)) return [flag!, text];
    // The first word behind the flag is its value, whatever it is.
    if (name !== undefined) flag = options[name]?.pairs ? `--${name}` : undefined;
    else if (isValue && argv[i - 1] !== flag) flag = undefined;
    return value === undefined || flag === undefined ? [text] : [flag, value.slice(1)];
  });
}

/** What yargs refuses: unknown commands and options, missing values. */
class UsageError extends Error {}

function explain(error: unknown, command: Command | undefined, argv: readonly string[]): string {
  const stack = process.env['LAN_ONNX_DEBUG'] && error instanceof Error ? `${error.stack}\n` : '';
  if (error instanceof UsageError)
    return `lan-onnx: ${refused(error.message, command, argv)}\nSee: lan-onnx ${command ? `${nameOf(command)} ` : ''}--help\n${stack}`;
  if (error instanceof LanError) return `lan-onnx: ${inFlags(error.message, command)}\n${stack}`;
  const hint = stack ? '' : 'This is a bug in lan-onnx. Set LAN_ONNX_DEBUG=1 to see where it happened.\n';
  return `lan-onnx: unexpected error: ${messageOf(error).split('\n')[0]}\n${hint}${stack}`;
}

/** What yargs says of a line, with what was probably meant; in camel case it names a flag a second time. */
function refused(message: string, command: Command | undefined, argv: readonly string[]): string {
  const line = message
    .split('\n')
    .map((part) => part.trim())
    .join(' ');
  const [, list] = /^Unknown (?:argument|command)s?: (.*)$/.exec(line) ?? [];
  if (list === undefined) return line;
  const flags = argv.filter((text) => text.startsWith('-')).map((text) => text.replace(/^--?(?:no-)?/, '').replace(/=.*/s, ''));
  const names = list.split(', ').map((name) => flags.find((flag) => camelCase(flag) === name) ?? name);
  const typed = [...new Set(names)];
  const words = typed.map((name) => {
    if (flags.includes(name)) {
      const near = meant(name, command ? Object.keys(command.definition.options) : ['help', 'version']);
      return near && `--${near}`;
    }
    return command ? undefined : meant(name, COMMANDS.map(nameOf));
  });
  const hints = words.filter((word) => word !== undefined);
  const hint = hints.length > 0 ? `. Did you mean ${hints.join(' and ')}?` : '';
  return `Unknown argument${typed.length > 1 ? 's' : ''}: ${typed.join(', ')}${hint}`;
}

/** True when this file is the program, also through npm's link in node_modules/.bin. */
function isProgram(): boolean {
  try {
    return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}

if (isProgram()) {
  const told = new Set<NodeJS.WriteStream>();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A reader that has seen enough (head, a closed pager) is no error.
      if (error.code === 'EPIPE') process.exit(Number(process.exitCode ?? 0));
      // A full disk: the run goes on, since its result files may lie on another one. What could not be said is said by the exit code.
      process.exitCode = 2;
      if (told.has(stream)) return;
      told.add(stream);
      if (stream === process.stdout) process.stderr.write(`lan-onnx: Cannot write to standard output: ${reasonOf(error)}.\n`);
    });
  }
  const code = await main(process.argv.slice(2));
  process.exitCode = Math.max(code, Number(process.exitCode ?? 0));
  if (hasLooseEnds()) {
    // Nothing of what was printed is lost by it.
    for (const stream of [process.stdout, process.stderr]) await new Promise<void>((done) => void stream.write('', () => done()));
    process.exit();
  }
}
