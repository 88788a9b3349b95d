// What the methods that learn a mask have in common: their cells, their objective's inputs, and how it is compiled.
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { specialize } from '../compile/specialize.js';
import type { Program } from '../engine/engine.js';
import { probe } from '../engine/ort.js';
import { classify } from '../lan/objective.js';
import { LOG_P } from '../model/probabilities.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Run } from './method.js';
import { isPicture, pyramidOf } from './pyramid.js';
import { NAMES, refuseBlocked } from './scorer.js';
import { cellsOf, type Cells } from './smooth-mask.js';

/** What both methods set. */
export interface MaskSettings {
  /** Steps of descent. */
  readonly iterations: number;
  readonly learningRate: number;
  /** Of a picture: cells of the mask along its shorter side. */
  readonly cells: number;
  /** Levels of the pyramid of blurred pictures, the picture itself included. */
  readonly levels: number;
  /** Standard deviation of the strongest blur, as a part of the shorter side. */
  readonly blur: number;
}

/** Name of the parameter that both methods learn, and of outputs of their graphs. */
export const [PARAMETER, LOSS, MASK] = ['cells', 'loss', 'mask'] as const;

/** Steps without which there is no mask to speak of. */
export const FEWEST = 10;

/** Where a picture's mask has its cells; undefined for other inputs, whose mask has one for each of its own elements. */
export const gridOf = ({ problem }: Run, cells: number): Cells | undefined =>
  isPicture(problem) ? cellsOf(problem.maskDims[2]!, problem.maskDims[3]!, cells) : undefined;

/** The weighted scores of each of `n` samples `x` as one row [n,1] of a graph; `output`: of which output of the scored graph. */
export async function weighted(
  g: GraphBuilder,
  { problem: { scorer } }: Run,
  x: string,
  n: number,
  output: string,
): Promise<string> {
  const { scored } = scorer;
  const graphOf = async (batch: number) => {
    const graph = await scored.graph(batch);
    return { ...graph, outputs: graph.outputs.filter((o) => o.name === output) };
  };
  const all = await classify(g, { classifier: graphOf, sampleShape: scored.sampleShape }, x, n);
  const values = output === LOG_P ? g.op('Exp', [all]) : all;
  const weights = g.input(NAMES.weights, 'float32', [1, await scorer.classes()]);
  return g.reduceSum(g.mul(values, weights), [1], true);
}

/** What the objective's graph is fed at every step: the pyramid and the weights of the answer. Throws LanError (`gradient`) where no mask can be learned. */
export async function prepared(run: Run, { levels, blur }: MaskSettings) {
  const { scorer, weights } = run.problem;
  refuseBlocked(scorer.scored, await scorer.scored.graph(1), 'x');
  const pyramid = pyramidOf(run, levels, blur);
  const all = await scorer.padded(weights);
  return { levels: pyramid.levels, feeds: { ...pyramid.feeds, [NAMES.weights]: float32(all, [1, all.length]) } };
}

/** The gradient of a composed graph's loss by its mask's cells, compiled once for each `key`. */
export const compiled = ({ problem: { scorer } }: Run, key: string, build: () => Promise<GraphBuilder>): Promise<Program> =>
  scorer.program(key, async () => {
    const { engine, adapters } = scorer.scored;
    return engine.gradient(await specialize((await build()).build(), {}, probe, adapters), LOSS, [PARAMETER]);
  });

/** Moves values to the nearest in [0,1]. */
export const clamp = (values: Float32Array): void => values.forEach((v, i) => (values[i] = Math.min(1, Math.max(0, v))));

/** How far the answer's score lies above that of the whole input taken away, where scores have units of their own; else 1. */
export async function unitOf(run: Run, nothing: Float32Array): Promise<number> {
  if (run.problem.scorer.scored.kind !== 'value') return 1;
  const ends = new Float32Array(2 * run.per);
  ends.set(run.x);
  ends.set(nothing, run.per);
  const [all, none] = (await run.scores(ends, 2)) as unknown as [number, number];
  return Math.abs(all - none) || 1;
}

/** The value, with its dims told. */
export const typedAs = (g: GraphBuilder, value: string, dims: readonly number[]): string => {
  g.types.set(value, { type: 'float32', dims });
  return value;
};

/** The input with nothing left. */
export const firstLevel = (feeds: Readonly<Record<string, Tensor>>): Float32Array => toFloat32(feeds['level_0']!);
