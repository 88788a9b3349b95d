// Many inputs with one auditor: what cannot be explained is told by name, and the rest goes on.
import { LanError, LanErrors, type ErrorCode } from '../core/errors.js';
import { bytesOf } from '../core/tensor.js';
import { picturePaths } from '../data/picture-paths.js';
import type { AuditResult, Auditor } from './audit.js';
import { MOST_PICTURES } from '../model/guess.js';
import type { Expected, Sample } from './inputs.js';
import type { NamedInputs } from './named-inputs.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** One of many inputs: explained, or why not. */
export type Audited =
  | { readonly path: string; readonly result: AuditResult; readonly error?: undefined }
  | { readonly path: string; readonly result?: undefined; readonly error: LanError };

/** An input of many, with what it has to be where the caller knows. */
export interface NamedInput {
  readonly path: string;
  readonly is?: Expected;
  /** A text, a file's bytes or a row of a table, where `path` is only what it is called. */
  readonly input?: NamedInputs;
}

/** Failures that are about one input; everything else (a full disk, a missing feed) would come again with the next one. */
const OF_ONE_INPUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['data', 'shape', 'numbers', 'disagreement', 'memory']);

/** The failure, where it is about one input; throws anything else. It begins with the input's path. */
export function failureNaming(path: string, error: unknown): LanError {
  if (!(error instanceof LanError) || !OF_ONE_INPUT.has(error.code)) throw error;
  return error.problem.includes(path) ? error : new LanError(error.code, `${path}: ${error.problem}`, error.advice);
}

/** An input that can be explained. */
export interface SoundInput<I extends NamedInput> {
  readonly input: I;
  /** What was read of it, for whoever explains it next: taken once, so that nothing is held longer. Undefined where it has to be read again. */
  readonly take: () => Sample | undefined;
}

/** Of an input that has to be read when its turn comes. */
const UNREAD = (): undefined => undefined;

/** Bytes of inputs that are kept between looking at all of them and explaining them: some fifty pictures of 224 x 224. There may be thousands. */
const KEPT = 2 ** 26;

const bytesIn = ({ x, pixels }: Sample): number =>
  (bytesOf(x.type, x.dims) ?? Infinity) + (pixels ? (bytesOf(pixels.type, pixels.dims) ?? Infinity) : 0);

/**
 * Reads every input, before anything long begins, and prepares the auditor for those that are sound. The first of them keep what was read (KEPT).
 * Throws what is not about one input; with `strict` also the first failure; and where none is sound the failure, or LanErrors with all of them.
 */
export async function survey<I extends NamedInput>(
  auditor: Auditor,
  inputs: readonly I[],
  {
    strict = false,
    onFailure,
    read = ({ path, is, input }) => auditor.read(input ?? path, is),
    onFirst,
    lazily = false,
  }: {
    readonly strict?: boolean;
    readonly onFailure?: (error: LanError, input: I) => void;
    readonly read?: (input: I) => Promise<Sample>;
    /** Read only the first ones, by which the auditor is prepared; the others count as sound until they are read. */
    readonly lazily?: boolean;
    /** Told which inputs the auditor was prepared with, together, where how pictures go in was to be chosen by them. */
    readonly onFirst?: (inputs: readonly I[]) => void;
  } = {},
): Promise<SoundInput<I>[]> {
  const sound: SoundInput<I>[] = [];
  let room = KEPT;
  const failures: { readonly error: LanError; readonly input: I }[] = [];
  // How pictures go in may have to be told from several of them: the first ones wait until there are enough.
  const waiting: { readonly sample: Sample; readonly input: I }[] = [];
  const prepareWaiting = async (): Promise<void> => {
    const samples = waiting.splice(0);
    if (samples.length === 0) return;
    onFirst?.(samples.map(({ input }) => input));
    await auditor.prepare(...samples.map(({ sample }) => sample));
  };
  let prepared = false;
  for (const input of inputs) {
    if (lazily && prepared) {
      sound.push({ input, take: UNREAD });
      continue;
    }
    let waits = false;
    try {
      const sample = await read(input);
      waits = !prepared && sample.pixels !== undefined;
      if (waits) waiting.push({ sample, input });
      else {
        await prepareWaiting();
        await auditor.prepare(sample);
        prepared ||= lazily;
      }
      const bytes = bytesIn(sample);
      let kept = bytes <= room ? sample : undefined;
      if (kept) room -= bytes;
      const take = (): Sample | undefined => {
        const once = kept;
        kept = undefined;
        return once;
      };
      sound.push({ input, take });
    } catch (error) {
      const failure = failureNaming(input.path, error);
      if (strict || inputs.length === 1) throw error;
      failures.push({ error: failure, input });
    }
    if (waits && waiting.length < MOST_PICTURES) continue;
    prepared ||= waits;
    await prepareWaiting();
  }
  await prepareWaiting();
  if (sound.length === 0 && failures.length > 0)
    throw allFailed(failures.map(({ error, input }) => ({ error, path: input.path })));
  for (const { error, input } of failures) onFailure?.(error, input);
  return sound;
}

