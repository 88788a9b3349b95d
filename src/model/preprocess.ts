// How a picture becomes the model's input, as a graph and in plain JavaScript: the only place that normalises.
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { InputCard } from './card.js';
import { Steps } from './steps.js';

/** Input and output names of the composed graph. */
export const X = 'x';

/**
 * preprocessing o model: one input `x` (float32, [N,C,H,W] RGB in 0..range for a picture, else the model's own input), the model's `outputs`
 * as the only outputs. `as`: the model's own dims of the input, where those are others. `card` undefined: the input goes in as it is. Other model
 * inputs keep their names. `steps`: those of plug-ins, which a card may name.
 */
export function withPreprocessing(
  model: Graph,
  input: string,
  outputs: readonly string[],
  dims: readonly number[],
  card: InputCard | undefined,
  as: readonly number[] = dims,
  steps = new Steps([]),
): Graph {
  const g = new GraphBuilder(model.name);
  const x = g.input(X, 'float32', dims);
  const own = card ? preprocess(g, steps.append(g, x, dims, card), card) : x;
  // Four axes that a card has put in order are the model's.
  const same = card ? as === dims || as.length === 4 : as.join() === dims.join();
  const fed = same ? own : g.reshape(own, as);
  const made = g.inline(model, { [input]: fed });
  for (const output of outputs) g.output(made[output]!, output);
  return g.build();
}

function preprocess(g: GraphBuilder, x: string, card: InputCard): string {
  let value = x;
  if (card.channels === 'BGR') value = g.op('Gather', [value, g.ints([2, 1, 0])], { axis: 1 });
  const perChannel = (v: readonly number[]): string => g.constant(float32(v, [1, v.length, 1, 1]));
  if (card.mean.some((m) => m !== 0)) value = g.sub(value, perChannel(card.mean));
  if (card.std.some((s) => s !== 1)) value = g.mul(value, perChannel(card.std.map((s) => 1 / s)));
  return card.layout === 'NHWC' ? g.transpose(value, [0, 2, 3, 1]) : value;
}

/**
 * The same preprocessing outside a graph, for runs of the untouched model: x [N,C,H,W] to the model's input. uint8 pixels (0..255, whatever the
 * card's range) are scaled and normalised in one go.
 */
export function preprocessTensor(x: Tensor, card: InputCard | undefined, into?: Float32Array): Tensor {
  if (!card) return x.type === 'uint8' ? float32(toFloat32(x), x.dims) : x;
  const [n, c, h, w] = x.dims as [number, number, number, number];
  const area = h * w;
  const out = into?.length === n * c * area ? into : new Float32Array(n * c * area);
  const bytes = x.type === 'uint8' ? (x.data as Uint8Array) : undefined;
  const floats = bytes ? undefined : toFloat32(x);
  const dims = card.layout === 'NCHW' ? [n, c, h, w] : [n, h, w, c];
  const unchanged =
    card.mean.every((m) => m === 0) &&
    card.std.every((s) => s === 1) &&
    (!bytes || card.range === 255) &&
    card.channels !== 'BGR';
  if (unchanged && card.layout === 'NCHW') {
    out.set(bytes ?? floats!);
    return float32(out, dims);
  }
  const step = card.layout === 'NCHW' ? 1 : c;
  for (let k = 0; k < c; k++) {
    const mean = card.mean[k % card.mean.length]!;
    const scale = 1 / card.std[k % card.std.length]!;
    // A byte has 256 values: they are normalised once, and looked up.
    const table = bytes && Float32Array.from({ length: 256 }, (_, v) => ((v * card.range) / 255 - mean) * scale);
    for (let i = 0; i < n; i++) {
      const from = (i * c + (card.channels === 'BGR' ? c - 1 - k : k)) * area;
      const to = step === 1 ? (i * c + k) * area : i * area * c + k;
      if (table) lookUp(out, to, step, bytes, from, area, table);
      else shift(out, to, step, floats!, from, area, mean, scale);
    }
  }
  return float32(out, dims);
}

// Two loops, each over arrays of one type: one loop over either takes three times as long.
function lookUp(
  out: Float32Array,
  to: number,
  step: number,
  from: Uint8Array,
  at: number,
  count: number,
  table: Float32Array,
): void {
  for (let end = at + count; at < end; at++, to += step) out[to] = table[from[at]!]!;
}

function shift(
  out: Float32Array,
  to: number,
  step: number,
  from: Float32Array,
  at: number,
  count: number,
  mean: number,
  scale: number,
): void {
  for (let end = at + count; at < end; at++, to += step) out[to] = (from[at]! - mean) * scale;
}

/** Does the card say how pixels become this input? */
export const isPicture = (dims: readonly number[], card?: Partial<InputCard>): card is Partial<InputCard> =>
  dims.length === 4 && (card?.mean !== undefined || card?.range !== undefined);

/**
 * Values made for the model's input itself, where it is a picture of shape `dims`: fractions of the card's range (0..1, default range 255) to
 * (range * v - mean) / std in place, per channel of the model's own order. Gives `values`.
 */
export function normalise(values: Float32Array, dims: readonly number[], card: Partial<InputCard>): Float32Array {
  const channel = channelOf(dims, card);
  const { range = 255, mean = [0], std = [1] } = card;
  for (let i = 0; i < values.length; i++) {
    const c = channel(i);
    values[i] = (values[i]! * range - mean[c % mean.length]!) / std[c % std.length]!;
  }
  return values;
}

/** The channel of element i of a rank-4 input, by the card's layout or, without one, by which axis is short. */
function channelOf(dims: readonly number[], card: Partial<InputCard>): (i: number) => number {
  const last = card.layout === 'NHWC' || (card.layout === undefined && dims[3]! <= 4 && dims[1]! > 4);
  const channels = dims[last ? 3 : 1]!;
  const area = last ? 1 : dims[2]! * dims[3]!;
  return (i) => Math.floor(i / area) % channels;
}
