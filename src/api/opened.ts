// What every call does first: take a model as it comes, opened or to be opened, and give back what it opened.
import { LanError } from '../core/errors.js';
import { openModel, type Classifier, type OpenOptions } from '../model/open.js';

/** A model as the calls take it: opened (it stays the caller's), or a path, a folder, the name of a packaged model, or the file's bytes. */
export type ModelLike = Classifier | string | Uint8Array;

/** What decides how a model is opened; everything else in a call's options is the call's own. */
const OPENING: Readonly<Record<keyof OpenOptions, true>> = {
  engine: true,
  backend: true,
  threads: true,
  shapes: true,
  batch: true,
  card: true,
  adapters: true,
  input: true,
  output: true,
  at: true,
  sample: true,
  feeds: true,
  trust: true,
};

/** Is it an opened classifier, and not where one lies? */
export const isOpened = (model: ModelLike): model is Classifier => typeof model === 'object' && !ArrayBuffer.isView(model);

/** Those of a call's options that say how the model is opened. */
export const openingOf = (options: OpenOptions): OpenOptions =>
  Object.fromEntries(Object.entries(options).filter(([key, value]) => key in OPENING && value !== undefined));

/**
 * Runs with the model: the opened one, or one that is opened here with `options` and disposed of afterwards, whatever happens. Throws LanError
 * (`usage`) where options of opening come with an opened model, for which they would be without effect; and as openModel does.
 */
export async function withModel<T>(
  model: ModelLike,
  options: OpenOptions,
  run: (classifier: Classifier) => Promise<T>,
): Promise<T> {
  if (isOpened(model)) {
    refuseOpening(model, options);
    return run(model);
  }
  const classifier = await openModel(model, openingOf(options));
  try {
    return await run(classifier);
  } finally {
    await classifier.dispose();
  }
}

/** Throws LanError where `options` hold what only openModel can heed. */
export function refuseOpening(classifier: Classifier, options: OpenOptions): void {
  const late = Object.keys(openingOf(options));
  if (late.length > 0)
    throw new LanError(
      'usage',
      `${classifier.source.name} is open already, so ${late.map((key) => `\`${key}\``).join(', ')} would be without effect.`,
      'Give it to openModel, or give the path in place of the opened model.',
    );
}
