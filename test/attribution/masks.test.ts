// Meaningful and extremal perturbation: closed forms of their parts, and optima that are known.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { areaReference, extremal } from '../../src/attribution/extremal.js';
import { meaningful } from '../../src/attribution/meaningful.js';
import { Run, type Problem } from '../../src/attribution/method.js';
import { perturbed, pyramidOf } from '../../src/attribution/pyramid.js';
import { cellsOf, growth, smoothMaximum } from '../../src/attribution/smooth-mask.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { gradientOf } from '../../src/engine/engine.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { asked, numbers, madeToys, type Toy } from './toys.js';

const engine = createOrtEngine(adapters, { threads: 1 });
const made = madeToys();

/** Runs a graph of inputs with values, and gives its output and the gradients of the output's sum. */
async function evaluated(
  inputs: Readonly<Record<string, Tensor>>,
  build: (g: GraphBuilder) => string,
  wrt: readonly string[] = [],
): Promise<{ readonly y: number[]; readonly gradient: number[] }> {
  const g = new GraphBuilder();
  const y = build(g);
  g.output(y, 'y');
  const graph = await specialize(g.build(), {}, probe, adapters);
  const sum = GraphBuilder.from(graph);
  const axes = graph.types.get('y')!.dims.map((_, i) => i);
  sum.types.set(sum.output(sum.reduceSum('y', axes, false), 'sum'), { type: 'float32', dims: [] });
  sum.output('y');
  const program = await engine.gradient(await specialize(sum.build(), {}, probe, adapters), 'sum', wrt);
  const out = await program.run(inputs);
  await program.dispose();
  return { y: numbers(out['y']), gradient: wrt.length > 0 ? numbers(out[gradientOf(wrt[0]!)]) : [] };
}

test('cells are square, 32 of 7 pixels on 224, and none is smaller than a pixel', () => {
  expect(cellsOf(224, 301, 32)).toEqual({ height: 224, width: 301, rows: 32, columns: 43 });
  expect(cellsOf(8, 16, 32)).toEqual({ height: 8, width: 16, rows: 8, columns: 16 });
});

test('the smooth maximum of one cell: its kernel, by softmax weights of coldness 20 among 81 cells', async () => {
  const size = cellsOf(9, 9, 9);
  const cells = new Float32Array(81);
  cells[40] = 1;
  // Three cells beyond each border as well.
  const { y } = await evaluated(
    { c: float32(cells, [1, 1, 9, 9]) },
    (g) => smoothMaximum(g, g.input('c', 'float32', [1, 1, 9, 9]), 1, size, 3).all,
  );
  expect(y).toHaveLength(15 * 15);
  y.forEach((v, i) => {
    const distance = Math.hypot(Math.floor(i / 15) - 7, (i % 15) - 7);
    const k = Math.exp(-2 * Math.max(0, distance / 3 - 0.5) ** 2);
    const near = Math.max(Math.abs(Math.floor(i / 15) - 7), Math.abs((i % 15) - 7)) <= 4;
    expect(v).toBeCloseTo(near ? (k * Math.exp(20 * k)) / (Math.exp(20 * k) + 80) : 0, 5);
  });
  // At its middle: nothing is lost; it is flat up to half of its reach.
  expect([y[7 * 15 + 7]! > 0.999, y[7 * 15 + 8] === y[7 * 15 + 7]]).toEqual([true, true]);
});

test('a perturbed input is its level at whole numbers, a mixture between them; the gradient is the step above', async () => {
  const levels = [[0, 0, 0, 0], [1, 1, 1, 1], [3, 3, 3, 3], [7, 7, 7, 7]]; // prettier-ignore
  const feeds = {
    level_0: float32(levels[0]!, [1, 4]),
    ...Object.fromEntries(
      [1, 2, 3].map((l) => [
        `step_${l}`,
        float32(
          levels[l]!.map((v, i) => v - levels[l - 1]![i]!),
          [1, 4],
        ),
      ]),
    ),
  };
  const of = (mask: number[]) =>
    evaluated({ ...feeds, m: float32(mask, [1, 4]) }, (g) => perturbed(g, g.input('m', 'float32', [1, 4]), [4], 4), ['m']);
  const { y, gradient } = await of([0, 1 / 2, 2.5 / 3, 1]);
  [0, 2, 5, 7].forEach((v, i) => expect(y[i]).toBeCloseTo(v, 5));
  [3 * 1, 3 * 2, 3 * 4, 3 * 4].forEach((v, i) => expect(gradient[i]).toBeCloseTo(v, 4));
});

