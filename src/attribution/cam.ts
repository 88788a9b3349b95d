// Class activation maps: feature maps inside the model, weighted by the gradient of the score.
import { downstreamOf } from '../compile/cut.js';
import { scaleBilinear } from '../core/bilinear.js';
import { LanError } from '../core/errors.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf } from '../engine/engine.js';
import type { Graph } from '../onnx/graph.js';
import { attentionsOf, gridBefore, gridsOf, strides, type Grid } from './layers.js';
import { defineMethod, type Attribution, type AttributionMethod, type Problem, type Run } from './method.js';
import { SCORES } from './scored.js';
import { NAMES, refuseBlocked, withTotal } from './scorer.js';

/** Settings of class activation maps. */
export interface CamSettings {
  /** The value whose maps are weighted; '' for the last one that is a map of the input. */
  readonly layer: string;
  /** Only what speaks for the answer, as the papers have it; else both signs. */
  readonly relu: boolean;
}

/** sum over channels of (mean over places of d score / d A) * A, at the last map A; negative sums are 0. One pass. */
export const gradCam = weighing(
  { name: 'gradcam', title: 'Grad-CAM', reference: 'Selvaraju et al., 2017' },
  (map, values, gradients, from, place) => {
    let weight = 0;
    for (let p = 0; p < map.length; p++) weight += gradients[from + p * place]! / map.length;
    for (let p = 0; p < map.length; p++) map[p]! += weight * values[from + p * place]!;
  },
);

/** sum over channels of ReLU(d score / d A) * A at each place: as fine as the layer is, so that earlier layers can be asked too. One pass. */
export const layerCam = weighing(
  { name: 'layercam', title: 'Layer-CAM', reference: 'Jiang et al., 2021' },
  (map, values, gradients, from, place) => {
    for (let p = 0; p < map.length; p++) map[p]! += Math.max(0, gradients[from + p * place]!) * values[from + p * place]!;
  },
);

/** A method by what it adds to the map for one channel, whose values and gradients begin at `from` and lie `place` apart. */
function weighing(
  words: Pick<AttributionMethod, 'name' | 'title' | 'reference'>,
  add: (map: Float32Array, values: Float32Array, gradients: Float32Array, from: number, place: number) => void,
): AttributionMethod<CamSettings> {
  return defineMethod<CamSettings>({
    ...words,
    needs: 'spatial value',
    defaults: { layer: '', relu: true },
    explain: (run, settings) =>
      activationMap(run, settings, (grid, values, gradients) => {
        const { base, place, channel } = strides(grid);
        const map = new Float32Array(grid.height * grid.width);
        for (let c = 0; c < grid.channels; c++) add(map, values, gradients, base + c * channel, place);
        return map;
      }),
  });
}

async function activationMap(
  run: Run,
  { layer, relu }: CamSettings,
  weigh: (grid: Grid, values: Float32Array, gradients: Float32Array) => Float32Array,
): Promise<Attribution> {
  const { scorer } = run.problem;
  const graph = await scorer.scored.graph(1);
  const layers = layersOf(graph, run.problem, layer);
  for (const [i, grid] of layers.entries()) {
    const { value, gradient } = await valueAndGradient(run, graph, grid);
    run.requireTime(1, 1);
    const { base, place, channel } = strides(grid);
    const area = grid.height * grid.width;
    // The tokens behind the last attention are not read where a class token is, and have no gradient.
    const reached = (): boolean => {
      for (let p = 0; p < area; p++)
        for (let c = 0; c < grid.channels; c++) if (gradient[base + p * place + c * channel] !== 0) return true;
      return false;
    };
    if (i < layers.length - 1 && !reached()) continue;
    const map = weigh(grid, value, gradient);
    if (relu) for (let p = 0; p < area; p++) map[p] = Math.max(0, map[p]!);
    return run.result(
      grown(map, grid, run.problem),
      { layer: grid.value, size: `${grid.height}x${grid.width}`, channels: grid.channels },
      undefined,
      {
        values: map,
        height: grid.height,
        width: grid.width,
      },
    );
  }
  throw new LanError('unsupported', `${scorer.scored.name}: has no spatial value.`);
}

