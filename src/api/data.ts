// The dataset of a call: opened here from a path and closed again, or the caller's own.
import { openDataset, type DatasetOptions } from '../data/open-dataset.js';
import type { Dataset } from '../data/dataset.js';

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
