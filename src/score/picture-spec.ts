// How a classifier wants its pictures.
import type { PictureSpec } from '../data/dataset.js';
import type { Classifier } from '../model/classifier.js';

/** How pictures have to come for this classifier; undefined where it takes none. */
export function pictureSpec({ card, inputShape }: Pick<Classifier, 'card' | 'inputShape'>): PictureSpec | undefined {
  if (!card) return undefined;
  const [channels, height, width] = inputShape as [1 | 3, number, number];
  return { channels, height, width, resize: card.resize, crop: card.crop, resample: card.resample };
}
