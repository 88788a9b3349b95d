// Datasets whose samples all have one shape: in memory, or as records of a file.
import { LanError } from '../core/errors.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { asDisposable, type OpenDataset, checkIndices, runsOf, wrongShape, type Dataset, type PictureSpec } from './dataset.js';
import { fit } from './images.js';
import { fromPlanes, toPlanes } from './planes.js';

/**
 * A dataset of tensors in memory: `x` [N, ...shape], uint8 pixels or floats. For tests and for samples made by a program.
 *
 * @example
 * const data = datasetOf({ type: 'uint8', dims: [2, 1, 8, 8], data: new Uint8Array(128) }, [0, 1]);
 */
export function datasetOf(x: Tensor, labels?: ArrayLike<number>, classes?: readonly string[], name = 'memory'): OpenDataset {
  const [length = 0, ...shape] = x.dims;
  if (labels && labels.length !== length)
    throw new LanError('data', `Dataset '${name}': expected ${length} labels, one a sample, received ${labels.length}.`);
  const per = sizeOf(shape);
  const data = x.type === 'uint8' ? (x.data as Uint8Array) : toFloat32(x);
  return asDisposable(
    storedDataset({
      name,
      format: 'npy',
      length,
      shape,
      labels: labels && Int32Array.from(labels),
      classes,
      notes: [],
      type: x.type === 'uint8' ? 'uint8' : 'float32',
      load: (first, count) => Promise.resolve(data.subarray(first * per, (first + count) * per)),
    }),
  );
}

/** What a dataset of samples of one shape is made of. */
export interface Stored extends Pick<Dataset, 'name' | 'format' | 'split' | 'length' | 'labels' | 'classes' | 'notes'> {
  readonly shape: readonly number[];
  readonly type: 'uint8' | 'float32';
  /** `count` samples from `first` on, one after the other. */
  readonly load: (first: number, count: number) => Promise<Uint8Array | Float32Array>;
  readonly close?: () => Promise<void>;
}

/** A dataset whose samples all have one shape: reads runs of them at once, and fits pictures to the spec. */
export function storedDataset({ load, close, type, ...about }: Stored): Dataset {
  const { shape, name } = about;
  const per = sizeOf(shape);
  return {
    ...about,
    numbered: true,
    nameOf: (index) => `${index}`,
    async read(indices, spec) {
      checkIndices(indices, about);
      const wanted = spec ? [spec.channels, spec.height, spec.width] : shape;
      const same = wanted.join() === shape.join();
      const picture = type === 'uint8' && shape.length === 3 && (shape[0] === 1 || shape[0] === 3);
      if (!same && !picture) throw wrongShape(name, shape, wanted);
      const runs = runsOf(indices);
      let data = runs.length === 1 ? await load(...runs[0]!) : undefined;
      if (!data) {
        data = type === 'uint8' ? new Uint8Array(indices.length * per) : new Float32Array(indices.length * per);
        let at = 0;
        for (const run of runs) {
          data.set(await load(...run), at);
          at += run[1] * per;
        }
      }
      if (!same) data = fitAll(data as Uint8Array, shape, spec!, name);
      return { indices: [...indices], x: { type, dims: [indices.length, ...wanted], data }, unreadable: [] };
    },
    close: async () => close?.(),
  };
}

/** Many samples [C,H,W], one after the other, each brought to the spec's size and channels as a photo is. */
function fitAll(data: Uint8Array, shape: readonly number[], spec: PictureSpec, name: string): Uint8Array {
  const from = sizeOf(shape);
  const to = spec.channels * spec.height * spec.width;
  const out = new Uint8Array((data.length / from) * to);
  for (let i = 0; i * from < data.length; i++) {
    const picture = fromPlanes(data.subarray(i * from, (i + 1) * from), shape);
    out.set(toPlanes(fit(picture, spec, name), spec.channels), i * to);
  }
  return out;
}
