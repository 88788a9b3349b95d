// An exported explainer (lan.onnx) by itself: a picture in, a mask out, at interactive rates.
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { readImage, type ImageSpec } from '../data/images.js';
import { openMasks, readExplainer, type ExplainerSettings } from '../explain/explainer.js';
import { withPicture, type Pixels } from './files.js';

/** An explainer, opened. */
export interface Explainer {
  /** What it was trained with. */
  readonly settings: ExplainerSettings;
  /** The model that it explains, by the name of its file. */
  readonly model: string | undefined;
  /** [C,H,W] of the pictures that it takes. */
  readonly inputShape: readonly number[];
  /** The mask of a picture, resized and cropped as when it was trained: [1,1,H,W] or [1,C,H,W] in [0,1], 1 = replaceable. */
  explain(picture: Pixels): Promise<Tensor>;
  /** Frees its session. */
  dispose(): Promise<void>;
}

/**
 * Opens an explainer that `train` has written, by its bytes; its model is not needed. Throws LanError (`data`) for what is none, or takes no pictures.
 *
 * @example
 * const explainer = await openExplainer(bytes);
 * const { width, height, data: rgba } = context.getImageData(0, 0, canvas.width, canvas.height);
 * const mask = await explainer.explain({ width, height, rgba });
 */
export async function openExplainer(bytes: Uint8Array): Promise<Explainer> {
  const file = await readExplainer(bytes);
  const { sampleShape = [], card, settings, model, name } = file;
  const [channels, height, width] = sampleShape;
  if (sampleShape.length !== 3 || (channels !== 1 && channels !== 3) || !height || !width || !card)
    throw new LanError('data', `${name}: takes samples of [${sampleShape.join(',')}], which are no pictures.`);
  const spec: ImageSpec = { channels, height, width, resize: card.resize, crop: card.crop, resample: card.resample, range: card.range ?? 1 }; // prettier-ignore
  const { explain, dispose } = await openMasks(file);
  return {
    settings,
    model: model.name,
    inputShape: sampleShape,
    explain: async (picture) => explain((await withPicture('frame', picture, (path) => readImage(path, spec))).tensor),
    dispose,
  };
}
