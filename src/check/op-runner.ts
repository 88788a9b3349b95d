// Runs an op on a case: its forward and gradient in every engine against a reference, and the gradient against central differences.
import { adapters as builtIn } from '../../adapters/index.js';
import { defineOp, type OpAdapter } from '../../adapters/op.js';
import { canonicalize } from '../compile/canonicalize.js';
import { withoutRounding } from '../compile/carried.js';
import { specialize } from '../compile/specialize.js';
import { LanError, messageOf } from '../core/errors.js';
import { toNumbers, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine } from '../engine/engine.js';
import { createOrtEngine, openOriginal, probe } from '../engine/ort.js';
import { createTfEngine } from '../engine/tf.js';
import { GraphBuilder, renameNode } from '../onnx/builder.js';
import { decodeModel, encodeModel } from '../onnx/codec.js';
import type { Graph } from '../onnx/graph.js';
import { cosine } from './compare.js';
import { comparedOf, feedsOf, inputName, modelOf, outputName, uniform, wrtOf, type OpCase } from './op-case.js';
import { expectDifferences } from './op-differences.js';
import { TOLERANCES } from './tolerances.js';

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

/** Engines of which each runs a case: onnxruntime, and tfjs's by name. */
export interface OpEngines {
  readonly ort: Engine;
  readonly tf: Readonly<Record<string, Engine>>;
}

/** All of them, with these ops. */
export const createOpEngines = async (adapters: readonly OpAdapter[]): Promise<OpEngines> => ({
  ort: createOrtEngine(adapters, { threads: 1 }),
  // tfjs is one global with one backend at a time; each engine switches to its own before it runs.
  tf: {
    cpu: await createTfEngine(adapters, { backend: 'cpu' }),
    [CHANNELS_LAST]: await createTfEngine([...adapters, channelsLast], { backend: 'cpu' }),
    wasm: await createTfEngine(adapters, { backend: 'wasm' }),
  },
});

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

