// A LanError as it passes between processes.
import { LanError, LanErrors, type ErrorCode } from './errors.js';

/** A LanError as plain data. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly advice?: string;
  readonly problems?: readonly string[];
}

/** An error as plain data. */
export const plainError = (e: LanError): PlainError => ({
  code: e.code,
  problem: e.problem,
  ...(e.advice === undefined ? {} : { advice: e.advice }),
  ...(e instanceof LanErrors ? { problems: e.problems } : {}),
});

/** The error that it was; the problems of several are in its heading already. */
export const errorFrom = ({ code, problem, advice }: PlainError): LanError => new LanError(code, problem, advice);
