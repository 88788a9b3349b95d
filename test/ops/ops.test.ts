// Every op at every definition: forward and gradient in both engines against onnxruntime on the untouched node (DESIGN.md, section 8).
// OPS=conv,norm limits the run to some families; `-t name` to some cases.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { defineOp } from '../../adapters/op.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { withoutRounding } from '../../src/compile/carried.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { gradientOf, type Engine, type Program } from '../../src/engine/engine.js';
import { createOrtEngine, openOriginal, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { GraphBuilder, renameNode } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Graph } from '../../src/onnx/graph.js';
import { comparedOf, feedsOf, inputName, modelOf, outputName, uniform, wrtOf, type OpCase } from './case.js';
import { loadFamilies } from './families.js';

/** One table of tolerances. */
const TOLERANCE = {
  /** Forward: largest difference as a share of the largest reference value. Different summation orders of float32. */
  forward: 1e-4,
  /** Gradient, engine against engine: two derivations of the same expression, each in float32. */
  gradient: 1e-3,
  cosine: 0.9999,
  /** Central differences of a float32 reference, the better of two step sizes. */
  differences: 1e-2,
};

const families = await loadFamilies(process.env.OPS?.split(','));

const ort = createOrtEngine(adapters, { threads: 1 });
// tfjs is one global with one backend at a time; each engine switches to its own before it runs.
const backends = ['cpu', 'wasm'] as const;
const tf: Record<string, Engine> = {};
for (const backend of backends) tf[backend] = await createTfEngine(adapters, { backend });

/** A stand-in for an op that gives rank-4 values channels-last, as Conv does, so that every op is tried in that layout too. */
const channelsLast = defineOp({
  op: 'ChannelsLast',
  domain: 'test',
  versions: [1],
  attributes: {},
  forward: ([x], _, { tf: { clone } }) => [clone(x!)],
  layout: 'nhwc',
});
tf['cpu, channels last'] = await createTfEngine([...adapters, channelsLast], { backend: 'cpu' });
const engines = Object.keys(tf);

/** The graph as `engine` is to run it. */
function forEngine(engine: string, graph: Graph): Graph {
  if (!engine.endsWith('channels last')) return graph;
  const inputs = graph.inputs.filter((i) => i.type === 'float32' && i.dims?.length === 4).map((i) => i.name);
  const behind = (name: string): string => (inputs.includes(name) ? `${name}_channels_last` : name);
  const types = new Map(graph.types);
  for (const name of inputs) types.set(behind(name), graph.types.get(name)!);
  const made = inputs.map((x) => ({
    op: 'ChannelsLast',
    domain: 'test',
    name: behind(x),
    inputs: [x],
    outputs: [behind(x)],
    attributes: {},
  }));
  return { ...graph, nodes: [...made, ...graph.nodes.map((n) => renameNode(n, behind))], types };
}

/** Outputs of a program that is used once. */
async function runOnce(program: Program, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

/** Largest difference over the largest finite reference value; infinite where NaN, infinities or shapes differ. */
function distance(actual: Tensor | undefined, expected: Tensor): number {
  if (!actual || actual.dims.join() !== expected.dims.join()) return Infinity;
  const [a, b] = [toNumbers(actual), toNumbers(expected)];
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i])) scale = Number.isFinite(b[i]) ? Math.max(scale, Math.abs(b[i]!)) : scale;
    else if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) worst = a[i] === b[i] ? worst : Infinity;
    else {
      scale = Math.max(scale, Math.abs(b[i]!));
      worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
    }
  }
  return worst === 0 ? 0 : worst / (scale || 1);
}

function expectClose(actual: Tensor | undefined, expected: Tensor, limit: number, where: string): void {
  const d = distance(actual, expected);
  const show = (t: Tensor | undefined): string =>
    t ? `[${t.dims.join(',')}] ${Array.from(toNumbers(t)).slice(0, 12).join(' ')}` : 'nothing';
  // The message is worth more than a matcher: it shows where and what.
  if (!(d <= limit))
    throw new Error(`${where}: differs by ${d} (limit ${limit})\n  received ${show(actual)}\n  expected ${show(expected)}`);
}

/** `graph` with `loss` = sum over the float outputs of a seeded cotangent times the output. */
function withLoss(
  graph: Graph,
  outputs: Record<string, Tensor>,
): { graph: Graph; cotangents: Record<string, Tensor> } | undefined {
  const g = GraphBuilder.from(graph);
  const cotangents: Record<string, Tensor> = {};
  const terms = Object.entries(outputs).flatMap(([name, value], i) => {
    if (value.type !== 'float32') return [];
    const cotangent = uniform(value.dims, 1000 + i, -1, 1);
    cotangents[name] = cotangent;
    return [g.op('ReduceSum', [g.mul(name, g.constant(cotangent))], { keepdims: 0 })];
  });
  if (terms.length === 0) return undefined;
  g.output(
    terms.reduce((a, b) => g.add(a, b)),
    'loss',
  );
  return { graph: g.build(), cotangents };
}

const lossOf = (outputs: Record<string, Tensor>, cotangents: Record<string, Tensor>): number =>
  Object.entries(cotangents).reduce((sum, [name, c]) => {
    const [a, b] = [toNumbers(outputs[name]!), toNumbers(c)];
    for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
    return sum;
  }, 0);

/** All gradients as one vector. */
const joined = (result: Record<string, Tensor>, names: readonly string[]): Float64Array =>
  Float64Array.from(names.flatMap((n) => Array.from(toNumbers(result[gradientOf(n)]!))));

function cosine(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return aa === 0 && bb === 0 ? 1 : ab / Math.sqrt(aa * bb);
}

