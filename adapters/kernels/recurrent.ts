// RNN, GRU and LSTM unrolled: with shapes known, S steps are S copies of the cell, and both directions of a step are one batch of two.
import { toIntegers } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { OldNode, Sizes, StaticNode, UnsizedNode } from '../op.js';
import { range, zeros } from './shape-common.js';

/** Steps that are unrolled at most: each is 5 to 15 nodes, and the gradient has three times as many again. */
export const MOST_STEPS = 1000;

/** Positions of the inputs that all three ops have. */
const INPUT = { X: 0, W: 1, R: 2, B: 3, lengths: 4, state: 5 } as const;

/** Value names; the leading axis [2] is there where both directions are run. H: hidden_size, N: batch. */
export interface Loop {
  readonly g: GraphBuilder;
  /** Number of directions, 1 or 2. */
  readonly directions: number;
  readonly hidden: number;
  /** Rows `from` to `to`, in units of H, of a weight [D, gates H, ...], ready for `multiply`. */
  weight(name: string, from: number, to: number): string;
  /** The same of a vector [D, count H], in a shape that broadcasts against [2, N, H]. */
  vector(name: string, from: number, to: number): string;
  /** a [2, N, K] by the transpose of a weight [M, K], plus `bias`: [2, N, M]. */
  multiply(a: string, weight: string, bias?: string): string;
  /** Parts of the last axis, their lengths in units of H. */
  split(x: string, parts: readonly number[]): string[];
}

/** One step of a recurrent network, for one direction or, with a leading axis of 2, for both at once. */
export interface Cell {
  /** Weight rows over H. */
  readonly gates: number;
  /** h, or h and c. */
  readonly states: number;
  /** Input biases [2, 1, gates H]; undefined: none. */
  bias?: string;
  /** The new state, h first, from `input` = x W^T + bias [2, N, gates H] and the old one. */
  step(input: string, state: readonly string[]): string[];
}

/** ONNX layout 1, in which the batch comes first, becomes layout 0; attributes without a meaning go. */
export function canonicalRecurrent(n: OldNode, g: GraphBuilder): string[] | undefined {
  const { layout, output_sequence: old, ...attributes } = n.node.attributes;
  const first = layout?.value === 1;
  if (!first && !old) return undefined;
  const swapped = (name: string): string => (first && name ? g.transpose(name, [1, 0, 2]) : name);
  const inputs = n.node.inputs.map((name, i) => (i === INPUT.X || i === 5 || i === 6 ? swapped(name) : name));
  const outputs = g.ops(n.node.op, inputs, n.outputs, attributes);
  return outputs.map((y, i) => (!first ? y : i === 0 ? g.transpose(y, [2, 0, 1, 3]) : swapped(y)));
}

/**
 * Replaces the node (layout 0) by its steps: X [S, N, I], W [D, gates H, I], R [D, gates H, H] to Y [S, D, N, H] and the last states [D, N, H].
 * Behind a sample's own length the state stays as it is, and Y is 0; of a sample of length 0 everything is 0 (onnxruntime).
 */
