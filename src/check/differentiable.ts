// The part of a model whose gradients a check compares: all of it, or what lies behind a value inside; its samples, and what its slope is taken of.
import { withoutRounding } from '../compile/carried.js';
import { downstreamOf } from '../compile/cut.js';
import { toFloat32, type DType } from '../core/tensor.js';
import { dialectModel, openModelSession, type OrtProgram } from '../engine/ort.js';
import type { HookPoint } from '../model/hook-point.js';
import { openUpstream, openDownstream } from '../model/reference.js';
import type { Graph } from '../onnx/graph.js';
import type { Sample, CheckContext } from './context.js';

export interface Differentiable {
  /** Of the compiled graph. */
  readonly graph: Graph;
  /** The graph whose slope is the gradient: of a quantised file, `graph` without the rounding. */
  readonly smooth: Graph;
  readonly output: string;
  /** Names of the values by which gradients are taken: the float inputs, or the point. */
  readonly wrt: readonly string[];
  /** The point, where there is one, and its type in the file. */
  readonly at?: string;
  readonly type?: DType;
  /** Those that are no edge cases; their feeds hold what the original gives for the point. */
  readonly samples: readonly Sample[];
}

/** The graph from the point on. */
const tailAt = (graph: Graph, { hookPoint }: CheckContext, output: string): Graph =>
  hookPoint ? downstreamOf(graph, hookPoint.name, { type: 'float32', dims: hookPoint.dims }, [output]) : graph;

/** Undefined, with a note, where there is nothing to differentiate. */
export async function differentiableOf(subject: CheckContext): Promise<Differentiable | undefined> {
  const { graph: whole, output, input, hookPoint, notes } = subject;
  const samples = subject.samples.filter((s) => s.kind !== 'edge');
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
  const graph = tailAt(whole, subject, output);
  const smooth = subject.precision === 'quantised' ? tailAt(withoutRounding(whole), subject, output) : graph;
  const located = hookPoint ? await locate(subject, hookPoint, samples) : { samples };
  return { graph, smooth, output, wrt, ...located };
}

/** What the original gives at the point, for each sample. */
async function locate(
  { source, canonical, session }: CheckContext,
  { name, dims }: HookPoint,
  samples: readonly Sample[],
): Promise<Pick<Differentiable, 'at' | 'type' | 'samples'>> {
  const { program } = await openUpstream(source, canonical, session, name);
  try {
    const located: Sample[] = [];
    for (const sample of samples) {
      const value = (await program.run(sample.feeds, [name]))[name]!;
      located.push({ ...sample, feeds: { ...sample.feeds, [name]: { type: 'float32', dims, data: toFloat32(value) } } });
    }
    return { at: name, type: program.outputTypes[0], samples: located };
  } finally {
    await program.dispose();
  }
}

/**
 * What central differences of the part are taken of: the original, cut as the part is; its canonical form where float32 is not what the file
 * computes in, or onnxruntime refuses it.
 */
export async function openSmoothReference(
  subject: CheckContext,
  { smooth, output, at, type }: Differentiable,
): Promise<OrtProgram> {
  const { source, canonical, reference, precision, session, notes } = subject;
  if (precision === 'quantised') return openModelSession(dialectModel(smooth), session);
  if (precision === 'float16' || (reference.refused && at !== undefined))
    return openModelSession(dialectModel(tailAt(canonical, subject, output)), session);
  // The reference is the subject's to close.
  if (at === undefined) return { ...reference.program, dispose: () => Promise.resolve() };
  const { program, refused } = await openDownstream(source, canonical, session, at, type, output);
  if (refused) notes.push(`${refused} Central differences are taken of the canonical form of what lies behind '${at}'.`);
  return program;
}
