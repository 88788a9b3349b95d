// The dataset of a call: opened here from a path and closed again, or the caller's own.
import type { Tensor } from '../core/tensor.js';
import { openDataset, type DatasetOptions } from '../data/open-dataset.js';
import type { Dataset } from '../data/dataset.js';
import { isImage } from '../data/find-images.js';
import { pictureSize } from '../data/images.js';
import { MOST_PICTURES, picturesOf } from '../model/guess.js';
import type { Classifier } from '../model/open.js';
import { pictureSpec } from '../score/picture-spec.js';
import { chosen } from '../score/score.js';

/** A dataset as the calls take it: opened (it stays the caller's), or the path of a folder of pictures, IDX, CIFAR, a manifest or .npy. */
export type DatasetLike = Dataset | string;

/** Runs with the dataset. Throws as openDataset. */
export async function withDataset<T>(
  data: DatasetLike,
  options: DatasetOptions,
  run: (dataset: Dataset) => Promise<T>,
): Promise<T> {
  if (typeof data !== 'string') return run(data);
  const dataset = await openDataset(data, options);
  try {
    return await run(dataset);
  } finally {
    await dataset.close();
  }
}

/**
 * What a dataset binds of the axes that a model leaves open: height and width of its pictures, or of the first of them, and the shape of samples that are none (the length of
 * texts of ids).
 */
export async function firstSample(
  dataset: Dataset,
): Promise<{ readonly pictureSize?: readonly [number, number]; readonly sample?: readonly number[] }> {
  const [, height, width] = dataset.shape ?? [];
  if (dataset.shape && dataset.shape.length < 3) return { sample: [1, ...dataset.shape] };
  if (dataset.shape?.length === 3) return { pictureSize: [height!, width!] };
  for (let i = 0; i < dataset.length; i++) {
    const path = dataset.nameOf(i);
    const size = isImage(path) ? await pictureSize(path).catch(() => undefined) : undefined;
    if (size) return { pictureSize: size };
  }
  return {};
}

/** Some pictures [1,C,H,W] (uint8, 0..255) of a dataset, by which a preprocessing may be told; none where its samples are no bytes. */
export async function somePictures(dataset: Dataset, classifier: Classifier, seed = 0): Promise<Tensor[]> {
  const spec = pictureSpec(classifier);
  if (!spec || !classifier.cardAssumed) return [];
  const { x } = await dataset.read(chosen(dataset.length, { limit: MOST_PICTURES, seed }), spec);
  return x.type === 'uint8' ? picturesOf(x) : [];
}