export function unroll(n: StaticNode, direction: string, g: GraphBuilder, cellOf: (loop: Loop) => Cell): string[] {
  const [steps, batch, width] = n.type(INPUT.X).dims as [number, number, number];
  const [directions, rows] = n.type(INPUT.W).dims as [number, number];
  const hidden = n.type(INPUT.R).dims[2]!;
  if (steps === 0) n.refuse('its sequence has no steps', 'Give a longer one (`shapes`).');
  if (steps > MOST_STEPS)
    n.refuse(`a sequence of ${steps} steps is too long to unroll; at most ${MOST_STEPS}`, 'Give a shorter one (`shapes`).');
  if (!['forward', 'reverse', 'bidirectional'].includes(direction) || (direction === 'bidirectional') !== (directions === 2))
    n.refuse(`direction '${direction}' does not go with weights for ${directions} direction(s)`);
  const both = directions === 2;
  const lead = both ? [2] : [];
  const last = both ? 2 : 1;
  const loop = loopOf(g, directions, hidden);
  const cell = cellOf(loop);
  if (rows !== cell.gates * hidden) n.refuse(`expected W of ${cell.gates * hidden} rows, received ${rows}`);
  const backwards = (x: string): string => g.slice(x, [-1], [-(2 ** 31)], [0], [-1]);

  const x = n.x[INPUT.X]!;
  const flat = (name: string): string => g.reshape(name, [...(both ? [1] : []), steps * batch, width]);
  // The second direction gets its steps in reverse, so that step k of both is run at once.
  const all = both ? g.op('Concat', [flat(x), flat(backwards(x))], { axis: 0 }) : flat(x);
  const projected = loop.multiply(all, loop.weight(n.x[INPUT.W]!, 0, cell.gates), cell.bias);
  const parts = g.ops('Split', [projected, g.ints(range(steps).map(() => batch))], steps, { axis: last - 1 });
  const inputs = direction === 'reverse' ? parts.toReversed() : parts;

  const running = runningAt(n, g);
  const timesOf = (k: number): number[] => (both ? [k, steps - 1 - k] : [direction === 'reverse' ? steps - 1 - k : k]);
  let state = range(cell.states).map((i) => {
    const given = n.x[INPUT.state + i]!;
    return given ? g.reshape(given, [...lead, batch, hidden]) : zeros(g, [...lead, batch, hidden]);
  });
  const hs = inputs.map((input, k) => {
    const made = cell.step(input, state);
    const mask = running?.(timesOf(k));
    state = mask ? made.map((value, i) => g.where(mask, value, state[i]!)) : made;
    return mask ? g.where(mask, state[0]!, g.zero) : state[0]!;
  });
  if (direction === 'reverse') hs.reverse();
  const joined = g.op('Concat', hs, { axis: last - 1 });
  const single = (name: string): string => g.reshape(name, [steps, 1, batch, hidden]);
  const halves = both ? g.ops('Split', [joined, g.ints([1, 1])], 2, { axis: 0 }) : [joined];
  const y = both ? g.op('Concat', [single(halves[0]!), backwards(single(halves[1]!))], { axis: 1 }) : single(joined);
  const started = running?.([0]);
  const final = state.map((value) => (started ? g.where(started, value, g.zero) : value));
  return [y, ...final.map((value) => g.reshape(value, [directions, batch, hidden]))];
}

function loopOf(g: GraphBuilder, directions: number, hidden: number): Loop {
  const both = directions === 2;
  const rowsOf = (name: string, from: number, to: number, whole: number): string =>
    from === 0 && to * hidden === whole ? name : g.slice(name, [from * hidden], [to * hidden], [1]);
  return {
    g,
    directions,
    hidden,
    weight: (name, from, to) => {
      const [, rows, columns] = g.typeOf(name).dims as [number, number, number];
      const part = rowsOf(name, from, to, rows);
      return both ? g.transpose(part, [0, 2, 1]) : g.reshape(part, [(to - from) * hidden, columns]);
    },
    vector: (name, from, to) => {
      const part = rowsOf(name, from, to, g.typeOf(name).dims[1]!);
      return g.reshape(part, [...(both ? [2] : []), 1, (to - from) * hidden]);
    },
    // One direction: Gemm packs its weights once and adds on the way.
    multiply: (a, weight, bias) => {
      if (!both) return g.op('Gemm', [a, weight, bias ?? ''], { transB: 1 });
      return bias ? g.add(g.matMul(a, weight), bias) : g.matMul(a, weight);
    },
    split: (x, parts) => g.ops('Split', [x, g.ints(parts.map((p) => p * hidden))], parts.length, { axis: both ? 2 : 1 }),
  };
}

/** Which samples have not ended yet at a time, one per direction: bool, [N, 1] or [2, N, 1]. Undefined where all run to the end. */
function runningAt(n: StaticNode, g: GraphBuilder): ((times: readonly number[]) => string) | undefined {
  const [steps, batch] = n.type(INPUT.X).dims as [number, number];
  const name = n.x[INPUT.lengths]!;
  if (!name) return undefined;
  const known = n.constant(INPUT.lengths);
  if (known && toIntegers(known).every((length) => length >= steps)) return undefined;
  const lengths = g.reshape(name, [batch, 1]);
  return (times) => {
    const dims = times.length === 2 ? [2, 1, 1] : [1, 1];
    return g.op('Less', [g.constant({ type: 'int32', dims, data: Int32Array.from(times) }), lengths]);
  };
}

/** X [S, N, I], W [D, gates H, I], R [D, gates H, H] to Y [S, D, N, H] and the last states [D, N, H]; besides, all gates of all steps. */
export function unrolledDims(n: UnsizedNode): Sizes {
  const [steps, batch] = n.dims(0) as [number, number];
  const [directions, gates] = n.dims(1) as [number, number];
  const size = n.dims(2)[2]!;
  const states = n.node.outputs.slice(1).map(() => [directions, batch, size]);
  return { outputs: [[steps, directions, batch, size], ...states], workspace: directions * gates * steps * batch };
}