/** Central difference of `loss` along `direction`, per unit of its length. `step` is the largest move of one element. */
async function difference(
  loss: (feeds: Record<string, Tensor>) => Promise<number>,
  feeds: Record<string, Tensor>,
  names: readonly string[],
  direction: Float64Array,
  step: number,
): Promise<number> {
  // Elements move by no more than `step`, so that inputs kept away from kinks stay away from them.
  const scale = step / direction.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const at = async (sign: number): Promise<number> => {
    let offset = 0;
    const moved = { ...feeds };
    for (const name of names) {
      const x = toNumbers(feeds[name]!);
      moved[name] = float32(
        Float32Array.from(x, (v, i) => v + sign * scale * direction[offset + i]!),
        feeds[name]!.dims,
      );
      offset += x.length;
    }
    return loss(moved);
  };
  return ((await at(1)) - (await at(-1))) / (2 * scale * Math.hypot(...direction));
}

/** Central differences must be |g| along the gradient g (the better of two steps), and 0 in any direction where the gradient is 0. */
async function expectDifferences(
  loss: (feeds: Record<string, Tensor>) => Promise<number>,
  feeds: Record<string, Tensor>,
  names: readonly string[],
  gradient: Float64Array,
): Promise<void> {
  const norm = Math.hypot(...gradient);
  if (norm === 0) {
    const anywhere = Float64Array.from(uniform([gradient.length], 2000, -1, 1).data as Float32Array);
    const slope = await difference(loss, feeds, names, anywhere, 1e-2);
    if (Math.abs(slope) > 1e-3) throw new Error(`every gradient is 0, but along a random direction the loss changes by ${slope}`);
    return;
  }
  const ratios: number[] = [];
  for (const step of [1e-2, 1e-3]) ratios.push((await difference(loss, feeds, names, gradient, step)) / norm);
  const error = Math.min(...ratios.map((r) => Math.abs(r - 1)));
  if (!(error <= TOLERANCE.differences)) {
    throw new Error(`central differences along the gradient give ${ratios.join(' and ')} times its norm, expected 1`);
  }
}

/** Steps of a quantised output, as a share of its largest value. */
function forwardLimit({ steps }: OpCase, expected: Tensor): number {
  if (steps === undefined) return TOLERANCE.forward;
  return steps / Array.from(toNumbers(expected)).reduce((most, v) => Math.max(most, Math.abs(v)), 1);
}

async function check(oneCase: OpCase): Promise<void> {
  const bytes = encodeModel(modelOf(oneCase));
  const feeds = feedsOf(oneCase);
  const compared = comparedOf(oneCase).map(outputName);
  const shapes = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, t.dims]));
  const original = oneCase.expected
    ? undefined
    : await openOriginal({ bytes, model: decodeModel(bytes) }, { threads: 1, optimize: 'disabled' });
  const expected = original
    ? await original.run(feeds)
    : Object.fromEntries(compared.map((name, i) => [name, oneCase.expected![i]!]));

  const canonical = canonicalize(decodeModel(bytes), adapters);
  const graph = await specialize(canonical, shapes, probe, adapters);
  const forward = await runOnce(await ort.compile(graph), feeds);
  const close = (made: Tensor | undefined, name: string, where: string): void =>
    expectClose(made, expected[name]!, forwardLimit(oneCase, expected[name]!), where);
  for (const name of compared) close(forward[name], name, `${name}, canonical in onnxruntime`);
  const inTf = !oneCase.skip?.includes('tfjs');
  for (const engine of inTf ? engines : []) {
    const made = await runOnce(await tf[engine]!.compile(forEngine(engine, graph)), feeds);
    for (const name of compared) close(made[name], name, `${name}, tfjs ${engine}`);
  }

  const names = wrtOf(oneCase).map(inputName);
  const objective = withLoss(canonical, expected);
  if (names.length === 0 || !objective) return original?.dispose();
  const lossGraph = await specialize(objective.graph, shapes, probe, adapters);
  const results: Record<string, Record<string, Tensor>> = {};
  if (!oneCase.skip?.includes('onnx gradient')) results.onnx = await runOnce(await ort.gradient(lossGraph, 'loss', names), feeds);
  for (const engine of inTf ? engines : []) {
    results[`tfjs ${engine}`] = await runOnce(await tf[engine]!.gradient(forEngine(engine, lossGraph), 'loss', names), feeds);
  }
  if (oneCase.staircase) results.smooth = await runOnce(await ort.gradient(withoutRounding(lossGraph), 'loss', names), feeds);
  const [first, ...others] = Object.keys(results).filter((name) => name !== 'smooth') as [string, ...string[]];
  for (const other of others) {
    for (const name of names) {
      const [a, b] = [results[other]![gradientOf(name)], results[first]![gradientOf(name)]!];
      expectClose(a, b, TOLERANCE.gradient, `gradient of ${name}, ${other} against ${first}`);
    }
    expect(cosine(joined(results[other]!, names), joined(results[first]!, names))).toBeGreaterThanOrEqual(TOLERANCE.cosine);
  }
  const gradient = joined(results.smooth ?? results[first]!, names);
  const reference = oneCase.staircase ? await ort.compile(withoutRounding(graph)) : (original ?? (await ort.compile(graph)));
  const loss = async (at: Record<string, Tensor>): Promise<number> => lossOf(await reference.run(at), objective.cotangents);
  await expectDifferences(loss, feeds, names, gradient);
  await reference.dispose();
  if (reference !== original) await original?.dispose();
}

for (const [family, cases] of families) {
  describe(family, () => {
    for (const oneCase of cases) test(`${oneCase.name} (opset ${oneCase.opset})`, () => check(oneCase));
  });
}

test('families are found', () => expect(families.size).toBeGreaterThan(0));
