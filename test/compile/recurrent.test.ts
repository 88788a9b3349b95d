// What unrolled recurrent layers cost, and which are refused.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { probe } from '../../src/engine/ort.js';
import type { AttributeInput } from '../../src/onnx/builder.js';
import type { Graph } from '../../src/onnx/graph.js';
import { feedsOf, modelOf, uniform } from '../ops/case.js';

const HIDDEN = 2;
function lstm(steps: number, directions: 1 | 2, attributes: Record<string, AttributeInput>, run = probe): Promise<Graph> {
  const x = uniform([steps, 1, 3], 1);
  const [w, r] = [uniform([directions, 4 * HIDDEN, 3], 2), uniform([directions, 4 * HIDDEN, HIDDEN], 3)];
  const one = {
    name: 'LSTM',
    op: 'LSTM',
    opset: 14,
    inputs: [x, w, r],
    initializers: [1, 2],
    attributes: { hidden_size: HIDDEN, ...attributes },
  };
  const shapes = Object.fromEntries(Object.entries(feedsOf(one)).map(([name, t]) => [name, t.dims]));
  return specialize(canonicalize(modelOf(one), adapters), shapes, run, adapters);
}

test('a step of both directions is one product, and all inputs are multiplied at once', async () => {
  const graph = await lstm(100, 2, { direction: 'bidirectional' });
  const ops = (op: string): number => graph.nodes.filter((n) => n.op === op).length;
  // Of the first step there is nothing to multiply: its state is 0.
  expect(ops('MatMul')).toBe(1 + 99);
  expect(graph.nodes.length).toBeLessThan(12 * 100);
});

test('the unrolled steps are probed in one piece: the size of what Split and Slice give is known before they run', async () => {
  const runs = async (steps: number): Promise<number> => {
    let count = 0;
    await lstm(steps, 2, { direction: 'bidirectional' }, (...args) => (count++, probe(...args)));
    return count;
  };
  // One for the file, one for each round of lowering.
  expect([await runs(2), await runs(20)]).toEqual([2, 2]);
});

describe('refused', () => {
  const refusal = async (made: Promise<Graph>, reason: string): Promise<void> =>
    expect(made).rejects.toThrow(`The model cannot be compiled for these input shapes:\n  - LSTM 'y0': ${reason}`);

  test('more steps than a graph can hold', () =>
    refusal(lstm(1001, 1, {}), 'a sequence of 1001 steps is too long to unroll; at most 1000. Give a shorter one (`shapes`).'));

  test('a sequence of no steps', () =>
    refusal(lstm(0, 1, {}), 'its sequence has no steps. Give a longer one (`shapes`).')); // prettier-ignore
});
