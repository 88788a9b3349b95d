// Cases of the normalisations, every definition of each.
import { sizeOf, float32, type Tensor } from '../../src/core/tensor.js';
import { random, STREAMS } from '../../src/core/random.js';
import { float } from '../../src/onnx/builder.js';
import { caseOf as n, type OpCase } from './case.js';

let draw = 0;
const normal = (...dims: number[]): Tensor =>
  float32(random(14, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw++, 0.3, 1), dims);
const positive = (...dims: number[]): Tensor =>
  float32(random(15, STREAMS.check).uniform(new Float32Array(sizeOf(dims)), draw++, 0.5, 2), dims);
/** Away from zero, where |x| has its kink. */
const nonzero = (...dims: number[]): Tensor => {
  const t = normal(...dims);
  return float32(
    Array.from(t.data as Float32Array, (v) => v + Math.sign(v) * 0.2),
    dims,
  );
};

const image = [2, 3, 5, 7];
const statistics = (c: number): Tensor[] => [positive(c), normal(c), normal(c), positive(c)];
const fixed = { initializers: [1, 2, 3, 4] };
const trained = { initializers: [] };

const even = normal(2, 7, 5, 6);
/** LRN of size 4 as ONNX defines it (onnxruntime refuses even sizes): channels c - 1 to c + 2. */
function evenLrn({ data, dims }: Tensor): Tensor {
  const x = data as Float32Array;
  const [channels, positions] = [dims[1]!, dims[2]! * dims[3]!];
  const y = x.map((v, i) => {
    const c = Math.floor(i / positions) % channels;
    let sum = 0;
    for (let k = -1; k <= 2; k++) if (c + k >= 0 && c + k < channels) sum += x[i + k * positions]! ** 2;
    return v / (2 + (0.9 / 4) * sum) ** 0.75;
  });
  return float32(y, dims);
}

/** scale (x - mean) / sqrt(variance + epsilon) + bias per channel, as the definitions before opset 7 have it, which onnxruntime does not run. */
function batchNorm([x, scale, bias, mean, variance]: readonly Tensor[], epsilon: number): Tensor {
  const positions = sizeOf(x!.dims.slice(2));
  const at = (t: Tensor | undefined, c: number): number => (t!.data as Float32Array)[c]!;
  const y = (x!.data as Float32Array).map((v, i) => {
    const c = Math.floor(i / positions) % x!.dims[1]!;
    return ((v - at(mean, c)) / Math.sqrt(at(variance, c) + epsilon)) * at(scale, c) + at(bias, c);
  });
  return float32(y, x!.dims);
}
/** The same with the statistics of each sample's channel. */
function instanceNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor {
  const positions = sizeOf(x.dims.slice(2));
  const data = x.data as Float32Array;
  const y = data.map((v, i) => {
    const plane = data.slice(Math.floor(i / positions) * positions, (Math.floor(i / positions) + 1) * positions);
    const mean = plane.reduce((a, b) => a + b) / positions;
    const variance = plane.reduce((a, b) => a + (b - mean) ** 2, 0) / positions;
    const c = Math.floor(i / positions) % x.dims[1]!;
    const at = (t: Tensor): number => (t.data as Float32Array)[c]!;
    return ((v - mean) / Math.sqrt(variance + epsilon)) * at(scale) + at(bias);
  });
  return float32(y, x.dims);
}
const oldBatch = [normal(...image), ...statistics(3)];
const oldInstance = [normal(...image), positive(3), normal(3)] as [Tensor, Tensor, Tensor];

