// A dataset as training samples: read once, kept as bytes, what cannot be read replaced by its neighbour and reported.
import { LanError } from '../core/errors.js';
import { sizeOf, toFloat32 } from '../core/tensor.js';
import { toPixels, type Dataset, type PictureSpec } from '../data/dataset.js';
import type { Samples } from './samples.js';

/** Pictures are kept decoded up to so many bytes. */
const CACHE = 2 ** 30;

/** Which samples of a dataset are used, and how they are brought to the form that a model takes. */
export interface DatasetSamplesOptions {
  /** Which samples of the dataset, by number; default: all. */
  readonly indices?: ArrayLike<number>;
  /** How pictures are brought to the model's size; undefined: the dataset's own arrays. */
  readonly spec?: PictureSpec;
  /** What white becomes. */
  readonly range: 1 | 255;
  /** Of one sample. */
  readonly shape: readonly number[];
  readonly labels?: Int32Array;
  /** Told once per sample that cannot be read; throwing ends the training. */
  readonly onUnreadable?: (reason: string) => void;
}

/** Throws LanError where samples have another shape, or none of the data can be read. */
export function samplesOfDataset(dataset: Dataset, options: DatasetSamplesOptions): Samples {
  const { spec, range, shape, labels, onUnreadable } = options;
  const chosen = Uint32Array.from(options.indices ?? Array.from({ length: dataset.length }, (_, i) => i));
  const per = sizeOf(shape);
  const known = new Map<number, Uint8Array | Float32Array>();
  const unreadable = new Set<number>();
  const keep = !dataset.sparse && per * chosen.length <= CACHE;

  /** The raw values of samples by their position in `chosen`, those that can be read. */
  async function load(positions: readonly number[]): Promise<Map<number, Uint8Array | Float32Array>> {
    const found = new Map<number, Uint8Array | Float32Array>();
    const missing = positions.filter((p) => !known.has(p) && !unreadable.has(p));
    for (const p of positions) if (known.has(p)) found.set(p, known.get(p)!);
    if (missing.length === 0) return found;
    const unique = [...new Set(missing)];
    const batch = await dataset.read(unique.map((p) => chosen[p]!), spec); // prettier-ignore
    if (sizeOf(batch.x.dims.slice(1)) !== per && batch.indices.length > 0)
      throw new LanError(
        'data',
        `Dataset '${dataset.name}': expected samples of shape [${shape.join(',')}], received [${batch.x.dims.slice(1).join(',')}].`,
      );
    for (const u of batch.unreadable) {
      unreadable.add(unique.find((p) => chosen[p] === u.index)!);
      onUnreadable?.(u.reason);
    }
    const raw = batch.x.type === 'uint8' ? (batch.x.data as Uint8Array) : toFloat32(batch.x);
    const at = new Map(batch.indices.map((index, i) => [index, i]));
    for (const p of unique) {
      const i = at.get(chosen[p]!);
      if (i === undefined) continue;
      const values = raw.slice(i * per, (i + 1) * per);
      found.set(p, values);
      if (keep) known.set(p, values);
    }
    return found;
  }

  return {
    count: chosen.length,
    shape,
    labels: labels && Array.from(chosen, (i) => labels[i]!),
    async read(indices) {
      const wanted = Array.from(indices);
      let found = await load(wanted);
      // A sample that cannot be read is replaced by the next one that can: the same in every epoch and after every restart.
      for (let i = 0; i < wanted.length; i++) {
        for (let tries = 0; !found.has(wanted[i]!); tries++) {
          if (tries >= chosen.length) throw new LanError('data', `Dataset '${dataset.name}': none of its samples can be read.`);
          wanted[i] = (wanted[i]! + 1) % chosen.length;
          found = new Map([...found, ...(await load([wanted[i]!]))]);
        }
      }
      const out = new Float32Array(wanted.length * per);
      wanted.forEach((p, i) => {
        const values = found.get(p)!;
        if (values instanceof Uint8Array)
          out.set(toPixels({ type: 'uint8', dims: [per], data: values }, range).data as Float32Array, i * per);
        else out.set(values, i * per);
      });
      return out;
    },
  };
}
