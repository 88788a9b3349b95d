// Normalisation by statistics of training or of the input, and rescaling.
import { float32, toFloat32, type Tensor } from '../../core/tensor.js';
import { float } from '../../onnx/builder.js';
import { inputOf, type LayerRule, type Use } from '../layer.js';
import { axisIn, inOrder, type Value } from '../value.js';

const filled = (size: number, value: number): Tensor => float32(new Float32Array(size).fill(value));

/** An axis as counted from the batch, in the order of Keras. */
function axisOf({ settings }: Use, value: Value): number {
  const rank = value.dims.length + 1;
  const given = settings.wholes('axis', 1, -rank, -1)[0]!;
  const axis = given < 0 ? given + rank : given;
  if (axis < 1 || axis >= rank) throw settings.wrong('axis', `one of 1 to ${rank - 1}`);
  return axis;
}

/** Rules by class name. */
export const NORMALISATION: Readonly<Record<string, LayerRule>> = {
  BatchNormalization(use) {
    const { g, settings } = use;
    const value = inputOf(use);
    const axis = axisOf(use, value);
    const size = value.dims[axis - 1]!;
    const scale = settings.flag('scale', true) ? use.weight('gamma', [size]) : filled(size, 1);
    const shift = settings.flag('center', true) ? use.weight('beta', [size]) : filled(size, 0);
    const mean = use.weight('moving_mean', [size]);
    const variance = use.weight('moving_variance', [size]);
    const epsilon = settings.number('epsilon', 1e-3);
    if (axisIn(value, axis) === 1) {
      const constants = [scale, shift, mean, variance].map((t, i) => g.constant(t, ['scale', 'shift', 'mean', 'variance'][i]));
      return { ...value, name: g.op('BatchNormalization', [value.name, ...constants], { epsilon: float(epsilon) }) };
    }
    // ONNX normalises axis 1 alone; along another one it is a factor and a summand.
    const shape = Array.from({ length: value.dims.length + 1 }, (_, i) => (i === axisIn(value, axis) ? size : 1)).slice(1);
    const [s, b, m, v] = [scale, shift, mean, variance].map(toFloat32) as [Float32Array, Float32Array, Float32Array, Float32Array]; // prettier-ignore
    const factor = Float64Array.from(s, (x, i) => x / Math.sqrt(v[i]! + epsilon));
    const summand = Float32Array.from(b, (x, i) => x - m[i]! * factor[i]!);
    const scaled = g.mul(value.name, g.constant(float32(Float32Array.from(factor), shape), 'scale'));
    return { ...value, name: g.add(scaled, g.constant(float32(summand, shape), 'shift')) };
  },
  LayerNormalization(use) {
    const { g, settings } = use;
    const value = inOrder(g, inputOf(use));
    const rank = value.dims.length + 1;
    const axis = axisOf(use, value);
    if (axis !== rank - 1) throw settings.unsupported('its axis has to be the last one');
    const size = value.dims[axis - 1]!;
    const scale = settings.flag('scale', true) ? use.weight('gamma', [size]) : filled(size, 1);
    const shift = settings.flag('center', true) ? use.weight('beta', [size]) : filled(size, 0);
    const name = g.op('LayerNormalization', [value.name, g.constant(scale, 'scale'), g.constant(shift, 'shift')], {
      axis: -1,
      epsilon: float(settings.number('epsilon', 1e-3)),
    });
    return { ...value, name };
  },
  Rescaling(use) {
    const { g, settings } = use;
    const value = inputOf(use);
    const scaled = g.mul(value.name, g.scalar(settings.number('scale')));
    const offset = settings.number('offset', 0);
    return { ...value, name: offset === 0 ? scaled : g.add(scaled, g.scalar(offset)) };
  },
};
