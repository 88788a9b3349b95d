// Cases of the recurrent ops, every definition of each, over X [4, 3, 6] (steps, batch, features) with 5 hidden units.
import { int32, float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { float, floats, type AttributeInput } from '../../src/onnx/builder.js';
import { uniform, type OpCase } from './case.js';

const [STEPS, BATCH, WIDTH, HIDDEN] = [4, 3, 6, 5];
const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;
type Op = keyof typeof GATES;

let draw = 1500;
const x = (...dims: number[]): Tensor => uniform(dims, draw++, -0.7, 0.7);
const X = (steps = STEPS): Tensor => x(steps, BATCH, WIDTH);
/** X, W, R, B of an op. */
const weights = (op: Op, directions = 1): Tensor[] => {
  const rows = GATES[op] * HIDDEN;
  return [X(), x(directions, rows, WIDTH), x(directions, rows, HIDDEN), x(directions, 2 * rows)];
};
const states = (op: Op, directions = 1): Tensor[] =>
  [x(directions, BATCH, HIDDEN), x(directions, BATCH, HIDDEN)].slice(0, op === 'LSTM' ? 2 : 1);

const c = (
  name: string,
  op: Op,
  opset: number,
  inputs: OpCase['inputs'],
  attributes: Record<string, AttributeInput> = {},
  more: Partial<OpCase> = {},
): OpCase => ({
  name: `${op} ${name}`,
  op,
  opset,
  inputs,
  attributes: { hidden_size: HIDDEN, ...attributes },
  outputs: op === 'LSTM' ? 3 : 2,
  ...more,
});

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** One direction with the default functions, written out number by number: for what onnxruntime can not run. Y, Y_h (and Y_c). */
function byHand(op: Op, [xs, w, r, b]: readonly Tensor[]): Tensor[] {
  const [px, pw, pr, pb] = [xs, w, r, b].map((t) => toFloat32(t!)) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const rows = GATES[op] * HIDDEN;
  const y = new Float32Array(STEPS * BATCH * HIDDEN);
  const [lastH, lastC] = [new Float32Array(BATCH * HIDDEN), new Float32Array(BATCH * HIDDEN)];
  for (let n = 0; n < BATCH; n++) {
    let [h, cell] = [new Array<number>(HIDDEN).fill(0), new Array<number>(HIDDEN).fill(0)];
    for (let t = 0; t < STEPS; t++) {
      /** Row `row` of W x + Wb + Rb, and of R times a vector. */
      const seen = (row: number): number => {
        let sum = pb[row]! + pb[rows + row]!;
        for (let i = 0; i < WIDTH; i++) sum += pw[row * WIDTH + i]! * px[(t * BATCH + n) * WIDTH + i]!;
        return sum;
      };
      const fed = (row: number, from: readonly number[]): number =>
        from.reduce((sum, v, i) => sum + pr[row * HIDDEN + i]! * v, 0);
      const gate = (g: number, j: number, from = h): number => seen(g * HIDDEN + j) + fed(g * HIDDEN + j, from);
      const units = Array.from({ length: HIDDEN }, (_, j) => j);
      if (op === 'RNN') h = units.map((j) => Math.tanh(gate(0, j)));
      else if (op === 'GRU') {
        const reset = units.map((j) => sigmoid(gate(1, j)) * h[j]!);
        h = units.map((j) => {
          const z = sigmoid(gate(0, j));
          return (1 - z) * Math.tanh(gate(2, j, reset)) + z * h[j]!;
        });
      } else {
        cell = units.map((j) => sigmoid(gate(2, j)) * cell[j]! + sigmoid(gate(0, j)) * Math.tanh(gate(3, j)));
        h = units.map((j) => sigmoid(gate(1, j)) * Math.tanh(cell[j]!));
      }
      y.set(h, (t * BATCH + n) * HIDDEN);
    }
    lastH.set(h, n * HIDDEN);
    lastC.set(cell, n * HIDDEN);
  }
  const dims = [1, BATCH, HIDDEN];
  return [float32(y, [STEPS, ...dims]), float32(lastH, dims), float32(lastC, dims)].slice(0, op === 'LSTM' ? 3 : 2);
}

/** The first two axes changed places. */
function swapped(t: Tensor): Tensor {
  const [a, b, ...rest] = t.dims as [number, number, ...number[]];
  const size = rest.reduce((p, q) => p * q, 1);
  const [from, to] = [toFloat32(t), new Float32Array(a * b * size)];
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++) to.set(from.subarray((i * b + j) * size, (i * b + j + 1) * size), (j * a + i) * size);
  return float32(to, [b, a, ...rest]);
}

/** Layout 1: the batch comes first in X, Y and the states. onnxruntime runs layout 0 only; here each is [., 1, ., H], so that two axes swap. */
function batchFirst(op: Op): OpCase {
  const [first, ...rest] = weights(op) as [Tensor, ...Tensor[]];
  const [y, ...last] = byHand(op, [first, ...rest]) as [Tensor, ...Tensor[]];
  const flat = swapped(float32(toFloat32(y), [STEPS, BATCH, HIDDEN]));
  const expected = [float32(toFloat32(flat), [BATCH, STEPS, 1, HIDDEN]), ...last.map(swapped)];
  return c('layout 1', op, 14, [swapped(first), ...rest], { layout: 1 }, { expected });
}

const DEFINITIONS: Readonly<Record<Op, readonly number[]>> = { RNN: [7, 14, 22], GRU: [7, 14, 22], LSTM: [7, 14, 22] };
const lengths = int32([2, 4, 1]);

