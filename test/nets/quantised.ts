// A small residual network, in float32 and as quantisers write it: QDQ form and QLinear form, of the same weights.
import { random } from '../../src/core/random.js';
import { float32, int32, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { openSession } from '../../src/engine/ort.js';
import { GraphBuilder, type AttributeInput } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';

/** How a quantised file writes a layer; 'float' is the net before it was quantised. */
export type Form = 'float' | 'QDQ' | 'QLinear';
/** Least and greatest value of each layer, in order. */
export type Ranges = readonly (readonly [low: number, high: number])[];

const MS = 'com.microsoft';
export const SIZE = 16;
export const CLASSES = 7;

/** A layer's value: its name, and the scale and zero point that it is quantised by. */
interface Layer {
  readonly value: string;
  readonly scale: string;
  readonly zero: string;
  readonly step: number;
}

/** Float weights rounded to int8, one scale per output channel. */
function int8Weights(dims: readonly number[], draw: number): { q: Tensor; scales: Float32Array; real: Tensor } {
  const rows = dims[0]!;
  const per = sizeOf(dims) / rows;
  const drawn = random(3, 12).normal(new Float32Array(sizeOf(dims)), draw);
  const data = new Int8Array(drawn.length);
  const scales = new Float32Array(rows);
  for (let r = 0; r < rows; r++) {
    const row = drawn.subarray(r * per, (r + 1) * per).map((v) => v * Math.sqrt(2 / per));
    scales[r] = row.reduce((m, v) => Math.max(m, Math.abs(v)), 0) / 127;
    row.forEach((v, i) => (data[r * per + i] = Math.round(v / scales[r]!)));
  }
  const real = Float32Array.from(data, (v, i) => v * scales[Math.floor(i / per)]!);
  return { q: { type: 'int8', dims, data }, scales, real: float32(real, dims) };
}

/**
 * [1,3,16,16] to 7 logits: a convolution, a pool, two residual blocks (the second strided), global average, a matrix. Weights are int8 per
 * channel, activations uint8 over `ranges`. The float form gives its layers as further outputs, 'layer0' on.
 */
export function residualNet(form: Form, ranges: Ranges = []): Model {
  const g = new GraphBuilder(`residual ${form}`);
  let draw = 0;
  const layers: string[] = [];

  const parameters = (): Omit<Layer, 'value'> => {
    const [low, high] = ranges[layers.length] ?? [0, 1];
    const step = Math.fround((Math.max(high, 0) - Math.min(low, 0)) / 255);
    const point = Uint8Array.of(Math.round(-Math.min(low, 0) / step));
    return { scale: g.scalar(step), zero: g.constant({ type: 'uint8', dims: [], data: point }), step };
  };
  const done = (value: string, p: Omit<Layer, 'value'>): Layer => {
    layers.push(value);
    return { value, ...p };
  };
  /** A float value as the next layer. */
  const quantise = (x: string): Layer => {
    const p = parameters();
    return done(form === 'float' ? x : g.op('QuantizeLinear', [x, p.scale, p.zero]), p);
  };
  const real = (l: Layer): string => (form === 'float' ? l.value : g.op('DequantizeLinear', [l.value, l.scale, l.zero]));
  const zerosOf = (scales: Float32Array): string =>
    g.constant({ type: 'int8', dims: [scales.length], data: new Int8Array(scales.length) });
  const weight = (dims: readonly number[]) => {
    const w = int8Weights(dims, draw++);
    const names = [g.constant(w.q, 'weight'), g.constant(float32(w.scales), 'weight_scale'), zerosOf(w.scales)] as const;
    return { ...w, names, float: () => (form === 'float' ? g.constant(w.real) : g.op('DequantizeLinear', names, { axis: 0 })) };
  };

  const conv = (x: Layer, [inputs, outputs, kernel, stride]: readonly [number, number, number, number], relu: boolean): Layer => {
    const w = weight([outputs, inputs, kernel, kernel]);
    const pad = (kernel - 1) / 2;
    const attributes: Record<string, AttributeInput> = { pads: [pad, pad, pad, pad], strides: [stride, stride] };
    // Biases are int32 in the scale of the products.
    const steps = w.scales.map((s) => s * x.step);
    const drawn = random(3, 12).normal(new Float32Array(outputs), draw++);
    const b = Array.from(drawn, (v, i) => (form === 'float' ? 0.1 * v : Math.round((0.1 * v) / steps[i]!)));
    if (form === 'QLinear') {
      const p = parameters();
      const y = g.op('QLinearConv', [x.value, x.scale, x.zero, ...w.names, p.scale, p.zero, g.constant(int32(b))], attributes);
      return done(relu ? g.op('Clip', [y, p.zero]) : y, p);
    }
    const bias =
      form === 'float'
        ? g.constant(float32(b))
        : g.op('DequantizeLinear', [g.constant(int32(b)), g.constant(float32(steps)), g.constant(int32(b.map(() => 0)))], {
            axis: 0,
          });
    const y = g.op('Conv', [real(x), w.float(), bias], attributes);
    return quantise(relu ? g.op('Relu', [y]) : y);
  };
  const add = (a: Layer, b: Layer): Layer => {
    if (form !== 'QLinear') return quantise(g.op('Relu', [g.add(real(a), real(b))]));
    const p = parameters();
    const sum = g.op('QLinearAdd', [a.value, a.scale, a.zero, b.value, b.scale, b.zero, p.scale, p.zero], {}, MS);
    return done(g.op('Clip', [sum, p.zero]), p);
  };
  const average = (x: Layer): Layer => {
    if (form !== 'QLinear') return quantise(g.op('GlobalAveragePool', [real(x)]));
    const p = parameters();
    return done(g.op('QLinearGlobalAveragePool', [x.value, x.scale, x.zero, p.scale, p.zero], {}, MS), p);
  };
  const product = (x: Layer): Layer => {
    const w = weight([CLASSES, 12]);
    if (form !== 'QLinear') return quantise(g.matMul(real(x), g.transpose(w.float(), [1, 0])));
    const p = parameters();
    const [q, scale, zero] = w.names;
    return done(g.op('QLinearMatMul', [x.value, x.scale, x.zero, g.transpose(q, [1, 0]), scale, zero, p.scale, p.zero]), p);
  };
  /** What only moves numbers lies between the quantisers, as they write it. */
  const moved = (x: Layer, op: string, attributes: Record<string, AttributeInput> = {}): Layer => ({
    ...x,
    value: g.op(op, [x.value], attributes),
  });

  let x = quantise(g.input('x', 'float32', [1, 3, SIZE, SIZE]));
  x = moved(conv(x, [3, 8, 3, 1], true), 'MaxPool', { kernel_shape: [2, 2], strides: [2, 2] });
  x = add(conv(conv(x, [8, 8, 3, 1], true), [8, 8, 3, 1], false), x);
  x = add(conv(conv(x, [8, 12, 3, 2], true), [12, 12, 3, 1], false), conv(x, [8, 12, 1, 2], false));
  g.output(real(product(moved(average(x), 'Flatten'))), 'logits');
  if (form === 'float') layers.forEach((value, i) => g.output(value, `layer${i}`));
  const opsets = new Map([
    ['', 17],
    [MS, 1],
  ]);
  return { irVersion: 8, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() };
}

/** Seeded standard normal pictures. */
export const picture = (draw: number): Tensor =>
  float32(random(1, 13).normal(new Float32Array(3 * SIZE * SIZE), draw), [1, 3, SIZE, SIZE]);

/** What the float net's layers hold on `count` pictures, as a quantiser calibrates; `room` times as much. */
export async function calibrate(count = 20, room = 1.2): Promise<Ranges> {
  const session = await openSession(encodeModel(residualNet('float')), { threads: 1 });
  const ranges: [number, number][] = [];
  for (let i = 0; i < count; i++) {
    const out = await session.run({ x: picture(i) });
    for (let k = 0; out[`layer${k}`]; k++) {
      const values = toFloat32(out[`layer${k}`]!);
      const [low, high] = ranges[k] ?? [0, 0];
      ranges[k] = [Math.min(low, ...values.map((v) => v * room)), Math.max(high, ...values.map((v) => v * room))];
    }
  }
  await session.dispose();
  return ranges;
}