/** Layers to try at most: each is compiled for itself. */
const TRIES = 6;

/** The maps to look at, the most likely first: the last one, then the last before each attention, from the end. */
function layersOf(graph: Graph, { scorer, maskDims }: Problem, layer: string): Grid[] {
  const { name, sampleShape } = scorer.scored;
  const grids = gridsOf(graph, 'x', SCORES, isTokens(maskDims, sampleShape));
  if (layer !== '') {
    const named = grids.find((g) => g.value === layer);
    if (named) return [named];
    const shown = grids.slice(-8).map((g) => `'${g.value}'`).join(', '); // prettier-ignore
    throw new LanError(
      'input',
      `\`layer\`: '${layer}' is no map of the input of ${name}.`,
      shown === '' ? undefined : `Its last ones are ${shown}.`,
    );
  }
  const last = grids.at(-1);
  if (!last)
    throw new LanError(
      'unsupported',
      `${name}: no value between its input and its output is a map of the input ([1,C,H,W], or tokens of a grid), which Grad-CAM and Layer-CAM weigh.`,
    );
  const before = attentionsOf(graph, 'x', SCORES)
    .toReversed()
    .flatMap((attention) => gridBefore(graph, attention, grids, last) ?? []);
  return [...new Set([last, ...before])].slice(0, TRIES);
}

/** Is there one mask value for each of the input's tokens? */
export const isTokens = (maskDims: readonly number[], sampleShape: readonly number[]): boolean =>
  sampleShape.length === 2 && maskDims.length === 3 && maskDims[1] === sampleShape[0] && maskDims[2] === 1;

/** The value at a layer, and the gradient of the weighted score by it: the model cut in two there. */
async function valueAndGradient(
  run: Run,
  graph: Graph,
  { value }: Grid,
): Promise<{ readonly value: Float32Array; readonly gradient: Float32Array }> {
  const { scorer, x, weights } = run.problem;
  const { engine } = scorer.scored;
  const type = graph.types.get(value)!;
  const up = await scorer.program(`up to ${value}`, () =>
    engine.compile({ ...graph, outputs: [{ name: value, kind: 'tensor', ...type }] }),
  );
  const down = await scorer.program(`from ${value}`, async () => {
    const part = downstreamOf(graph, value, type, [SCORES]);
    refuseBlocked(scorer.scored, part, value);
    return engine.gradient(withTotal(part), NAMES.total, [value]);
  });
  const made = (await up.run({ x }))[value]!;
  const all = await scorer.padded(weights);
  const feeds: Record<string, Tensor> = { [value]: made, [NAMES.weights]: float32(all, [1, all.length]) };
  const goesRound = downstreamOf(graph, value, type, [SCORES]).inputs.some((i) => i.name === 'x');
  const out = await down.run(goesRound ? { ...feeds, x } : feeds);
  run.count(1, 1);
  return { value: toFloat32(made), gradient: toFloat32(out[gradientOf(value)]!) };
}

/** A map of places as a mask: grown bilinearly over a picture, one value a token, repeated over channels where the mask has them. */
export function grown(
  map: Float32Array,
  { height, width }: Pick<Grid, 'height' | 'width'>,
  { maskDims, scorer }: Problem,
): Float32Array {
  const { sampleShape } = scorer.scored;
  const [h, w] = isTokens(maskDims, sampleShape) ? [1, maskDims[1]!] : (sampleShape.slice(-2) as [number, number]);
  const whole = h === height && w === width ? map : scaleBilinear(map, height, width, h, w);
  const out = new Float32Array(sizeOf(maskDims));
  for (let at = 0; at < out.length; at += whole.length) out.set(whole, at);
  return out;
}