test('a pyramid of a picture is blurred less and less, of anything else it is the baseline and the input', async () => {
  const picture = await made([1, 8, 8], (g, x, batch) => g.reshape(g.reduceSum(x, [1, 2, 3], false), [batch, 1]));
  const dot = Array.from({ length: 64 }, (_, i) => (i === 27 ? 1 : 0));
  const { levels, feeds } = pyramidOf(new Run(asked(picture, dot, { maskDims: [1, 1, 8, 8] }), ''), 3, 1 / 4);
  expect([levels, Object.keys(feeds)]).toEqual([3, ['level_0', 'step_1', 'step_2']]);
  const [blur, half] = [toFloat32(feeds['level_0']!), toFloat32(feeds['level_0']!).map((v, i) => v + toFloat32(feeds['step_1']!)[i]!)]; // prettier-ignore
  // A Gaussian of 2 pixels, then of one: its middle is 1 / (2 pi sigma^2), but for what the border gives back.
  expect(half[27]).toBeCloseTo(1 / (2 * Math.PI), 2);
  expect(blur[27]! < half[27]! / 2).toBe(true);
  half.forEach((v, i) => expect(v + toFloat32(feeds['step_2']!)[i]!).toBeCloseTo(dot[i]!, 6));
  const vector = await made([3], (g, x) => g.reduceSum(x, [1], true));
  const two = pyramidOf(new Run(asked(vector, [1, 2, 3], { baseline: float32([1, 1, 1], [1, 3]) }), ''), 8, 1);
  expect([two.levels, numbers(two.feeds['level_0']), numbers(two.feeds['step_1'])]).toEqual([2, [1, 1, 1], [0, 1, 2]]);
});

test('what a mask of an area is to become: its largest values 1, and equal ones share what is left', async () => {
  // In the last one 0.5 and 0.52 count as equal.
  const values = [0.1, 0.9, 0.5, 0.7, 0.2, ...new Array<number>(5).fill(1), 0, 1, 0.5, 0.52, 0.2];
  const { y } = await evaluated({ m: float32(values, [3, 5]) }, (g) =>
    areaReference(g, g.input('m', 'float32', [3, 5]), [0.4, 0.3, 0.4]),
  );
  [0, 1, 0, 1, 0, 0.4, 0.4, 0.4, 0.4, 0.4, 0, 1, 0.5, 0.5, 0].forEach((v, i) => expect(y[i]).toBeCloseTo(v, 6));
});

test('growth keeps what is even, moves by whole pixels, and its rows sum to 1', () => {
  const plain = toFloat32(growth(8, 8, 0, 0));
  expect(Array.from(plain)).toEqual(Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)));
  const moved = toFloat32(growth(8, 8, 0, 2));
  expect([moved[2], moved[8 + 3], moved[7 * 8 + 7]]).toEqual([1, 1, 1]);
  const smooth = toFloat32(growth(8, 4, 1.5, 1));
  for (let i = 0; i < 8; i++) expect(smooth.subarray(4 * i, 4 * i + 4).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
});

const weights = [5, -3, 0.5, 4, 0, 1, -1, 3, 0.1, 2];
const linear: Toy = (g, x) => g.matMul(x, g.constant(float32(weights, [10, 1])));

