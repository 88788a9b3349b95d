#!/usr/bin/env node
// The command line: one module per command; this file turns arguments into an exit code and errors into one message.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { LanError, messageOf } from '../core/errors.js';
import { auditCommand } from './audit.js';
import { checkCommand } from './check.js';
import { exportGradientCommand } from './export-gradient.js';
import { exportStepCommand } from './export-step.js';
import { gridCommand } from './grid.js';
import { inspectCommand } from './inspect.js';
import { scoreCommand } from './score.js';
import { reproduceCommand } from './reproduce.js';
import { trainCommand } from './train.js';
import { processIo, type Io } from './io.js';
import { version } from '../core/version.js';

/** Arguments that take several values. */
const LISTS = new Set(['_', 'models', 'image', 'tensor', 'objects', 'beta', 'mean', 'std', 'shape', 'feed']);

/**
 * Runs the command line `argv` (without node and script). Returns the exit code: 0 fine, 1 the finding is negative, 2 wrong usage, unreadable
 * file or unsupported model. Never throws and never ends the process.
 */
export async function main(argv: readonly string[], given: Partial<Io> = {}): Promise<number> {
  const own = processIo();
  let code = 0;
  const io: Io = { ...own, ...given, exit: (c) => void (code = Math.max(code, c)) };
  const parser = yargs()
    .scriptName('lan-onnx')
    .usage('$0 COMMAND\n\nShows which parts of its input an ONNX classifier needed, and proves it.')
    .command(inspectCommand)
    .command(checkCommand)
    .command(auditCommand)
    .command(trainCommand)
    .command(scoreCommand)
    .command(gridCommand)
    .command(reproduceCommand)
    .command(exportGradientCommand)
    .command(exportStepCommand)
    .demandCommand(1, 'Name a command.')
    .recommendCommands()
    .strict()
    .middleware((args) => {
      // yargs gathers a repeated option into a list; where one value is meant, which of them is anyone's guess.
      for (const [name, value] of Object.entries(args)) {
        if (Array.isArray(value) && !LISTS.has(name))
          throw new LanError('usage', `--${kebab(name)}: given ${value.length} times, expected once.`);
      }
    })
    .version(version())
    .alias({ h: 'help' })
    .locale('en')
    .parserConfiguration({ 'strip-dashed': true })
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .epilogue('Exit code: 0 fine, 1 the finding is negative, 2 wrong usage, unreadable file or unsupported model.')
    .updateStrings({ 'Not enough non-option arguments: got %s, need at least %s': { one: MISSING, other: MISSING } as never })
    .exitProcess(false)
    .fail((message, error: Error | undefined) => {
      throw error && error.name !== 'YError' ? error : new UsageError(message ?? error?.message);
    });
  try {
    await parser.parseAsync([...argv], { io }, (_error, _argv, output) => {
      if (output) io.out(`${output}\n`);
    });
    return code;
  } catch (error) {
    io.err(explain(error, argv));
    return 2;
  }
}

const MISSING = 'MODEL is missing: received %s, need at least %s.';

/** The option as it is typed: yargs names it evidenceDraws. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What yargs refuses: unknown commands and options, missing or impossible values. */
class UsageError extends Error {}

function explain(error: unknown, argv: readonly string[]): string {
  const stack = process.env['LAN_ONNX_DEBUG'] && error instanceof Error ? `${error.stack}\n` : '';
  if (error instanceof UsageError) {
    const command = ['inspect', 'check', 'audit', 'score', 'grid', 'export-gradient', 'export-step'].find((c) => argv[0] === c);
    return `lan-onnx: ${error.message.replace(/\s*\n\s*/g, ' ')}\nSee: lan-onnx ${command ? `${command} ` : ''}--help\n${stack}`;
  }
  if (error instanceof LanError) return `lan-onnx: ${error.message}\n${stack}`;
  const hint = stack ? '' : 'This is a bug in lan-onnx. Set LAN_ONNX_DEBUG=1 to see where it happened.\n';
  return `lan-onnx: unexpected error: ${messageOf(error).split('\n')[0]}\n${hint}${stack}`;
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
  // A reader that has seen enough (head, a closed pager) is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(Number(process.exitCode ?? 0));
      throw error;
    });
  }
  const code = await main(process.argv.slice(2));
  process.exitCode = Math.max(code, Number(process.exitCode ?? 0));
}
