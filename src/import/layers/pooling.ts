// Pooling, upsampling, padding and cropping.
import { int64 } from '../../core/tensor.js';
import { inputOf, planesOf, type LayerRule, type Use } from '../layer.js';
import { windows } from '../padding.js';
import { channelsFirst, inOrder } from '../value.js';

const planes = (use: Use, rank: number) => planesOf(use, rank, (value) => channelsFirst(use.g, value));

const pooling =
  (op: 'MaxPool' | 'AveragePool', rank: number): LayerRule =>
  (use) => {
    const { g, settings } = use;
    const { name, channels, sizes, back } = planes(use, rank);
    const kernel = settings.wholes('pool_size', rank, 1, 2);
    const strides = settings.wholes('strides', rank, 1, kernel);
    const { outputs, pads } = windows(settings, sizes, kernel, strides);
    // AveragePool leaves padded places out of the mean by default, as TensorFlow does.
    return back(g.op(op, [name], { kernel_shape: kernel, strides, pads }), channels, outputs);
  };

/** Over all places, which are gone behind it. */
const globally =
  (op: 'GlobalAveragePool' | 'GlobalMaxPool', rank: number): LayerRule =>
  (use) => {
    const { g, settings } = use;
    const { name, channels, sizes, back } = planes(use, rank);
    const pooled = g.op(op, [name]);
    if (settings.flag('keepdims', false)) return back(pooled, channels, sizes.map(() => 1)); // prettier-ignore
    return { name: g.op('Flatten', [pooled], { axis: 1 }), dims: [channels], moved: false };
  };

/** Two pairs of begin and end, which two numbers or one stand for as well. */
function margins({ settings }: Use, name: string, byDefault: number): readonly [readonly number[], readonly number[]] {
  const given = settings.raw(name) ?? byDefault;
  const pairs = [given, given].map((all, i) => {
    const one: unknown = Array.isArray(all) && all.length === 2 ? all[i] : all;
    return Array.isArray(one) ? (one as unknown[]) : [one, one];
  });
  const fits = pairs.every(
    (p) => p.length === 2 && p.every((v) => Number.isInteger(v) && (v as number) >= 0 && (v as number) < 2 ** 24),
  );
  if (!fits) throw settings.wrong(name, '[[top, bottom], [left, right]], two whole numbers, or one');
  return pairs as unknown as readonly [readonly number[], readonly number[]];
}

/** Rules by class name. */
export const POOLING: Readonly<Record<string, LayerRule>> = {
  MaxPooling1D: pooling('MaxPool', 1),
  MaxPooling2D: pooling('MaxPool', 2),
  AveragePooling1D: pooling('AveragePool', 1),
  AveragePooling2D: pooling('AveragePool', 2),
  GlobalAveragePooling1D: globally('GlobalAveragePool', 1),
  GlobalAveragePooling2D: globally('GlobalAveragePool', 2),
  GlobalMaxPooling1D: globally('GlobalMaxPool', 1),
  GlobalMaxPooling2D: globally('GlobalMaxPool', 2),
  ZeroPadding2D(use) {
    const { g } = use;
    const { name, channels, sizes, back } = planes(use, 2);
    const [rows, columns] = margins(use, 'padding', 1);
    const pads = [0, 0, rows[0]!, columns[0]!, 0, 0, rows[1]!, columns[1]!];
    const outputs = [sizes[0]! + rows[0]! + rows[1]!, sizes[1]! + columns[0]! + columns[1]!];
    return back(g.op('Pad', [name, g.ints(pads), g.zero]), channels, outputs);
  },
  Cropping2D(use) {
    const { g } = use;
    const { name, channels, sizes, back } = planes(use, 2);
    const crops = margins(use, 'cropping', 0);
    const ends = sizes.map((n, i) => n - crops[i]![1]!);
    const starts = crops.map((c) => c[0]!);
    return back(g.slice(name, starts, ends, [2, 3]), channels, ends.map((e, i) => e - starts[i]!)); // prettier-ignore
  },
  UpSampling2D(use) {
    const { g, settings } = use;
    const { name, channels, sizes, back } = planes(use, 2);
    const factors = settings.wholes('size', 2, 1, 2);
    const mode = settings.choice('interpolation', ['nearest', 'bilinear'], 'nearest');
    if (mode === 'bilinear') use.note(`${use.label}: bilinear as tfjs-layers samples, from the corner; newer versions of Keras sample between pixels`); // prettier-ignore
    const scales = g.constant({ type: 'float32', dims: [4], data: Float32Array.from([1, 1, ...factors]) });
    const resized = g.op('Resize', [name, '', scales], {
      mode: mode === 'bilinear' ? 'linear' : 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
    return back(resized, channels, sizes.map((n, i) => n * factors[i]!)); // prettier-ignore
  },
  RepeatVector(use) {
    const { g, settings } = use;
    const value = inOrder(g, inputOf(use, 1));
    const times = settings.whole('n', 1);
    const rows = g.op('Unsqueeze', [value.name, g.ints([1])]);
    return { name: g.op('Tile', [rows, g.constant(int64([1, times, 1]))]), dims: [times, ...value.dims], moved: false };
  },
};