const common = (op: Op): OpCase[] => {
  const old = (op === 'GRU' ? [1, 3] : [1]).map((v) => {
    const inputs = weights(op);
    return c('all outputs', op, v, inputs, { output_sequence: 1 }, { expected: byHand(op, inputs) });
  });
  const [initial, last] = [(d?: number): Tensor[] => states(op, d), op === 'LSTM' ? 2 : 1];
  return [
    ...old,
    ...DEFINITIONS[op].map((v) => c('all outputs', op, v, weights(op))),
    batchFirst(op),
    c('without B, Y alone', op, 14, weights(op).slice(0, 3), {}, { outputs: 1 }),
    c('the last state alone', op, 14, weights(op), {}, { outputs: undefined, compare: [last] }),
    c('weights as initializers', op, 14, weights(op), {}, { initializers: [1, 2, 3] }),
    c('one step', op, 14, [X(1), ...weights(op).slice(1)]),
    ...['forward', 'reverse', 'bidirectional'].flatMap((direction) => {
      const d = direction === 'bidirectional' ? 2 : 1;
      return [
        c(`${direction} from given states`, op, 14, [...weights(op, d), undefined, ...initial(d)], { direction }),
        c(`${direction}, constant lengths`, op, 14, [...weights(op, d), lengths], { direction }, { initializers: [4] }),
        c(`${direction}, lengths fed`, op, 14, [...weights(op, d), lengths, ...initial(d)], { direction }),
      ];
    }),
    c('full lengths', op, 14, [...weights(op), int32([4, 4, 4])], {}, { initializers: [4] }),
    c(
      'bidirectional, weights as initializers',
      op,
      14,
      weights(op, 2),
      { direction: 'bidirectional' },
      { initializers: [1, 2, 3] },
    ),
    c('clip', op, 14, weights(op), { clip: float(0.31) }),
  ];
};

/** Weights with which what goes into the function is far from 0: large biases of either sign. */
const farFromBends = (): Tensor[] => {
  const [xs, w, r] = weights('RNN') as [Tensor, Tensor, Tensor, Tensor];
  const small = (t: Tensor): Tensor => float32(toFloat32(t).map((v) => v / 5), t.dims); // prettier-ignore
  return [xs, small(w), small(r), float32([1.2, -0.9, 1.5, -1.1, 0.8, 0.3, -0.4, 0.2, -0.3, 0.4], [1, 2 * HIDDEN])];
};

/** Activations of one gate function of the RNN, with what it takes. */
const functions: [string, number?, number?][] = [
  ['Relu'],
  ['Sigmoid'],
  ['Softsign'],
  ['Softplus'],
  ['Affine', 0.7, 0.2],
  ['LeakyRelu', 0.3],
  ['ThresholdedRelu', 0.1],
  ['ScaledTanh', 0.6, 1.3],
  ['HardSigmoid', 0.3, 0.4],
  ['Elu', 0.8],
];
const rnn: OpCase[] = [
  ...common('RNN'),
  ...functions.map(([name, alpha, beta]) =>
    c(`of ${name}`, 'RNN', 14, name.endsWith('Relu') ? farFromBends() : weights('RNN'), {
      activations: [name],
      ...(alpha === undefined ? {} : { activation_alpha: floats([alpha]) }),
      ...(beta === undefined ? {} : { activation_beta: floats([beta]) }),
    }),
  ),
  c('of another function in each direction', 'RNN', 14, weights('RNN', 2), {
    direction: 'bidirectional',
    activations: ['Affine', 'ScaledTanh'],
    activation_alpha: floats([0.7, 0.6]),
    activation_beta: floats([0.2, 1.3]),
  }),
];

const gru: OpCase[] = [
  ...common('GRU'),
  ...[3, 14].map((v) => {
    const inputs = weights('GRU');
    return v === 3
      ? c('linear_before_reset 0', 'GRU', 3, inputs, { linear_before_reset: 0 }, { expected: byHand('GRU', inputs) })
      : c('linear_before_reset', 'GRU', 14, inputs, { linear_before_reset: 1 });
  }),
  c('linear_before_reset without B', 'GRU', 14, weights('GRU').slice(0, 3), { linear_before_reset: 1 }),
  c('linear_before_reset, both directions', 'GRU', 14, weights('GRU', 2), { linear_before_reset: 1, direction: 'bidirectional' }),
  c('of other functions', 'GRU', 14, weights('GRU'), {
    activations: ['HardSigmoid', 'ScaledTanh'],
    activation_alpha: floats([0.25, 0.8]),
    activation_beta: floats([0.45, 1.2]),
  }),
];

const peepholes = (d = 1): OpCase['inputs'] => [...weights('LSTM', d), undefined, ...states('LSTM', d), x(d, 3 * HIDDEN)];
const lstm: OpCase[] = [
  ...common('LSTM'),
  c('peepholes', 'LSTM', 14, peepholes()),
  c('peepholes, both directions', 'LSTM', 14, peepholes(2), { direction: 'bidirectional' }),
  c('peepholes and clip', 'LSTM', 14, peepholes(), { clip: float(0.9) }),
  c('input_forget', 'LSTM', 14, weights('LSTM'), { input_forget: 1 }),
  c('input_forget and peepholes', 'LSTM', 7, peepholes(), { input_forget: 1 }),
  c('of other functions', 'LSTM', 14, weights('LSTM'), {
    activations: ['HardSigmoid', 'Softsign', 'LeakyRelu'],
    activation_alpha: floats([0.25, 0.3]),
    activation_beta: floats([0.45]),
  }),
  c('of functions given once for both directions', 'LSTM', 14, weights('LSTM', 2), {
    direction: 'bidirectional',
    activations: ['Sigmoid', 'Softsign', 'Tanh', 'Sigmoid', 'Tanh', 'Softsign'],
  }),
];

export const recurrent: OpCase[] = [...rnn, ...gru, ...lstm];