/** tfjs's engines in turn, and what each is to run. */
function enginesFor(graph: Graph, tf: OpEngines['tf'], turned: boolean): (readonly [engine: string, graph: Graph])[] {
  const list = Object.keys(tf).flatMap((engine) => {
    const own = engine === CHANNELS_LAST ? inChannelsLast(graph) : graph;
    return own ? [[engine, own] as const] : [];
  });
  return turned ? list.reverse() : list;
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

/** How far apart, where that is close enough. Throws an Error that says where and what. */
function expectClose(actual: Tensor | undefined, expected: Tensor, limit: number, where: string): number {
  const d = distance(actual, expected);
  const show = (t: Tensor | undefined): string =>
    t ? `[${t.dims.join(',')}] ${Array.from(toNumbers(t)).slice(0, 12).join(' ')}` : 'nothing';
  // The message is worth more than a matcher: it shows where and what.
  if (!(d <= limit))
    throw new Error(`${where}: differs by ${d} (limit ${limit})\n  received ${show(actual)}\n  expected ${show(expected)}`);
  return d;
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

/** Steps of a quantised output, as a share of its largest value. */
function forwardLimit({ steps }: OpCase, expected: Tensor): number {
  if (steps === undefined) return TOLERANCES.forward;
  return steps / Array.from(toNumbers(expected)).reduce((most, v) => Math.max(most, Math.abs(v)), 1);
}

const isOf = (oneCase: OpCase, { op, domain = '' }: { op: string; domain?: string }): boolean =>
  op === oneCase.op && domain === (oneCase.domain ?? '');

/** Without a tfjs forward or a gradient rule an op has to be gone once shapes are bound. */
const isReplaced = ({ forward, vjp }: OpAdapter): boolean => !forward || !vjp;

/** What gives the outputs that are expected, from the inputs that are fed. */
interface Reference {
  readonly what: OpResult['reference'];
  readonly run: (feeds: Record<string, Tensor>) => Promise<Record<string, Tensor>>;
}

/** What a case came to; figures are the largest of all engines. */
export interface OpResult {
  /** What the outputs were held against. */
  readonly reference: 'onnxruntime' | 'given' | 'canonical form';
  /** The engines that ran it. */
  readonly engines: readonly string[];
  /** Largest difference from the reference, over its largest value. */
  readonly forward: number;
  /** Largest difference of a gradient from engine to engine, over its largest value; undefined where fewer than two give one. */
  readonly gradient?: number;
  /** Were central differences taken? Not where nothing is differentiated. */
  readonly differences: boolean;
}

/** How a case is run. */
export interface OpRun {
  /** The ops, the one that is tried among them. Default: the built-in ones. */
  readonly adapters?: readonly OpAdapter[];
  /** Take the canonical form for the reference where onnxruntime does not know the op? Default: such a case throws. */
  readonly canonicalReference?: boolean;
  /** Begin with the last of tfjs's engines: switching from backend to backend takes longer than most cases. */
  readonly turned?: boolean;
}

/**
 * Runs a case: its outputs in every engine are the reference's, which is what the case gives or onnxruntime on the untouched node, its gradients agree from engine to
 * engine and with central differences of the reference. Throws an Error that says where and by how much not.
 */
export async function runOpCase(oneCase: OpCase, { ort, tf }: OpEngines, options: OpRun = {}): Promise<OpResult> {
  const { adapters = builtIn, turned = false } = options;
  const adapter = adapters.findLast((a) => isOf(oneCase, a));
  if (!adapter) throw new Error(`no op is called ${oneCase.domain ? `${oneCase.domain}.` : ''}${oneCase.op}`);
  const bytes = encodeModel(modelOf(oneCase, adapters));
  const feeds = feedsOf(oneCase, adapters);
  const compared = comparedOf(oneCase).map(outputName);
  const shapes = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, t.dims]));
  const open: { dispose(): Promise<void> }[] = [];
  const opened = async <T extends { dispose(): Promise<void> }>(program: Promise<T>): Promise<T> => {
    open.push(await program);
    return program;
  };
  try {
    const canonical = canonicalize(decodeModel(bytes), adapters);
    const stays = canonical.nodes.some((n) => isOf(oneCase, n));
    const original = async (): Promise<Reference | undefined> => {
      try {
        const model = { bytes, model: decodeModel(bytes) };
        const program = await opened(openOriginal(model, { threads: 1, optimize: 'disabled' }));
        return { what: 'onnxruntime', run: (at) => program.run(at) };
      } catch (error) {
        if (!options.canonicalReference) throw error;
        if (stays)
          throw new LanError(
            'unsupported',
            `onnxruntime does not run ${oneCase.domain ? `${oneCase.domain}.` : ''}${oneCase.op}, and no \`canonicalize\` writes it in ops that it runs (${messageOf(error).split('\n')[0]!}).`,
          );
        return undefined;
      }
    };
    const found = givenBy(oneCase, compared) ?? (await original());
    const plain = found ? undefined : await specialize(canonical, shapes, probe, adapters);
    const inDialect = plain && (await opened(ort.compile(plain)));
    const reference = found ?? { what: 'canonical form' as const, run: (at: Record<string, Tensor>) => inDialect!.run(at) };
    const expected = await reference.run(feeds);
    let forward = 0;
    const compareOutputs = (made: Record<string, Tensor>, where: string): void => {
      for (const name of compared)
        forward = Math.max(
          forward,
          expectClose(made[name], expected[name]!, forwardLimit(oneCase, expected[name]!), `${name}, ${where}`),
        );
    };

    const names = wrtOf(oneCase, adapters).map(inputName);
    const objective = names.length > 0 ? withLoss(canonical, expected) : undefined;
    // With the loss where there is one: outputs and gradients are of one graph.
    const graph = await specialize(objective?.graph ?? canonical, shapes, probe, adapters);
    if (isReplaced(adapter) && graph.nodes.some((n) => isOf(oneCase, n)))
      throw new Error(`${oneCase.op} has no \`forward\` or no \`vjp\`, and is still there once shapes are bound`);
    const forwardProgram = await opened(ort.compile(graph));
    compareOutputs(await forwardProgram.run(feeds), 'canonical in onnxruntime');

    // A gradient's program gives the outputs as well.
    const results: Record<string, Record<string, Tensor>> = {};
    const ran = ['onnxruntime'];
    if (objective && !oneCase.skip?.includes('onnx gradient'))
      results.onnx = await (await opened(ort.gradient(graph, 'loss', names))).run(feeds);
    for (const [engine, graphFor] of oneCase.skip?.includes('tfjs') ? [] : enginesFor(graph, tf, turned)) {
      const made = await (
        await opened(objective ? tf[engine]!.gradient(graphFor, 'loss', names) : tf[engine]!.compile(graphFor))
      ).run(feeds);
      compareOutputs(made, `tfjs ${engine}`);
      ran.push(`tfjs ${engine}`);
      if (objective) results[`tfjs ${engine}`] = made;
    }
    const result = { reference: reference.what, engines: ran, forward };
    if (!objective) return { ...result, differences: false };
    const gradient = compareGradients(results, names);
    const [first] = Object.values(results);
    const smooth = oneCase.staircase ? withoutRounding(graph) : undefined;
    const gradients = smooth ? await (await opened(ort.gradient(smooth, 'loss', names))).run(feeds) : first!;
    const smoothProgram = smooth && (await opened(ort.compile(smooth)));
    // Outputs that were written down hold for these inputs alone.
    const fixed = reference.what === 'given' && typeof oneCase.expected !== 'function';
    const moving = smoothProgram ?? (fixed ? forwardProgram : reference);
    const loss = async (at: Record<string, Tensor>): Promise<number> => lossOf(await moving.run(at), objective.cotangents);
    await expectDifferences({ loss, feeds, by: names, gradient: joined(gradients, names), atKink: oneCase.atKink });
    return { ...result, differences: true, ...(gradient === undefined ? {} : { gradient }) };
  } finally {
    for (const program of open) await program.dispose();
  }
}

/** The outputs that the case itself gives. */
function givenBy({ expected, inputs }: OpCase, compared: readonly string[]): Reference | undefined {
  if (!expected) return undefined;
  const all = (feeds: Record<string, Tensor>): readonly Tensor[] =>
    typeof expected === 'function' ? expected(inputs.map((t, i) => feeds[inputName(i)] ?? t)) : expected;
  return {
    what: 'given',
    run: (feeds) => Promise.resolve(Object.fromEntries(all(feeds).map((t, i) => [compared[i]!, t]))),
  };
}

/** The largest difference between the first engine's gradients and the others'. */
function compareGradients(
  results: Readonly<Record<string, Record<string, Tensor>>>,
  names: readonly string[],
): number | undefined {
  const [first, ...others] = Object.keys(results) as [string, ...string[]];
  let worst: number | undefined;
  for (const other of others) {
    for (const name of names) {
      const [a, b] = [results[other]![gradientOf(name)], results[first]![gradientOf(name)]!];
      worst = Math.max(worst ?? 0, expectClose(a, b, TOLERANCES.gradient, `gradient of ${name}, ${other} against ${first}`));
    }
    const alike = cosine(joined(results[other]!, names), joined(results[first]!, names));
    if (!(alike >= TOLERANCES.cosine))
      throw new Error(`gradients of ${other} against ${first}: cosine ${alike}, expected at least ${TOLERANCES.cosine}`);
  }
  return worst;
}
