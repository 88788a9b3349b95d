// Does an explanation point at what a person has marked? Pointing game, relevance mass and relevance rank.
import { descending } from '../core/correlation.js';
import { LanError } from '../core/errors.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Metric } from './metric.js';

/**
 * A mark for each element of `need`: marked where `truth` is at least half of its largest value. `truth` has one value for each element, or one for each
 * place ([H,W] and the like); of several channels any one that marks the place is enough. Throws LanError (`data`) for one of another size, and for one
 * that marks nothing or everything, by which nothing can be told.
 */
export function marked(truth: Tensor, need: Tensor): Uint8Array {
  const values = toFloat32(truth);
  const elements = need.data.length;
  const plane = sizeOf(need.dims.slice(-2));
  const fits = truth.dims.slice(-2).join() === need.dims.slice(-2).join();
  if (values.length !== elements && !fits)
    throw new LanError(
      'data',
      `\`groundTruth\`: has shape [${truth.dims.join(',')}], but the mask that it is held against has [${need.dims.join(',')}].`,
      'Give one value for each of its elements.',
    );
  const own = values.length === elements ? elements : plane;
  const marks = new Float32Array(own);
  for (let i = 0; i < values.length; i++) marks[i % own] = Math.max(marks[i % own]!, values[i]!);
  const most = marks.reduce((a, b) => Math.max(a, b), 0);
  const found = Uint8Array.from({ length: elements }, (_, i) => Number(most > 0 && marks[i % own]! >= most / 2));
  const count = found.reduce((a, b) => a + b, 0);
  if (count === 0 || count === elements)
    throw new LanError(
      'data',
      `\`groundTruth\`: marks ${count === 0 ? 'nothing: no value is above 0' : 'everything: no value is below half of the largest'}.`,
      'Mark what should be needed, and only that.',
    );
  return found;
}

/**
 * Where the need lies, against elements that are marked (see `marked`), n in all and s of them marked:
 * - pointing: 1 where the most needed element (of equals the first) is marked, else 0 (Zhang et al., 2018);
 * - relevanceMass: the part of all need above 0 that lies on marked elements (Arras, Osman and Samek, 2022); s/n where nothing is needed;
 * - relevanceRank: the part of the s most needed elements that is marked (the same).
 * A random order has s/n in each.
 */
export function localisation(need: Tensor, truth: Uint8Array): [pointing: Metric, mass: Metric, rank: Metric] {
  const values = toFloat32(need);
  const order = descending(values);
  const size = truth.reduce((a, b) => a + b, 0);
  const chance = size / truth.length;
  let [inside, total, hits] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const v = Math.max(0, values[i]!);
    total += v;
    if (truth[i]) inside += v;
  }
  for (const i of order.subarray(0, size)) hits += truth[i]!;
  const byChance = `by chance ${Number(chance.toPrecision(2))}`;
  const arras = 'Arras, Osman and Samek, CLEVR-XAI, 2022';
  return [
    {
      name: 'pointing',
      value: truth[order[0]!]!,
      better: 'higher',
      definition: `is the most needed element marked? ${byChance}`,
      source: 'Zhang et al., 2018',
    },
    {
      name: 'relevanceMass',
      value: total === 0 ? chance : inside / total,
      better: 'higher',
      definition: `part of the need that lies on marked elements; ${byChance}`,
      source: arras,
    },
    {
      name: 'relevanceRank',
      value: hits / size,
      better: 'higher',
      definition: `part of the ${size} most needed elements that is marked; ${byChance}`,
      source: arras,
    },
  ];
}
