// How many tokens a model is looked at with, where its file leaves that open and there is no text that tells.
import { LanError, type ErrorCode } from '../core/errors.js';
import type { ModelSource } from './source.js';
import type { PrepareOptions } from './prepare.js';
import { INTEGER } from './selection.js';

/** Numbers of tokens that are tried in turn: enough that every layer sees several, then fewer, as a model may have no places for so many. */
export const TOKEN_COUNTS = [16, 8, 4] as const;

/** What a model says that has fewer places than tokens: onnxruntime's words, or a shape that does not fit. */
const TOO_MANY: ReadonlySet<ErrorCode> = new Set(['runtime', 'input', 'shape']);

/** What was made of a model with a number of tokens, and the options that it was made with. */
export interface WithTokens<O, R> {
  readonly made: R;
  readonly options: O;
  /** What was taken. */
  readonly notes: readonly string[];
}

/**
 * `make` with a length for inputs of whole numbers [N,open], which are ids of tokens, masks and segments: the first of TOKEN_COUNTS that the model takes. Nothing
 * is bound where somebody said one of them, or gives a sample. Throws as `make` does for the first.
 */
export async function withTokens<O extends PrepareOptions, R>(
  { model }: Pick<ModelSource, 'model'>,
  options: O,
  make: (options: O) => Promise<R>,
): Promise<WithTokens<O, R>> {
  const { shapes = {}, feeds = {}, sample, batch } = options;
  const ofTokens = model.graph.inputs.filter(({ type, dims }) => INTEGER.test(type ?? '') && dims?.length === 2);
  const open = ofTokens.filter(({ dims }) => !isLength(dims![1]));
  const said = ofTokens.some(({ name }) => Object.hasOwn(shapes, name) || typeof (feeds[name] ?? 0) !== 'number');
  if (open.length === 0 || said || sample) return { made: await make(options), options, notes: [] };
  const example = `\`shapes\` ${open[0]!.name}=1,128`;
  return firstOf(TOKEN_COUNTS, TOO_MANY, async (count) => {
    const bound = open.map(({ name, dims }) => [name, [isLength(dims![0]) ? dims![0] : (batch ?? 1), count]] as const);
    const own = { ...options, shapes: { ...shapes, ...Object.fromEntries(bound) } };
    const notes = [`how many tokens go in is open: ${count} are taken; say another number with ${example}`];
    return { made: await make(own), options: own, notes };
  });
}

/** What `use` makes of the first of `all` that it takes; LanErrors of `codes` make it try the next. Throws what the first one threw. */
export async function firstOf<T, R>(all: readonly T[], codes: ReadonlySet<ErrorCode>, use: (one: T) => Promise<R>): Promise<R> {
  let first: unknown;
  for (const one of all) {
    try {
      return await use(one);
    } catch (error) {
      first ??= error;
      if (!(error instanceof LanError && codes.has(error.code))) break;
    }
  }
  throw first;
}

const isLength = (d: number | string | null | undefined): d is number => typeof d === 'number' && d > 0;
