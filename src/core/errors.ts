// The error that a user may see: what is wrong, and what to do about it.

/** What each code of a LanError means; docs/errors.md shows one of each. */
export const ERROR_CODES = {
  usage: 'an option or argument that is impossible, or two that contradict each other',
  model: 'bytes that are no sound ONNX file, or a model that is not there',
  unsupported: 'an op, type or structure that this version cannot run, or not on this engine',
  shape: 'an open axis that nobody bound, or a tensor whose shape or type does not fit',
  input: 'an input, output or inner value that does not exist, or has no value',
  data: 'a picture, array, data set, card, label file or checkpoint that cannot be read or does not fit',
  gradient: 'no gradient reaches what is to be explained',
  disagreement: 'the converted graph gives other numbers than onnxruntime on the original file',
  numbers: 'NaN or infinity where numbers were needed',
  memory: 'more memory asked for than there is, or than a file may ask for',
  write: 'a file or folder that cannot be written',
  runtime: 'onnxruntime or tfjs failed, in its own words',
  install: 'a package that is needed is not installed, or does not run on this machine',
  plugin: 'a plug-in that cannot be loaded, is not what one has to be, or fails',
  download: 'a file that did not arrive whole from the network, or is not what the list of downloads says',
  interrupted: 'stopped on request before there was a result',
} as const;

/** What kind of failure a LanError is, for programs that tell them apart: one of ERROR_CODES. */
export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * An expected failure (bad input, unsupported model, unwritable folder). The command line prints its message and exits with 2.
 *
 * Both texts are whole sentences. They name options as the library has them, in backticks (`` `shapes` ``); the command line prints its flag
 * (`--shape`) in that place, so that neither kind of user reads the other's words.
 *
 * @example
 * throw new LanError('shape', `Input 'x': its axis 2 is open.`, "Bind it with `shapes`, for example { x: [1, 3, 224, 224] }.");
 */
export class LanError extends Error {
  override name = 'LanError';
  constructor(
    readonly code: ErrorCode,
    /** Where it went wrong, what was expected and what came. */
    readonly problem: string,
    /** What to do about it, where there is something to do. */
    readonly advice?: string,
  ) {
    super(advice === undefined ? problem : `${problem} ${advice}`);
  }
}

/** One of several problems. */
export interface Problem {
  /** Where, what was expected and what came: one sentence, without a full stop. */
  readonly problem: string;
  /** What to do about this one: a whole sentence. */
  readonly advice?: string;
}

/** A problem and its advice as one text, as lists show them. */
export const withAdvice = ({ problem, advice }: Problem): string => (advice === undefined ? problem : `${problem}. ${advice}`);

/**
 * Several problems of one model, reported together: one per line after the heading, each with its advice, and on a line of its own what to do about
 * all of them. `advice` is the latter, or where there is none what all of them advise alike.
 */
export class LanErrors extends LanError {
  override name = 'LanErrors';
  /** Each with its own advice, where it has one. */
  readonly each: readonly Problem[];
  constructor(
    code: ErrorCode,
    heading: string,
    /** Without advice: one sentence each, without a full stop. */
    problems: readonly (string | Problem)[],
    advice?: string,
  ) {
    const each = problems.map((p): Problem => (typeof p === 'string' ? { problem: p } : p));
    const own = new Set(each.map((p) => p.advice));
    super(code, listed(heading, each.map((p) => p.problem)), advice ?? (own.size === 1 ? each[0]!.advice : undefined)); // prettier-ignore
    this.each = each;
    this.message = [listed(heading, each.map(withAdvice)), ...(advice === undefined ? [] : [advice])].join('\n');
  }

  /** What is wrong, without what to do about it. */
  get problems(): string[] {
    return this.each.map((p) => p.problem);
  }
}

const listed = (heading: string, lines: readonly string[]): string => [heading, ...lines.map((line) => `  - ${line}`)].join('\n');

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