export const cases: OpCase[] = [
  n(
    'opset 1',
    'BatchNormalization',
    1,
    oldBatch,
    { epsilon: float(0.01), momentum: float(0.8), spatial: 1, is_test: 1, consumed_inputs: [0, 0, 0, 1, 1] },
    { ...fixed, expected: [batchNorm(oldBatch, 0.01)] },
  ),
  n('opset 6', 'BatchNormalization', 6, oldBatch, { is_test: 1 }, { ...trained, expected: [batchNorm(oldBatch, 1e-5)] }),
  n(
    'opset 7',
    'BatchNormalization',
    7,
    [normal(...image), ...statistics(3)],
    { epsilon: float(1e-3), momentum: float(0.9) },
    fixed,
  ),
  n('opset 9', 'BatchNormalization', 9, [normal(...image), ...statistics(3)], {}, fixed),
  n('opset 14', 'BatchNormalization', 14, [normal(...image), ...statistics(3)], { training_mode: 0 }, fixed),
  n('opset 15', 'BatchNormalization', 15, [normal(...image), ...statistics(3)], { epsilon: float(0.01) }, fixed),
  n('rank 2', 'BatchNormalization', 15, [normal(5, 3), ...statistics(3)], {}, fixed),
  n('rank 3', 'BatchNormalization', 15, [normal(2, 3, 7), ...statistics(3)], {}, fixed),
  n('trained', 'BatchNormalization', 15, [normal(...image), ...statistics(3)], { epsilon: float(0.01) }, trained),
  n('trained, one axis', 'BatchNormalization', 9, [normal(2, 3, 7), ...statistics(3)], {}, trained),
  n('trained, rank 2', 'BatchNormalization', 15, [normal(5, 3), ...statistics(3)], {}, trained),
  n(
    'opset 7, per element',
    'BatchNormalization',
    7,
    [normal(2, 3, 4), positive(3, 4), normal(3, 4), normal(3, 4), positive(3, 4)],
    { spatial: 0 },
    fixed,
  ),
  n(
    'trained, per element',
    'BatchNormalization',
    7,
    [normal(2, 3, 4), positive(3, 4), normal(3, 4), normal(3, 4), positive(3, 4)],
    { spatial: 0 },
    trained,
  ),
  n(
    'opset 1',
    'InstanceNormalization',
    1,
    oldInstance,
    { epsilon: float(0.01), consumed_inputs: [0, 0, 0] },
    { expected: [instanceNorm(...oldInstance, 0.01)] },
  ),
  n('trained, one axis', 'InstanceNormalization', 18, [normal(2, 3, 7), positive(3), normal(3)], {}, trained),
  n('opset 6', 'InstanceNormalization', 7, [normal(...image), positive(3), normal(3)], { epsilon: float(0.01) }),
  n('opset 22', 'InstanceNormalization', 22, [normal(...image), positive(3), normal(3)], {}, { initializers: [1, 2] }),
  n('one axis', 'InstanceNormalization', 18, [normal(2, 3, 7), positive(3), normal(3)], {}, { initializers: [1, 2] }),
  n('opset 1', 'LRN', 7, [normal(2, 7, 5, 6)], { size: 5, alpha: float(0.8), beta: float(0.7), bias: float(1.3) }),
  n('opset 13', 'LRN', 13, [normal(2, 7, 5, 6)], { size: 3, alpha: float(0.5) }),
  n('even size', 'LRN', 13, [even], { size: 4, alpha: float(0.9), bias: float(2) }, { expected: [evenLrn(even)] }),
  n('wider than the channels', 'LRN', 13, [normal(2, 3, 5, 6)], { size: 7, alpha: float(0.9) }),
  n("onnxruntime's own, opset 11", 'LayerNormalization', 11, [normal(2, 3, 7), positive(7), normal(7)], { axis: 2 }),
  n('last axis', 'SimplifiedLayerNormalization', 12, [normal(2, 3, 7), positive(7)], { epsilon: float(0.01) }),
  n('two axes', 'SimplifiedLayerNormalization', 18, [normal(2, 3, 5, 7), positive(5, 7)], { axis: 2 }),
  n('last axis', 'LayerNormalization', 17, [normal(2, 3, 7), positive(7), normal(7)], { epsilon: float(0.01) }),
  n('two axes, fixed', 'LayerNormalization', 17, [normal(2, 3, 7), positive(3, 7)], { axis: 1 }, { initializers: [1] }),
  n('four axes', 'LayerNormalization', 17, [normal(...image), positive(7), normal(7)], { axis: -1 }),
  n('without bias', 'LayerNormalization', 17, [normal(2, 3, 7), positive(7)]),
  n('three axes', 'LayerNormalization', 17, [normal(...image), positive(3, 5, 7), normal(3, 5, 7)], { axis: -3 }),
  n('all axes', 'LayerNormalization', 17, [normal(3, 7), positive(3, 7), normal(3, 7)], { axis: 0 }),
  n(
    'Mean and InvStdDev',
    'LayerNormalization',
    17,
    [normal(2, 3, 7), positive(3, 7)],
    { axis: 1, epsilon: float(0.1) },
    { outputs: 3 },
  ),
  n('broadcast scale', 'LayerNormalization', 17, [normal(2, 3, 7), positive(1, 7), normal(7)], { axis: 1 }),
  n('opset 18', 'GroupNormalization', 18, [normal(2, 6, 3, 5), positive(2), normal(2)], { num_groups: 2 }),
  n('opset 18, one axis', 'GroupNormalization', 18, [normal(2, 6, 5), positive(3), normal(3)], { num_groups: 3 }),
  n(
    'opset 18, fixed',
    'GroupNormalization',
    18,
    [normal(2, 6, 3, 5), positive(2), normal(2)],
    { num_groups: 2 },
    { initializers: [1, 2] },
  ),
  n('opset 21', 'GroupNormalization', 21, [normal(2, 6, 3, 5), positive(6), normal(6)], {
    num_groups: 2,
    epsilon: float(0.01),
    stash_type: 1,
  }),
  n(
    'opset 21, fixed',
    'GroupNormalization',
    21,
    [normal(2, 6, 3, 5), positive(6), normal(6)],
    { num_groups: 3 },
    { initializers: [1, 2] },
  ),
  n('opset 21, one axis', 'GroupNormalization', 21, [normal(2, 6, 5), positive(6), normal(6)], { num_groups: 3 }),
  n('last axis', 'RMSNormalization', 23, [normal(2, 3, 7), positive(7)], { epsilon: float(0.01) }),
  n('two axes', 'RMSNormalization', 23, [normal(2, 3, 7), positive(3, 7)], { axis: 1 }),
  n('opset 9', 'MeanVarianceNormalization', 9, [normal(...image)]),
  n('opset 13, axes', 'MeanVarianceNormalization', 13, [normal(...image)], { axes: [2, 3] }),
  n('opset 1', 'LpNormalization', 18, [nonzero(2, 3, 7)]),
  n('p = 1', 'LpNormalization', 18, [nonzero(2, 3, 7)], { axis: 1, p: 1 }),
  n('opset 22', 'LpNormalization', 22, [nonzero(2, 3, 7)], { axis: 0 }),
];
