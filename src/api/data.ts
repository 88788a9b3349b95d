// The dataset of a call: opened here from a path and closed again, or the caller's own.
import { openDataset, type DatasetOptions } from '../data/open-dataset.js';
import type { Dataset } from '../data/dataset.js';
import { isImage } from '../data/find-images.js';
import { pictureSize } from '../data/images.js';

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

/** Height and width of a dataset's pictures, or of the first of them: binds what a model leaves open that takes pictures in whole numbers. */
export async function firstPicture(dataset: Dataset): Promise<{ readonly pictureSize?: readonly [number, number] }> {
  const [, height, width] = dataset.shape ?? [];
  if (dataset.shape?.length === 3) return { pictureSize: [height!, width!] };
  for (let i = 0; i < dataset.length; i++) {
    const path = dataset.nameOf(i);
    const size = isImage(path) ? await pictureSize(path).catch(() => undefined) : undefined;
    if (size) return { pictureSize: size };
  }
  return {};
}
