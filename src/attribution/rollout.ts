// Attention rollout: how much of each token reaches the answer through the layers of a transformer.
import { LanError } from '../core/errors.js';
import { toFloat32 } from '../core/tensor.js';
import { grown, isTokens } from './cam.js';
import { attentionsOf, gridsOf, tokensRead } from './layers.js';
import { defineMethod } from './method.js';
import { SCORES } from './scored.js';

/** Settings of attention rollout. */
export interface RolloutSettings {
  /** How the heads of a layer become one: their mean, as the paper has it, or the largest of them. */
  readonly heads: 'mean' | 'max';
  /** What part of a token goes past the attention, by the shortcut. */
  readonly shortcut: number;
}

/**
 * The product over layers of (attention + identity) / 2, heads averaged: the row of the token that the answer is read from (the class token; the mean of
 * several), or the mean of all rows; columns of tokens that are places of the input. One forward pass. It knows nothing of the class.
 */
export const rollout = defineMethod<RolloutSettings>({
  name: 'rollout',
  title: 'Attention rollout',
  reference: 'Abnar and Zuidema, 2020',
  needs: 'attention',
  defaults: { heads: 'mean', shortcut: 0.5 },
  async explain(run, { heads, shortcut }) {
    const { scorer, maskDims, x } = run.problem;
    const { name, engine, sampleShape } = scorer.scored;
    const graph = await scorer.scored.graph(1);
    const attentions = attentionsOf(graph, 'x', SCORES);
    const [first] = attentions;
    if (!first)
      throw new LanError(
        'unsupported',
        `${name}: has no attention between tokens (a Softmax over [...,T,T]), which attention rollout follows.`,
      );
    const grids = gridsOf(graph, 'x', SCORES, isTokens(maskDims, sampleShape)).filter((g) => g.layout === 'tokens');
    const own = isTokens(maskDims, sampleShape) && first.tokens === sampleShape[0];
    const grid = own
      ? { height: 1, width: first.tokens, tokens: first.tokens, before: 0 }
      : grids.find((g) => g.tokens === first.tokens);
    if (!grid || attentions.some((a) => a.tokens !== first.tokens))
      throw new LanError(
        'unsupported',
        `${name}: its attention is not over all tokens of the input in every layer (${[...new Set(attentions.map((a) => a.tokens))].join(', ')} at a time), so that attention rollout does not apply.`,
      );
    const values = attentions.map((a) => a.value);
    const program = await scorer.program('attention', () =>
      engine.compile({ ...graph, outputs: values.map((v) => ({ name: v, kind: 'tensor', ...graph.types.get(v)! })) }),
    );
    const out = await program.run({ x });
    run.count(1, 0);
    run.requireTime(1, 1);
    const n = first.tokens;
    let rolled = identity(n);
    for (const { value, heads: count } of attentions) {
      const mixed = joined(toFloat32(out[value]!), count, n, heads);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) mixed[i * n + j] = (1 - shortcut) * mixed[i * n + j]! + (i === j ? shortcut : 0);
      rolled = product(mixed, rolled, n);
    }
    const read = tokensRead(graph, grids);
    const map = new Float32Array(grid.height * grid.width);
    const rows = read ?? Array.from({ length: n }, (_, i) => i);
    for (let p = 0; p < map.length; p++) for (const i of rows) map[p]! += rolled[i * n + grid.before + p]! / rows.length;
    const told = read === undefined ? 'all tokens' : `token${read.length > 1 ? 's' : ''} ${read.join(', ')}`;
    const details = { layers: attentions.length, tokens: n, read: told };
    return run.result(grown(map, grid, run.problem), details, undefined, { values: map, height: grid.height, width: grid.width });
  },
});

function identity(n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  return out;
}

/** Heads [count,n,n] as one matrix whose rows sum to 1; a row that is masked whole (NaN in the Softmax, or 0) stays 0. */
function joined(heads: Float32Array, count: number, n: number, how: RolloutSettings['heads']): Float64Array {
  const out = new Float64Array(n * n);
  for (let h = 0; h < count; h++)
    for (let i = 0; i < n * n; i++) {
      const given = heads[h * n * n + i]!;
      const v = Number.isNaN(given) ? 0 : given;
      out[i] = how === 'max' ? Math.max(out[i]!, v) : out[i]! + v;
    }
  for (let i = 0; i < n; i++) {
    const row = out.subarray(i * n, (i + 1) * n);
    const sum = row.reduce((a, b) => a + b, 0);
    for (let j = 0; sum > 0 && j < n; j++) row[j]! /= sum;
  }
  return out;
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const v = a[i * n + k]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += v * b[k * n + j]!;
    }
  return out;
}
