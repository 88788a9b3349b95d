// The part of a model whose gradients a check compares: all of it, or what lies downstream of a value inside; its samples, and what differences are taken of.
import { withoutRounding } from '../compile/carried.js';
import { downstreamOf } from '../compile/cut.js';
import { toFloat32, type DType, type Tensor } from '../core/tensor.js';
import { dialectModel, openModelSession, type OrtProgram } from '../engine/ort.js';
import type { HookPoint } from '../model/hook-point.js';
import { openUpstream, openDownstream } from '../model/reference.js';
import type { Graph } from '../onnx/graph.js';
import type { Sample, CheckContext } from './context.js';

/** A part of the model whose gradients are compared: what it is differentiated by, where, and what central differences are taken of. */
export interface Differentiable {
  /** Of the compiled graph. */
  readonly graph: Graph;
  /** The graph whose derivative the gradient is: of a quantised file, `graph` without the rounding. */
  readonly smooth: Graph;
  /** The float output whose gradients are compared. */
  readonly output: string;
  /** Names of the values by which gradients are taken: the float inputs, or the hook point. */
  readonly wrt: readonly string[];
  /** The hook point, where there is one, and its type in the file. */
  readonly at?: string;
  readonly type?: DType;
  /** Those that are no edge cases; their feeds hold what the original gives for the hook point. */
  readonly samples: readonly Sample[];
  /** As many more, next to those that were given or drawn as those were (CheckContext.fresh). */
  fresh(count: number): Promise<readonly Sample[]>;
}

/** The gradients of an objective by one engine. */
export interface Differentiated {
  readonly engine: string;
  /** By name of the value, float32 in its shape; `weights` of the objective in the output's shape (Objective.weights). */
  at(feeds: Readonly<Record<string, Tensor>>, weights: Tensor): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** The graph downstream of the hook point. */
const partOf = (graph: Graph, { hookPoint }: CheckContext, output: string): Graph =>
  hookPoint ? downstreamOf(graph, hookPoint.name, { type: 'float32', dims: hookPoint.dims }, [output]) : graph;

/** Undefined, with a note, where there is nothing to differentiate. */
export async function differentiableOf(context: CheckContext): Promise<Differentiable | undefined> {
  const { graph: whole, output, input, hookPoint, notes } = context;
  const samples = context.samples.filter((s) => s.kind !== 'edge');
  const wrt = hookPoint
    ? [hookPoint.name]
    : whole.inputs.filter((i) => i.type === 'float32' && (input ?? i.name) === i.name).map((i) => i.name);
  if (samples.length === 0 || output === undefined || wrt.length === 0) {
    const why =
      samples.length === 0
        ? 'all inputs are edge cases'
        : output === undefined
          ? 'the model has no float output'
          : `the model has no float32 input, and no float value lies between its inputs and '${output}'`;
    notes.push(`gradients not checked: ${why}`);
    return undefined;
  }
  if (hookPoint?.behind !== undefined)
    notes.push(
      `no input is of floats: gradients are taken at '${hookPoint.name}' [${hookPoint.dims.join(',')}], the first float value that depends on '${hookPoint.behind}'`,
    );
  const graph = partOf(whole, context, output);
  const smooth = context.precision === 'quantised' ? partOf(withoutRounding(whole), context, output) : graph;
  if (!hookPoint) return { graph, smooth, output, wrt, samples, fresh: (count) => context.fresh(count) };
  const { type, ...at } = await atHookPoint(context, hookPoint, samples);
  const fresh = async (count: number): Promise<readonly Sample[]> =>
    (await atHookPoint(context, hookPoint, await context.fresh(count))).samples;
  return { graph, smooth, output, wrt, type, ...at, fresh };
}

/** What the original gives at the hook point, for each sample. */
async function atHookPoint(
  { source, canonical, session }: CheckContext,
  { name, dims }: HookPoint,
  samples: readonly Sample[],
): Promise<Pick<Differentiable, 'at' | 'type' | 'samples'>> {
  const { program } = await openUpstream(source, canonical, session, name);
  try {
    const all: Sample[] = [];
    for (const sample of samples) {
      const value = (await program.run(sample.feeds, [name]))[name]!;
      all.push({ ...sample, feeds: { ...sample.feeds, [name]: { type: 'float32', dims, data: toFloat32(value) } } });
    }
    return { at: name, type: program.outputTypes[0], samples: all };
  } finally {
    await program.dispose();
  }
}

/**
 * What central differences of the part are taken of: the original, cut as the part is; its canonical form where float32 is not what the file
 * computes in, or onnxruntime refuses it.
 */
export async function openSmoothReference(
  context: CheckContext,
  { smooth, output, at, type }: Differentiable,
): Promise<OrtProgram> {
  const { source, canonical, reference, precision, session, notes } = context;
  if (precision === 'quantised') return openModelSession(dialectModel(smooth), session);
  if (precision === 'float16' || (reference.refused && at !== undefined))
    return openModelSession(dialectModel(partOf(canonical, context, output)), session);
  // The reference is the context's to close.
  if (at === undefined) return { ...reference.program, dispose: () => Promise.resolve() };
  const { program, refused } = await openDownstream(source, canonical, session, at, type, output);
  if (refused) notes.push(`${refused} Central differences are taken of the canonical form of what lies downstream of '${at}'.`);
  return program;
}