/** Failures that one message names. */
const NAMED = 10;

/** One error of all failures: the only one, one that is the same for all of them, or LanErrors that name the first ten. */
export function allFailed(failed: readonly { readonly error: LanError; readonly path: string }[]): LanError {
  const failures = failed.map(({ error }) => error);
  const [first] = failures as [LanError];
  if (failures.length === 1) return first;
  // Of a table without a column each row would say it again.
  const [common, ...others] = new Set(failed.map(({ error, path }) => error.problem.replace(`${path}: `, '')));
  if (others.length === 0)
    return new LanError(first.code, `None of ${failures.length} inputs can be explained: ${common!}`, first.advice);
  const named = failures.slice(0, NAMED).map((f) => f.message.replace(/\.$/, ''));
  const more = failures.length > NAMED ? [`and ${failures.length - NAMED} more`] : [];
  return new LanErrors(first.code, `None of ${failures.length} inputs can be explained:`, [...named, ...more]);
}

/**
 * Explains many inputs one after the other, compiling once. `inputs`: paths of pictures and .npy files, folders of pictures, patterns
 * (`photos/*.jpg`), as picturePaths takes them. One that cannot be read or explained comes with its `error`, and the rest goes on.
 *
 * Throws LanError (`data`) where none of the inputs can be read, a folder holds no pictures, or a pattern matches nothing; with `strict` for the first
 * input that fails; and what `audit` throws for the model or its options.
 *
 * @example
 * const auditor = await createAuditor('model.onnx');
 * for await (const { path, result, error } of auditAll(auditor, ['photos/', 'more/*.jpg'])) {
 *   if (error) console.error(path, error.message);
 *   else await result.save(`out/${basename(path)}`);
 * }
 */
export async function* auditAll(
  auditor: Auditor,
  inputs: string | readonly string[],
  options: { /** Ends at the first input that fails. Default false. */ readonly strict?: boolean } = {},
): AsyncGenerator<Audited> {
  refuseUnknown('auditAll', options, NAMES.auditAll);
  const { strict = false } = options;
  const { paths } = await picturePaths(inputs);
  const failures: LanError[] = [];
  const named = paths.map((path) => ({ path }));
  const surveyed = await survey(auditor, named, { strict, onFailure: (error) => void failures.push(error) });
  const sound = new Map(surveyed.map((s) => [s.input, s]));
  for (const input of named) {
    const { path } = input;
    const found = sound.get(input);
    // The failures come in the order of the inputs.
    if (!found) yield { path, error: failures.shift()! };
    else yield await explained(auditor, path, found.take(), strict);
  }
}

async function explained(auditor: Auditor, path: string, sample: Sample | undefined, strict: boolean): Promise<Audited> {
  try {
    return { path, result: await auditor.audit(sample ?? path) };
  } catch (error) {
    const failure = failureNaming(path, error);
    if (strict) throw error;
    return { path, error: failure };
  }
}