test('extremal perturbation of a linear model keeps the largest terms, as many as the area says', async () => {
  const scorer = await made([10], linear);
  const ones = new Array<number>(10).fill(1);
  const of = async (areas: number[]): Promise<number[]> =>
    numbers((await extremal.attribute(asked(scorer, ones), { areas, iterations: 1600 })).need);
  expect((await of([0.3])).map(Math.round)).toEqual([1, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
  // Masks of several areas add up: an order.
  const need = await of([0.1, 0.2, 0.4]);
  expect(need.map(Math.round)).toEqual([3, 0, 0, 2, 0, 0, 0, 1, 0, 1]);
  const { passes, details } = await extremal.attribute(asked(scorer, ones), { areas: [0.1, 0.2], iterations: 20 });
  expect([passes, details]).toEqual([
    { forward: 44, backward: 40 },
    { score: 'value', steps: 20, areas: '0.1, 0.2' },
  ]);
});

test('meaningful perturbation of a linear model takes away what adds more than a cell costs', async () => {
  const scorer = await made([10], linear);
  const baseline = float32(new Float32Array(10), [1, 10]);
  // The fall of the value from all to nothing is 11.6: a cell is taken where its part of that is above l1.
  const l1 = 1.5 / 11.6;
  const { need, details } = await meaningful.attribute(asked(scorer, new Array<number>(10).fill(1), { baseline }), { l1 });
  expect(numbers(need)).toEqual(weights.map((w) => (w / 11.6 > l1 ? 1 : 0)));
  expect(details).toEqual({ score: 'value', steps: 300 });
});

/** The score is the brightness of the part [2..4] x [5..9] of a picture. */
const part: Toy = (g, x, batch) =>
  g.reshape(g.op('ReduceMean', [g.slice(x, [2, 5], [5, 10], [2, 3]), g.ints([1, 2, 3])]), [batch, 1]);
const inPart = (i: number): boolean => Math.floor(i / 12) >= 2 && Math.floor(i / 12) < 5 && i % 12 >= 5 && i % 12 < 10;
/** The fraction of the part's pixels among as many most needed ones. */
const found = (need: Tensor): number =>
  Array.from(toFloat32(need).entries())
    .sort((a, b) => b[1] - a[1])
    .slice(0, 15)
    .filter(([i]) => inPart(i)).length / 15;

test('of a picture both find the part that counts', async () => {
  const scorer = await made([1, 12, 12], part);
  // Stripes: blurred, they are grey.
  const stripes = Array.from({ length: 144 }, (_, i) => (inPart(i) ? ((i % 12) + Math.floor(i / 12)) % 2 : i % 2));
  const problem = (x: number[]): Problem => asked(scorer, x, { maskDims: [1, 1, 12, 12] });
  const bright = stripes.map((v, i) => (inPart(i) ? 1 : v / 2));
  const best = await extremal.attribute(problem(bright), {
    areas: [0.1],
    sigma: 1,
    smooth: 0,
    blur: 0.5,
  });
  expect(found(best.need)).toBeGreaterThan(0.85);
  const smallest = await meaningful.attribute(problem(bright), { l1: 1e-3, smooth: 0, jitter: 0, blur: 0.5 });
  expect(found(smallest.need)).toBeGreaterThan(0.85);
});

test('both stop with the time: longer steps where it is short, and a refusal where there is none', async () => {
  const scorer = await made([10], linear);
  const ones = new Array<number>(10).fill(1);
  for (const method of [extremal, meaningful]) {
    await expect(method.attribute(asked(scorer, ones, { budget: 1e-9 }))).rejects.toThrow(
      /^`budget`: 1e-9 s were over after 1 of the 10 passes that (Extremal|Meaningful) perturbation cannot do without/,
    );
    const { details } = await method.attribute(asked(scorer, ones, { budget: 0.5 }), { iterations: 1e6 });
    expect(details['steps'] as number).toBeGreaterThan(9);
    expect(details['steps'] as number).toBeLessThan(2e5);
  }
  const stop = new AbortController();
  stop.abort();
  await expect(extremal.attribute(asked(scorer, ones, { signal: stop.signal }))).rejects.toThrow('Extremal perturbation: stopped before there was a result.'); // prettier-ignore
  await expect(extremal.attribute(asked(scorer, ones), { areas: [0] })).rejects.toThrow('`areas`: expected parts of the input between 0 and 1, received [0].'); // prettier-ignore
});
