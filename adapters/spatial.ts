// Where pictures are sampled, cut and put together: GridSample, AffineGrid, CenterCropPad, Col2Im, ReverseSequence, written in simpler ops.
import { own } from '../src/core/own.js';
import { float32, int64, toIntegers } from '../src/core/tensor.js';
import { DATA_TYPE, defineOp, int, ints, text, type OpAdapter } from './op.js';
import { sampled, type SampleOptions } from './kernels/grid-sample.js';
import { checkTable, integers, product, range, reshapeTo } from './kernels/shape-common.js';

/** Names of modes before opset 20. */
const MODES: Readonly<Record<string, string>> = { linear: 'bilinear', cubic: 'bicubic' };

const gridSample = defineOp({
  op: 'GridSample',
  versions: [16, 20, 22],
  attributes: { align_corners: int(0), mode: text('bilinear'), padding_mode: text('zeros') },
  size: (n) => [[...n.dims(0).slice(0, 2), ...n.dims(1).slice(1, -1)]],
  grows: true,
  canonicalize: (n, g) => {
    const mode = n.attr<string>('mode') ?? 'linear';
    const { align_corners, padding_mode } = n.node.attributes;
    if (n.version < 20) return undefined;
    return g.op('GridSample', n.x.slice(0, 2), {
      align_corners,
      padding_mode,
      mode: own(MODES, mode) ?? mode,
    });
  },
  lower: (n, a, g) => sampled(n, a as SampleOptions, g),
});

/** The centres of `size` pixels (or, with align_corners, points from edge to edge) on [-1, 1]. */
const positions = (size: number, corners: number): number[] =>
  range(size).map((i) => (corners ? (size > 1 ? (2 * i) / (size - 1) - 1 : 0) : (2 * i + 1) / size - 1));

const affineGrid = defineOp({
  op: 'AffineGrid',
  versions: [20],
  attributes: { align_corners: int(0) },
  constants: [1],
  restrictions: 'a constant size',
  // grid = [x, y(, z), 1] theta^T over all positions: theta [N, 2, 3] or [N, 3, 4].
  canonicalize: (n, g) => {
    const size = n.constant(1) ?? n.refuse('its size (input 1) must be constant', 'Export the model with fixed shapes.');
    const [batch = 1, , ...spatial] = toIntegers(size);
    if (spatial.some((d) => d < 1)) n.refuse(`its size [${toIntegers(size).join(',')}] has an axis shorter than 1.`);
    checkTable(n, product(spatial) * (spatial.length + 1), 'grid');
    const axes = spatial.map((d) => positions(d, n.attr('align_corners') ?? 0));
    const count = product(spatial);
    const rank = spatial.length;
    const base = new Float32Array(count * (rank + 1));
    for (let p = 0; p < count; p++) {
      let rest = p;
      for (let k = rank - 1; k >= 0; k--) {
        base[p * (rank + 1) + rank - 1 - k] = axes[k]![rest % spatial[k]!]!;
        rest = Math.floor(rest / spatial[k]!);
      }
      base[p * (rank + 1) + rank] = 1;
    }
    const points = g.matMul(g.constant(float32(base, [1, count, rank + 1]), 'positions'), g.transpose(n.x[0]!, [0, 2, 1]));
    return g.reshape(points, [batch, ...spatial, rank]);
  },
});

const centerCropPad = defineOp({
  op: 'CenterCropPad',
  versions: [18],
  attributes: { axes: ints() },
  constants: [1],
  canonicalize: (n, g) => {
    const axes = n.attr<readonly number[]>('axes');
    const along = axes ? g.ints(axes) : '';
    const shape = g.op('Shape', [n.x[0]!]);
    const now = axes ? g.op('Gather', [shape, along]) : shape;
    const wanted = g.cast(n.x[1]!, DATA_TYPE.int64!);
    const [zero, two] = [g.ints([0]), g.ints([2])];
    // What is missing is added around, the odd one behind; what is too much is cut around.
    const missing = g.op('Max', [g.sub(wanted, now), zero]);
    const before = g.div(missing, two);
    const padded = g.op('Pad', [n.x[0]!, g.op('Concat', [before, g.sub(missing, before)], { axis: 0 }), '', along]);
    const start = g.div(g.op('Max', [g.sub(now, wanted), zero]), two);
    return g.op('Slice', [padded, start, g.add(start, wanted), along]);
  },
});

const col2Im = defineOp({
  op: 'Col2Im',
  versions: [18],
  attributes: { dilations: ints(), pads: ints(), strides: ints() },
  size: (n) => {
    const [batch, rows] = n.dims(0) as [number, number];
    return [[batch, Math.floor(rows / product(n.numbers(2))), ...n.numbers(1)]];
  },
  grows: true,
  constants: [1, 2],
  // Each row of the columns is one place of the block: a ConvTranspose whose kernels have a single 1.
  lower: (n, a, g) => {
    const [image, block] = [integers(n, 1, 'image_shape'), integers(n, 2, 'block_shape')];
    const [batch = 1, channels = 1] = n.outputType(0).dims;
    const strides = a.strides ?? block.map(() => 1);
    const dilations = a.dilations ?? block.map(() => 1);
    const pads = a.pads ?? [...block, ...block].map(() => 0);
    const rank = block.length;
    const extent = block.map((k, i) => (k - 1) * dilations[i]! + 1);
    const rest = image.map((d, i) => d + pads[i]! + pads[i + rank]! - extent[i]!);
    const steps = rest.map((r, i) => Math.floor(r / strides[i]!) + 1);
    const size = product(block);
    checkTable(n, channels * size * size, 'block');
    const kernel = new Float32Array(channels * size * size);
    for (let c = 0; c < channels; c++) for (let k = 0; k < size; k++) kernel[(c * size + k) * size + k] = 1;
    const x = g.reshape(n.x[0]!, [batch, channels * size, ...steps]);
    return g.op('ConvTranspose', [x, g.constant(float32(kernel, [channels * size, 1, ...block]), 'places')], {
      strides,
      dilations,
      pads,
      group: channels,
      kernel_shape: block,
      output_padding: rest.map((r, i) => r % strides[i]!),
    });
  },
});

const reverseSequence = defineOp({
  op: 'ReverseSequence',
  versions: [10],
  attributes: { batch_axis: int(1), time_axis: int(0) },
  // Element t of a sequence of this length comes from length - 1 - t, or stays behind it.
  lower: (n, { batch_axis, time_axis }, g) => {
    const { dims } = n.type(0);
    const rank = dims.length;
    const along = (axis: number): number[] => range(rank).map((i) => (i === axis ? dims[i]! : 1));
    const steps = g.constant(int64(range(dims[time_axis]!), along(time_axis)));
    const lengths = reshapeTo(g, n.x[1]!, along(batch_axis));
    const from = g.where(g.op('Less', [steps, lengths]), g.sub(g.sub(lengths, g.ints([1])), steps), steps);
    return g.op('GatherElements', [n.x[0]!, g.op('Expand', [from, g.ints(dims)])], { axis: time_axis });
  },
});

/** GridSample, AffineGrid, CenterCropPad, Col2Im and ReverseSequence, written in simpler ops. */
export const spatial: OpAdapter[] = [gridSample, affineGrid, centerCropPad, col2Im, reverseSequence];
