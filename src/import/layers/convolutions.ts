// Convolutions and dense layers.
import { LanError } from '../../core/errors.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../../core/tensor.js';
import type { Settings } from '../config.js';
import { inputOf, planesOf, type LayerRule, type Use } from '../layer.js';
import { windows } from '../padding.js';
import { channelsFirst, inOrder } from '../value.js';
import { activated } from './activations.js';

/** A tensor with its axes in another order. */
function permuted(tensor: Tensor, perm: readonly number[]): Tensor {
  const { dims } = tensor;
  const to = perm.map((axis) => dims[axis]!);
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  const steps = perm.map((axis) => strides[axis]!);
  const from = toFloat32(tensor);
  const out = new Float32Array(from.length);
  const index = to.map(() => 0);
  for (let i = 0, at = 0; i < out.length; i++) {
    out[i] = from[at]!;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < to[axis]!) break;
      at -= steps[axis]! * to[axis]!;
      index[axis] = 0;
    }
  }
  return float32(out, to);
}

const bias = (use: Use, size: number): string =>
  use.settings.flag('use_bias', true) ? use.g.constant(use.weight('bias', [size]), 'bias') : '';

/** Steps and gaps; more than one of both at once tfjs refuses. */
function slides(settings: Settings, rank: number): { strides: number[]; dilations: number[] } {
  const strides = settings.wholes('strides', rank, 1, 1);
  const dilations = settings.wholes('dilation_rate', rank, 1, 1);
  if (strides.some((s) => s > 1) && dilations.some((d) => d > 1)) throw settings.unsupported('has strides and a dilation rate above 1 at once'); // prettier-ignore
  return { strides, dilations };
}

/** Conv1D and Conv2D: a kernel [...window, channels, filters]. */
const convolution =
  (rank: number): LayerRule =>
  (use) => {
    const { g, settings } = use;
    const planes = planesOf(use, rank, (value) => channelsFirst(g, value));
    const kernel = settings.wholes('kernel_size', rank, 1);
    const filters = settings.whole('filters', 1);
    settings.only('groups', 1, 'tfjs-layers knows no groups');
    const { strides, dilations } = slides(settings, rank);
    const { outputs, pads } = windows(settings, planes.sizes, kernel, strides, dilations);
    const axes = kernel.map((_, i) => i);
    const weight = permuted(use.weight('kernel', [...kernel, planes.channels, filters]), [rank + 1, rank, ...axes]);
    const name = g.op('Conv', [planes.name, g.constant(weight, 'kernel'), bias(use, filters)], { strides, dilations, pads, kernel_shape: kernel }); // prettier-ignore
    return activated(g, planes.back(name, filters, outputs), settings);
  };

/** One convolution a channel, with `depth_multiplier` results each. */
function depthwise(use: Use, planes: ReturnType<typeof planesOf>) {
  const { g, settings } = use;
  const kernel = settings.wholes('kernel_size', 2, 1);
  const multiplier = settings.whole('depth_multiplier', 1, 1);
  const { strides, dilations } = slides(settings, 2);
  const { outputs, pads } = windows(settings, planes.sizes, kernel, strides, dilations);
  const { channels } = planes;
  // [kh, kw, channels, multiplier] to [channels * multiplier, 1, kh, kw].
  const turned = permuted(use.weight('depthwise_kernel', [...kernel, channels, multiplier]), [2, 3, 0, 1]);
  const weight = g.constant({ ...turned, dims: [channels * multiplier, 1, ...kernel] }, 'kernel');
  return {
    outputs,
    filters: channels * multiplier,
    conv: (more: readonly string[]): string => g.op('Conv', [planes.name, weight, ...more], { strides, dilations, pads, kernel_shape: kernel, group: channels }), // prettier-ignore
  };
}

/** Rules by class name. */
export const CONVOLUTIONS: Readonly<Record<string, LayerRule>> = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  DepthwiseConv2D(use) {
    const { g, settings } = use;
    settings.only('dilation_rate', 1, 'Keras would go by it, tfjs-layers does not, and which of both is meant cannot be told');
    const planes = planesOf(use, 2, (value) => channelsFirst(g, value));
    const { conv, outputs, filters } = depthwise(use, planes);
    return activated(g, planes.back(conv([bias(use, filters)]), filters, outputs), settings);
  },
  SeparableConv2D(use) {
    const { g, settings } = use;
    const planes = planesOf(use, 2, (value) => channelsFirst(g, value));
    const { conv, outputs, filters: between } = depthwise(use, planes);
    const filters = settings.whole('filters', 1);
    const pointwise = permuted(use.weight('pointwise_kernel', [1, 1, between, filters]), [3, 2, 0, 1]);
    const name = g.op('Conv', [conv([]), g.constant(pointwise, 'kernel'), bias(use, filters)], { kernel_shape: [1, 1] });
    return activated(g, planes.back(name, filters, outputs), settings);
  },
  Conv2DTranspose(use) {
    const { g, settings } = use;
    settings.only('dilation_rate', 1, 'tfjs-layers knows no other than 1 here');
    const planes = planesOf(use, 2, (value) => channelsFirst(g, value));
    const kernel = settings.wholes('kernel_size', 2, 1);
    const strides = settings.wholes('strides', 2, 1, 1);
    const filters = settings.whole('filters', 1);
    const same = settings.choice('padding', ['valid', 'same'], 'valid') === 'same';
    const outputs = planes.sizes.map((n, i) => n * strides[i]! + (same ? 0 : Math.max(0, kernel[i]! - strides[i]!)));
    // What ONNX's formula gives beyond that is cut off, an odd rest at the end; what is missing is added at the end.
    const over = planes.sizes.map((n, i) => (n - 1) * strides[i]! + kernel[i]! - outputs[i]!);
    const begins = over.map((o) => Math.floor(Math.max(0, o) / 2));
    const pads = [...begins, ...over.map((o, i) => Math.max(0, o) - begins[i]!)];
    const weight = permuted(use.weight('kernel', [...kernel, filters, planes.channels]), [3, 2, 0, 1]);
    const name = g.op('ConvTranspose', [planes.name, g.constant(weight, 'kernel'), bias(use, filters)], {
      strides,
      pads,
      kernel_shape: kernel,
      output_padding: over.map((o) => Math.max(0, -o)),
    });
    return activated(g, planes.back(name, filters, outputs), settings);
  },
  Dense(use) {
    const { g, settings } = use;
    const value = inOrder(g, inputOf(use));
    const size = value.dims.at(-1);
    if (size === undefined) throw new LanError('model', `${use.label}: its input has no axis besides the batch.`);
    const units = settings.whole('units', 1);
    const kernel = g.constant(use.weight('kernel', [size, units]), 'kernel');
    const added = bias(use, units);
    const dims = [...value.dims.slice(0, -1), units];
    const product = (): string => {
      const name = g.matMul(value.name, kernel);
      return added === '' ? name : g.add(name, added);
    };
    const name = dims.length === 1 && added !== '' ? g.op('Gemm', [value.name, kernel, added]) : product();
    return activated(g, { name, dims, moved: false }, settings);
  },
};
