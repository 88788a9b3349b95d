// Where a window reaches over the edge: 'valid' and 'same', as TensorFlow lays them.
import type { Settings } from './config.js';

/** How windows slide along each axis. */
export interface Windows {
  /** Steps along each axis. */
  readonly outputs: readonly number[];
  /** ONNX's: all begins, then all ends. */
  readonly pads: readonly number[];
}

/** Windows of a size, with steps and gaps, over axes of `sizes`. With 'same', an odd rest lies at the end, and there are ceil(size / step) of them. */
export function windows(
  settings: Settings,
  sizes: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  dilations: readonly number[] = window.map(() => 1),
): Windows {
  const same = settings.choice('padding', ['valid', 'same'], 'valid') === 'same';
  const extent = window.map((k, i) => (k - 1) * dilations[i]! + 1);
  const outputs = sizes.map((n, i) => (same ? Math.ceil(n / strides[i]!) : Math.floor((n - extent[i]!) / strides[i]!) + 1));
  const total = sizes.map((n, i) => (same ? Math.max(0, (outputs[i]! - 1) * strides[i]! + extent[i]! - n) : 0));
  const begins = total.map((t) => Math.floor(t / 2));
  return { outputs, pads: [...begins, ...total.map((t, i) => t - begins[i]!)] };
}
