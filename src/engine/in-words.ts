// What a runtime says where it fails, in words that say what to do: nobody is helped by an address in memory or the name of a C++ class.
import { LanError, messageOf, type ErrorCode } from '../core/errors.js';
import { MORE_MEMORY } from './more-memory.js';

/** A failure, told. */
interface Told {
  readonly code: ErrorCode;
  /** Without a full stop. */
  readonly problem: string;
  readonly advice: string;
}

const STRANGER = 'Do not use this file unless you know who made it.';

const KNOWN: readonly (readonly [said: RegExp, told: Told])[] = [
  // Before memory: it is thrown where sizes are added up for it.
  [
    /narrowing_error/i,
    {
      code: 'memory',
      problem: 'one of its values is larger than onnxruntime can count here',
      advice: 'Give it a smaller input, or fewer at a time (`draws`).',
    },
  ],
  [
    /bad_alloc|out of memory|\bOOM\b|failed to (allocate|grow)|could(n't| not) allocate|allocation failed/i,
    { code: 'memory', problem: 'onnxruntime found no memory for it', advice: MORE_MEMORY },
  ],
  [/^Aborted\(/, { code: 'runtime', problem: 'onnxruntime ended in WebAssembly', advice: STRANGER }],
  // The build for browsers throws where in its memory a C++ exception lies.
  [
    /^(uncaught )?(error( code)?: )?-?\d+$/i,
    { code: 'runtime', problem: 'onnxruntime stopped without saying why (an exception of C++)', advice: STRANGER },
  ],
];

/** What is known of such a failure; undefined where a runtime's own words say as much as anybody's. */
export function inWords(error: unknown): Told | undefined {
  const text = messageOf(error).trim();
  return KNOWN.find(([said]) => said.test(text))?.[1];
}

/** A runtime's first line, on which it says what there is. */
const firstLine = (error: unknown): string => messageOf(error).split('\n')[0]!.slice(0, 600);

/** One sentence of why, without a full stop: for what goes on without it. */
export const reasonOf = (error: unknown): string => inWords(error)?.problem ?? firstLine(error);

/** The LanError of what a runtime threw: `where`, and its reason. */
export function failureOf(where: string, error: unknown): LanError {
  if (error instanceof LanError) return error;
  const told = inWords(error);
  return told ? new LanError(told.code, `${where}: ${told.problem}.`, told.advice) : new LanError('runtime', `${where}: ${firstLine(error)}`);
} // prettier-ignore
