// The runner of op cases: forward and gradient of every definition in both engines against onnxruntime on the untouched node.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { defineOp } from '../../adapters/op.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { withoutRounding } from '../../src/compile/carried.js';
import { specialize } from '../../src/compile/specialize.js';
import { toNumbers, type Tensor } from '../../src/core/tensor.js';
import { gradientOf, type Engine, type Program } from '../../src/engine/engine.js';
import { createOrtEngine, openOriginal, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { GraphBuilder, renameNode } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Graph } from '../../src/onnx/graph.js';
import { comparedOf, feedsOf, inputName, modelOf, outputName, uniform, wrtOf, type OpCase } from './case.js';
import { expectDifferences } from './differences.js';
import { loadFamilies } from './families.js';

/** One table of tolerances. */
const TOLERANCE = {
  /** Forward: largest difference as a share of the largest reference value. Different summation orders of float32. */
  forward: 1e-4,
  /** Gradient, engine against engine: two derivations of the same expression, each in float32. */
  gradient: 1e-3,
  cosine: 0.9999,
};

/** A stand-in for an op that gives rank-4 values channels-last, as Conv does, so that every op is tried in that layout too. */
const channelsLast = defineOp({
  op: 'ChannelsLast',
  domain: 'test',
  versions: [1],
  attributes: {},
  forward: ([x], _, { tf: { clone } }) => [clone(x!)],
  layout: 'nhwc',
});
const CHANNELS_LAST = 'cpu, channels last';

export const engines: Engines = {
  ort: createOrtEngine(adapters, { threads: 1 }),
  // tfjs is one global with one backend at a time; each engine switches to its own before it runs.
  tf: {
    cpu: await createTfEngine(adapters, { backend: 'cpu' }),
    [CHANNELS_LAST]: await createTfEngine([...adapters, channelsLast], { backend: 'cpu' }),
    wasm: await createTfEngine(adapters, { backend: 'wasm' }),
  },
};

