// What a position map shows a classifier: objects, all of one size, centred at pixels of its input on a background.
import { LanError } from '../core/errors.js';
import { choose, random, STREAMS } from '../core/random.js';
import type { Tensor } from '../core/tensor.js';
import type { Classifier } from '../model/classifier.js';
import { centres, place, prepared, type PlacedObject } from './placing.js';

/** Which objects are put where, and on what. Lengths in pixels of the model's input. */
export interface SceneOptions {
  readonly objects: readonly PlacedObject[];
  /** Height and width that every object is brought to. Default: its own. */
  readonly size?: readonly [number, number];
  /** A pixel value 0..255, pixels [C,H,W] of the model's input, or fresh uniform noise under every sample. Default 0. */
  readonly background?: number | Uint8Array | 'noise';
  /** Pixels from one position to the next. Default 1. */
  readonly stride?: number;
  /** Samples a position. Default: every object once, at most 256; on noise at least 32. */
  readonly samples?: number;
  /** Whether objects may stick out, the part outside being cut off; else positions are those where they lie inside. Default true. */
  readonly clip?: boolean;
  readonly seed?: number;
}

/** One picture: the object of a sample, the pixel that its centre lies on, and the number of the noise under it. */
export interface Placement {
  readonly sample: number;
  readonly row: number;
  readonly column: number;
  readonly draw: number;
}

/** Objects and places, ready to be shown. */
export interface Scene {
  /** Of the model's input. */
  readonly height: number;
  readonly width: number;
  /** Height and width of every object. */
  readonly object: readonly [number, number];
  /** Centres. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly samples: number;
  /** The object of each sample. */
  readonly chosen: readonly PlacedObject[];
  /** Where a sample lies in the middle. Draw 0 of the noise chose the objects; those of the centred pictures come first. */
  readonly centred: (sample: number) => Placement;
  /** Pictures [count,C,H,W], uint8. */
  readonly compose: (count: number, at: (i: number) => Placement) => Tensor;
}

/** Throws LanError (`data`) for models that take no pictures, objects that do not fit, and more samples than objects. */
export function sceneOf(
  { source, inputs, card, sampleShape }: Pick<Classifier, 'source' | 'inputs' | 'card' | 'sampleShape'>,
  options: SceneOptions,
): Scene {
  if (!card) throw new LanError('data', `${source.name}: its input [${inputs[0]!.shape.join(',')}] is not a picture.`);
  const [channels, height, width] = sampleShape as [1 | 3, number, number];
  const { stride = 1, clip = true, seed = 0, background = 0 } = options;
  if (options.objects.length === 0) throw new LanError('data', 'There are no objects to place.');
  const objects = options.objects.map((o) => prepared(o, channels, options.size));
  const { height: h, width: w } = objects[0]!;
  if (objects.some((o) => o.height !== h || o.width !== w))
    throw new LanError('data', 'The objects differ in size.', 'Bring them to one with `objectSize`.');
  const rows = centres(height, h, stride, clip);
  const columns = centres(width, w, stride, clip);
  if (rows.length === 0 || columns.length === 0)
    throw new LanError(
      'data',
      `An object of ${h} x ${w} pixels does not fit into the input of ${height} x ${width}.`,
      'Choose a smaller `objectSize`.',
    );
  const per = channels * height * width;
  if (background instanceof Uint8Array && background.length !== per)
    throw new LanError('data', `\`background\`: expected ${per} values, received ${background.length}.`);
  const noisy = background === 'noise';
  const samples = options.samples ?? Math.min(256, noisy ? Math.max(32, objects.length) : objects.length);
  if (samples > objects.length && !noisy)
    throw new LanError('data', `${samples} samples a position of ${objects.length} object(s) would repeat themselves.`, `Give \`samples: ${objects.length}\` or less, or more objects.`); // prettier-ignore
  const chosen = chosenObjects(objects, samples, seed);
  const noise = random(seed, STREAMS.grid);
  const values = new Float32Array(per);
  const put = (out: Uint8Array, { sample, row, column, draw }: Placement): void => {
    if (noisy) {
      noise.uniform(values, draw, 0, 256);
      for (let i = 0; i < per; i++) out[i] = Math.min(255, values[i]!);
    } else if (background instanceof Uint8Array) out.set(background);
    else out.fill(background);
    place(out, height, width, chosen[sample]!, row, column);
  };
  return {
    height,
    width,
    object: [h, w],
    rows,
    columns,
    samples,
    chosen,
    centred: (sample) => ({ sample, row: Math.floor(height / 2), column: Math.floor(width / 2), draw: 1 + sample }),
    compose(count, at) {
      const data = new Uint8Array(count * per);
      for (let i = 0; i < count; i++) put(data.subarray(i * per, (i + 1) * per), at(i));
      return { type: 'uint8', dims: [count, ...sampleShape], data };
    },
  };
}

/** `samples` of the objects: all in order, a seeded choice without repeats, or in turn where there are more samples than objects. */
function chosenObjects(objects: readonly PlacedObject[], samples: number, seed: number): PlacedObject[] {
  const order = samples < objects.length ? choose(objects.length, samples, random(seed, STREAMS.grid)) : objects.map((_, i) => i);
  return Array.from({ length: samples }, (_, i) => objects[order[i % objects.length]!]!);
}
