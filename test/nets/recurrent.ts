// Recurrent classifiers as PyTorch exports them at an open batch: a BiLSTM over embedded words, Sequencer2D, a GRU that spots keywords.
import type { Model } from '../../src/onnx/graph.js';
import { Exported } from './exported.js';

interface Layer {
  readonly op: 'LSTM' | 'GRU';
  /** Features of the input, and of the state. */
  readonly from: number;
  readonly hidden: number;
  readonly directions: 1 | 2;
}

/** x [B, T, from] to Y [B, T, directions hidden] and the last state [directions, B, hidden]; the first states are zeros of the batch's size. */
function layer(n: Exported, x: string, { op, from, hidden, directions }: Layer): { y: string; last: string } {
  const { g } = n;
  const rows = (op === 'LSTM' ? 4 : 3) * hidden;
  const zeros = (): string =>
    n.expand(n.constant({ type: 'float32', dims: [1, 1, 1], data: new Float32Array(1) }), n.shape(directions, n.length(x, 0), hidden), 3); // prettier-ignore
  const states = op === 'LSTM' ? [zeros(), zeros()] : [zeros()];
  const inputs = [
    g.transpose(x, [1, 0, 2]),
    n.weight([directions, rows, from], 1 / Math.sqrt(from)),
    n.weight([directions, rows, hidden], 1 / Math.sqrt(hidden)),
    n.weight([directions, 2 * rows], 0.1),
    '',
    ...states,
  ];
  const attributes = {
    hidden_size: hidden,
    ...(directions === 2 ? { direction: 'bidirectional' } : {}),
    ...(op === 'GRU' ? { linear_before_reset: 1 } : {}),
  };
  const [y, last] = g.ops(op, inputs, 1 + states.length, attributes) as [string, string];
  const joined =
    directions === 2 ? g.op('Reshape', [g.transpose(y, [0, 2, 1, 3]), n.list(0, 0, -1)]) : g.op('Squeeze', [y, n.list(1)]);
  return { y: g.transpose(joined, [1, 0, 2]), last };
}

/** Embedded words [B, 12, 50] to 4 classes: two layers of both directions, their last states side by side. */
export function biLstm(): Model {
  const n = new Exported('bilstm');
  const hidden = 24;
  const words = n.open(12, 50);
  const first = layer(n, words, { op: 'LSTM', from: 50, hidden, directions: 2 });
  const { last } = layer(n, first.y, { op: 'LSTM', from: 2 * hidden, hidden, directions: 2 });
  const [forward, backward] = [0, 1].map((i) => n.g.op('Gather', [last, n.whole(i)], { axis: 0 })) as [string, string];
  return n.head(n.g.op('Concat', [forward, backward], { axis: 1 }), 2 * hidden, 4);
}

/** Tatsunami and Taki, 2022: in each block one BiLSTM runs down the columns and one along the rows of [B, H, W, C], in place of attention. */
export function sequencer2d(): Model {
  const n = new Exported('sequencer2d');
  const { g } = n;
  const [width, hidden] = [32, 8];
  const patches = g.transpose(n.conv2(n.open(3, 30, 35), 3, width, 5, { stride: 5 }), [0, 2, 3, 1]);
  /** Over the second but last axis of [B, L, M, C]. */
  const along = (x: string): string => {
    const [batch, rows, steps] = [0, 1, 2].map((axis) => n.length(x, axis)) as [string, string, string];
    const { y } = layer(n, n.view(x, -1, steps, width), { op: 'LSTM', from: width, hidden, directions: 2 });
    return n.view(y, batch, rows, steps, 2 * hidden);
  };
  let x = patches;
  for (let i = 0; i < 2; i++) {
    const normed = n.layerNorm(x, width);
    const down = g.transpose(along(g.transpose(normed, [0, 2, 1, 3])), [0, 2, 1, 3]);
    const mixed = n.linear(g.op('Concat', [down, along(normed)], { axis: -1 }), 4 * hidden, width);
    x = g.add(x, mixed);
    x = g.add(x, n.mlp(n.layerNorm(x, width), width, 2 * width));
  }
  const pooled = g.op('ReduceMean', [n.layerNorm(x, width)], { axes: [1, 2], keepdims: 0 });
  return n.head(pooled, width, 5);
}

/** Spectrogram [B, 40, 25] to 6 keywords: a strided convolution over time, two GRUs, the last state. */
export function gruKeywords(): Model {
  const n = new Exported('gru_keywords');
  const { g } = n;
  const hidden = 32;
  const convolved = g.op('Conv', [n.open(40, 25), n.weight([24, 40, 5], 0.1), n.weight([24], 0.05)], {
    kernel_shape: [5],
    strides: [2],
    pads: [2, 2],
  });
  const frames = g.transpose(g.op('Relu', [convolved]), [0, 2, 1]);
  const first = layer(n, frames, { op: 'GRU', from: 24, hidden, directions: 1 });
  const { last } = layer(n, first.y, { op: 'GRU', from: hidden, hidden, directions: 1 });
  return n.head(g.op('Squeeze', [last, n.list(0)]), hidden, 6);
}

export const RECURRENT = { 'BiLSTM over words': biLstm, Sequencer2D: sequencer2d, 'GRU for keywords': gruKeywords };