/** The graph with its rank-4 float inputs channels-last; undefined where it has none. */
function inChannelsLast(graph: Graph): Graph | undefined {
  const inputs = graph.inputs.filter((i) => i.type === 'float32' && i.dims?.length === 4).map((i) => i.name);
  if (inputs.length === 0) return undefined;
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

let turned = false;
/** tfjs's engines in turn, and what each is to run. Every second case begins with the backend that the one before ended with: switching takes longer than most cases. */
function enginesFor(graph: Graph, tf: Engines['tf']): (readonly [engine: string, graph: Graph])[] {
  const list = Object.keys(tf).flatMap((engine) => {
    const own = engine === CHANNELS_LAST ? inChannelsLast(graph) : graph;
    return own ? [[engine, own] as const] : [];
  });
  turned = !turned;
  return turned ? list : list.reverse();
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
  for (const output of graph.outputs) g.output(output.name);
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

/** Steps of a quantised output, as a share of its largest value. */
function forwardLimit({ steps }: OpCase, expected: Tensor): number {
  if (steps === undefined) return TOLERANCE.forward;
  return steps / Array.from(toNumbers(expected)).reduce((most, v) => Math.max(most, Math.abs(v)), 1);
}

const isOf = (oneCase: OpCase, { op, domain = '' }: { op: string; domain?: string }): boolean =>
  op === oneCase.op && domain === (oneCase.domain ?? '');

/** Without a tfjs forward or a gradient rule an op has to be gone once shapes are bound. */
function isReplaced(oneCase: OpCase): boolean {
  const adapter = adapters.find((a) => isOf(oneCase, a))!;
  return !adapter.forward || !adapter.vjp;
}

/** Engines of which each runs a case: onnxruntime, and tfjs's by name. */
export interface Engines {
  readonly ort: Engine;
  readonly tf: Readonly<Record<string, Engine>>;
}

/**
 * Runs a case: its outputs in every engine are onnxruntime's on the untouched node (or those by hand), its gradients agree from engine to engine and
 * with central differences of the untouched node. Throws an Error that says where and by how much not.
 */
export async function runCase(oneCase: OpCase, { ort, tf }: Engines): Promise<void> {
  const bytes = encodeModel(modelOf(oneCase));
  const feeds = feedsOf(oneCase);
  const compared = comparedOf(oneCase).map(outputName);
  const shapes = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, t.dims]));
  const open: Program[] = [];
  const opened = async (program: Promise<Program>): Promise<Program> => {
    open.push(await program);
    return program;
  };
  try {
    const original = oneCase.expected
      ? undefined
      : await opened(openOriginal({ bytes, model: decodeModel(bytes) }, { threads: 1, optimize: 'disabled' }));
    const expected = original
      ? await original.run(feeds)
      : Object.fromEntries(compared.map((name, i) => [name, oneCase.expected![i]!]));
    const compareOutputs = (made: Record<string, Tensor>, where: string): void => {
      for (const name of compared)
        expectClose(made[name], expected[name]!, forwardLimit(oneCase, expected[name]!), `${name}, ${where}`);
    };

    const canonical = canonicalize(decodeModel(bytes), adapters);
    const names = wrtOf(oneCase).map(inputName);
    const objective = names.length > 0 ? withLoss(canonical, expected) : undefined;
    // With the loss where there is one: outputs and gradients are of one graph.
    const graph = await specialize(objective?.graph ?? canonical, shapes, probe, adapters);
    if (isReplaced(oneCase)) expect(graph.nodes.filter((n) => isOf(oneCase, n))).toEqual([]);
    const forward = await opened(ort.compile(graph));
    compareOutputs(await forward.run(feeds), 'canonical in onnxruntime');

    // A gradient's program gives the outputs as well.
    const results: Record<string, Record<string, Tensor>> = {};
    if (objective && !oneCase.skip?.includes('onnx gradient'))
      results.onnx = await (await opened(ort.gradient(graph, 'loss', names))).run(feeds);
    for (const [engine, graphFor] of oneCase.skip?.includes('tfjs') ? [] : enginesFor(graph, tf)) {
      const made = await (
        await opened(objective ? tf[engine]!.gradient(graphFor, 'loss', names) : tf[engine]!.compile(graphFor))
      ).run(feeds);
      compareOutputs(made, `tfjs ${engine}`);
      if (objective) results[`tfjs ${engine}`] = made;
    }
    if (!objective) return;
    const [first, ...others] = Object.keys(results) as [string, ...string[]];
    for (const other of others) {
      for (const name of names) {
        const [a, b] = [results[other]![gradientOf(name)], results[first]![gradientOf(name)]!];
        expectClose(a, b, TOLERANCE.gradient, `gradient of ${name}, ${other} against ${first}`);
      }
      expect(cosine(joined(results[other]!, names), joined(results[first]!, names))).toBeGreaterThanOrEqual(TOLERANCE.cosine);
    }
    const smooth = oneCase.staircase ? withoutRounding(graph) : undefined;
    const gradients = smooth ? await (await opened(ort.gradient(smooth, 'loss', names))).run(feeds) : results[first]!;
    const reference = smooth ? await opened(ort.compile(smooth)) : (original ?? forward);
    const loss = async (at: Record<string, Tensor>): Promise<number> => lossOf(await reference.run(at), objective.cotangents);
    await expectDifferences({ loss, feeds, by: names, gradient: joined(gradients, names), atKink: oneCase.atKink });
  } finally {
    for (const program of open) await program.dispose();
  }
}

/** One test per case of the families, `<family>.cases.ts` of this folder. */
export async function testFamilies(...wanted: readonly string[]): Promise<void> {
  const families = await loadFamilies(wanted);
  test('the families are found', () => expect([...families.keys()].sort()).toEqual([...wanted].sort()));
  for (const [family, cases] of families) {
    describe(family, () => {
      for (const oneCase of cases) test(`${oneCase.name} (opset ${oneCase.opset})`, () => runCase(oneCase, engines));
    });
  }
}
