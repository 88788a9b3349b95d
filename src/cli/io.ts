// Where a command writes and how it says its exit code; passed in, so that tests run the CLI inside their own process.
import { readable } from '../core/readable.js';
import { screenOf, type Screen } from './screen.js';

/** What is known of an event, by name. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a command prints to and says its exit code with; tests give their own. */
export interface Io {
  /** The result. */
  out(text: string): void;
  /** Progress and messages. */
  err(text: string): void;
  /** Something that happened, for logs and measurements: an input explained, a job tried. `text`: what stderr says of it where logs are no JSON. */
  event?(name: string, fields: Fields, text?: string): void;
  /** What gives the same results again: see repeatable. */
  readonly line: string;
  /** Is stderr a terminal, on which a line can be overwritten? */
  readonly terminal: boolean;
  /** Where the result is looked at on a terminal. */
  readonly screen?: Screen | undefined;
  /** Draws on it: the one text that may steer a terminal, so nothing foreign is in it. */
  draw?(text: string): void;
  /** 0 fine, 1 the finding is negative, 2 could not be done. The largest that was set counts. */
  exit(code: 0 | 1 | 2): void;
}

/** Io of the real process. */
export function processIo(): Io & { code: number } {
  return {
    code: 0,
    line: '',
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    // A terminal that cannot take a line away is treated as a file. Nothing is ever coloured, so that NO_COLOR asks for nothing.
    terminal: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    screen: screenOf(process.stdout, process.env),
    draw: (text) => void process.stdout.write(text),
    exit(code) {
      this.code = Math.max(this.code, code);
    },
  };
}

/** Is it an error? What is told besides is progress and notes, which --quiet leaves out. */
export const isError = (text: string): boolean => text.trimStart().startsWith('lan-onnx: ');

/** A line of a log in JSON: when, how grave, what happened, what is known of it. Undefined for a text of which nothing is left (a bar that is taken away). */
export function logLine(event: string, fields: Fields, text?: string): string | undefined {
  const message = text?.replaceAll(CLEAR, '').trim();
  if (message === '') return undefined;
  const level = message !== undefined && isError(message) ? 'error' : fields['error'] !== undefined ? 'warn' : 'info';
  const time = new Date().toISOString();
  return `${JSON.stringify({ time, level, event, ...(message === undefined ? {} : { message }), ...fields })}\n`;
}

/** What takes the line away on which the cursor stands. */
export const CLEAR = '\r\x1b[K';

/** The text as it may reach a terminal: escape sequences in it are foreign and are spelled out, but for our own at the start of a line of progress. */
export const shown = (text: string): string =>
  text.startsWith(CLEAR) ? CLEAR + readable(text.slice(CLEAR.length)) : readable(text, { lines: true });

/**
 * The command line that gives the same results, for a POSIX shell: what is more than plain characters stands in single quotes. By how many processes, and where
 * results go, is left out, since neither changes them and the latter would overwrite them; but of `train`, which asks for it.
 */
export function repeatable(argv: readonly string[]): string {
  const valued = `${argv[0] === 'train' ? '' : 'out|'}workers|queue|store|priority|attempts|backoff|log`;
  const left = new RegExp(`^--(no-)?(${valued}|resume|json|quiet)(=|$)|^-q$`);
  const taking = new RegExp(`^--(${valued})$`);
  const deciding = argv.filter((word, i) => !left.test(word) && !taking.test(argv[i - 1] ?? ''));
  const quoted = (word: string): string => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`);
  return ['lan-onnx', ...deciding].map(quoted).join(' ');
}

/** One overwritten line on a terminal; elsewhere one line per task, so that logs stay short. */
export function progress(io: Io): { say(task: string, doing: string): void; clear(): void } {
  // Of several that are done at the same time the news come in turns.
  const told = new Set<string>();
  return {
    say(task, doing) {
      if (io.terminal) io.err(`${CLEAR}${task}: ${doing}`);
      else if (!told.has(task)) io.err(`${task} ...\n`);
      told.add(task);
    },
    clear() {
      if (io.terminal) io.err(CLEAR);
    },
  };
}

/** Says that a run was told to stop before its end, and what is kept: exit code 2 in every command, since the result is not what was asked for. */
export function interrupted(io: Io, kept: string): void {
  io.err(`lan-onnx: interrupted; ${kept}\n`);
  io.exit(2);
}

/** What asks a program to stop: Ctrl-C, kill and service managers, a terminal that is closed; with what the shell reports of each. */
const STOPS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Ctrl-C, SIGTERM and SIGHUP as a signal that lets a run end well: `doing` says how. Another one ends the process at once. `stop` takes the
 * listeners away.
 */
export function interruptible(io: Io, doing: string): { readonly signal: AbortSignal; stop(): void } {
  const abort = new AbortController();
  const listeners = Object.entries(STOPS).map(([name, code]) => {
    const listener = (): void => {
      if (abort.signal.aborted) process.exit(code);
      io.err(`\nlan-onnx: ${doing}; press Ctrl-C again to stop at once.\n`);
      abort.abort();
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: abort.signal,
    stop: () => {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
