// The inputs at which a check compares: those of the caller, seeded random ones, edge cases, and fresh ones where a disagreement has to repeat.
import { random, STREAMS } from '../core/random.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { PreparedModel } from '../model/prepare.js';
import { randomFeeds } from '../model/random-inputs.js';
import { edgeFeeds } from './edge-inputs.js';
import { readInput, type CheckInput, type NamedFeeds } from './inputs.js';

/** An input before the reference has seen it. Edge cases lie on bends, where gradients mean nothing. */
export interface DrawnInput extends NamedFeeds {
  readonly kind: 'given' | 'random' | 'edge';
}

/** An input and what the reference gives there. */
export interface Sample extends DrawnInput {
  /** What the reference gives, by output. */
  readonly expected: Record<string, Tensor>;
}

/** Those of the caller, then random ones, then edge cases. Throws LanError where a given one does not fit the model. */
export async function drawInputs(
  { graph, card, feeds }: PreparedModel,
  options: {
    readonly inputs?: readonly CheckInput[];
    readonly samples: number;
    readonly seed?: number;
    readonly edgeCases?: boolean;
  },
  chosen: string | undefined,
): Promise<DrawnInput[]> {
  const { inputs = [], samples, seed = 0, edgeCases = false } = options;
  const open = { ...graph, inputs: graph.inputs.filter((i) => !(i.name in feeds)) };
  const all: DrawnInput[] = [];
  for (const [i, input] of inputs.entries())
    all.push({ ...(await readInput(input, open, { card: card.input, chosen, number: i + 1 })), kind: 'given' });
  for (let i = 0; i < samples; i++)
    all.push({ name: `random ${i + 1}`, feeds: randomFeeds(graph, i, seed, card.input), kind: 'random' });
  if (edgeCases) all.push(...edgeFeeds(graph, card.input).map((c) => ({ ...c, kind: 'edge' as const })));
  return all;
}

/** Noise on a given input, as a part of its root mean square: enough to leave a bend, too little to leave what the input is. */
const NEIGHBOURHOOD = 1e-2;

/** `count` more: further random ones, or, where none of `drawn` was random, those given with a little noise on their floats. */
export function freshInputs(
  { graph, card }: PreparedModel,
  drawn: readonly DrawnInput[],
  count: number,
  seed: number,
): DrawnInput[] {
  const given = drawn.filter((d) => d.kind === 'given');
  const randoms = drawn.filter((d) => d.kind === 'random').length;
  return Array.from({ length: count }, (_, i): DrawnInput => {
    const draw = randoms + i;
    if (randoms > 0 || given.length === 0)
      return { name: `random ${draw + 1}`, feeds: randomFeeds(graph, draw, seed, card.input), kind: 'random' };
    const { name, feeds } = given[i % given.length]!;
    return { name: `${name} with noise`, feeds: withNoise(feeds, i, seed), kind: 'given' };
  });
}

const withNoise = (feeds: Readonly<Record<string, Tensor>>, draw: number, seed: number): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, t], i) => {
      if (t.type !== 'float32') return [name, t];
      const x = toFloat32(t);
      const size = NEIGHBOURHOOD * (Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / (x.length || 1)) || 1);
      const noise = random(seed, STREAMS.fresh).normal(new Float32Array(x.length), 64 * draw + i, 0, size);
      return [name, { ...t, data: x.map((v, j) => v + noise[j]!) }];
    }),
  );
