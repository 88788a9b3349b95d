// The engines' gradients of a model's first float output, with each other and with central differences of the reference.
import { blockedBy } from '../compile/differentiate.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine } from '../engine/engine.js';
import type { OrtProgram } from '../engine/ort.js';
import { missingRules } from '../model/engine-choice.js';
import { cosine, difference } from './compare.js';
import { label, type CheckContext } from './context.js';
import { openSmoothReference, type Differentiable } from './differentiable.js';
import { objectiveOf, finiteDifferenceError, type Objective } from './finite-differences.js';
import { TOLERANCES } from './tolerances.js';

export interface GradientAgreement {
  /** What is compared: `tfjs against onnxruntime`, or `tfjs against central differences`. */
  readonly what: string;
  readonly output: string;
  /** The value inside the model at which; absent where it is by the float inputs. */
  readonly at?: string;
  /** Worst of the samples; of engines max|a-b| / max|b|, of differences the relative error of the slope. */
  readonly maxError: number;
  readonly cosine?: number;
  readonly ok: boolean;
}

/** Compares at every sample; says in the notes what could not be compared. */
export async function checkGradients(subject: CheckContext, part: Differentiable): Promise<GradientAgreement[]> {
  const { engines, adapters, notes } = subject;
  const { graph, wrt, output } = part;
  const objective = await objectiveOf(graph, output, adapters);
  const blocked = blockedBy(objective.graph, { of: objective.loss, wrt }, adapters);
  // Of a forest, not of a rule that says by mistake that there is no gradient: differences find that out.
  if (blocked.some((b) => b.jumps)) {
    notes.push(`gradients not checked, there are none: ${blocked.map((b) => b.reason).join('; ')}`);
    return [];
  }
  const missing = missingRules(objective.graph, adapters);
  const able = engines.filter((e) => e.info.name !== 'onnxruntime' || missing.length === 0);
  if (able.length < engines.length) notes.push(`gradients in onnxruntime not checked: no ONNX rule for ${missing.join(', ')}`);
  const open: { dispose(): Promise<void> }[] = [];
  const differentiated = async (o: Objective): Promise<Gradients[]> => {
    const made: Gradients[] = [];
    for (const engine of able) {
      made.push(await differentiatedBy(engine, subject, part, o));
      open.push(made.at(-1)!);
    }
    return made;
  };
  try {
    const rows: GradientAgreement[] = [];
    const gradients = await differentiated(objective);
    const quantised = part.smooth !== graph;
    if (gradients[1]) rows.push(between(gradients[1], gradients[0]!, part, quantised ? 'rounded' : 'plain'));
    const smooth = quantised ? await objectiveOf(part.smooth, output, adapters) : objective;
    const sloped = quantised ? await differentiated(smooth) : gradients;
    if (quantised && sloped[1]) rows.push(between(sloped[1], sloped[0]!, part, 'without rounding'));
    const slopes = await openSmoothReference(subject, part);
    open.push(slopes);
    for (const g of sloped) {
      subject.onProgress(`central differences, ${g.engine}`);
      rows.push(await againstDifferences(subject, part, slopes, smooth, g));
    }
    return rows;
  } finally {
    for (const each of open) await each.dispose();
  }
}

/** The gradients of an objective by one engine, at every sample. */
async function differentiatedBy(
  engine: Engine,
  subject: CheckContext,
  { samples, wrt }: Differentiable,
  objective: Objective,
): Promise<Gradients> {
  subject.onProgress(`gradients, ${label(engine)}`);
  const program = await engine.gradient(objective.graph, objective.loss, wrt);
  const at = async (feeds: Readonly<Record<string, Tensor>>, weights: Tensor): Promise<Record<string, Tensor>> => {
    const out = await program.run({ ...feeds, [objective.cotangent]: weights });
    return Object.fromEntries(wrt.map((n) => [n, out[gradientOf(n)]!]));
  };
  const results: Record<string, Tensor>[] = [];
  try {
    for (const [i, { feeds, expected }] of samples.entries())
      results.push(await at(feeds, objective.weights(expected[objective.output]!, drawOf(i), subject.seed)));
  } catch (error) {
    await program.dispose();
    throw error;
  }
  return { engine: label(engine), samples: results, at, dispose: () => program.dispose() };
}

/** Which fill of the stream weighs the outputs of sample i; the sample's own inputs take the ones before. */
const drawOf = (i: number): number => 64 * (i + 1) - 1;

interface Gradients {
  readonly engine: string;
  /** At each sample. */
  readonly samples: readonly Record<string, Tensor>[];
  /** Anywhere. */
  at(feeds: Readonly<Record<string, Tensor>>, weights: Tensor): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

function between(
  a: Gradients,
  b: Gradients,
  { output, at }: Differentiable,
  form: 'plain' | 'rounded' | 'without rounding',
): GradientAgreement {
  let maxError = 0;
  let least = 1;
  a.samples.forEach((sample, i) => {
    for (const [name, gradient] of Object.entries(sample)) {
      const other = b.samples[i]![name]!;
      maxError = Math.max(maxError, difference(gradient, other, TOLERANCES.gradient).maxError);
      least = Math.min(least, cosine(toFloat32(gradient), toFloat32(other)));
    }
  });
  const ok =
    form === 'rounded' ? least >= TOLERANCES.quantisedCosine : maxError <= TOLERANCES.gradient && least >= TOLERANCES.cosine;
  const what = `${a.engine} against ${b.engine}${form === 'without rounding' ? ', without rounding' : ''}`;
  return { what, output, ...(at === undefined ? {} : { at }), maxError, cosine: least, ok };
}

async function againstDifferences(
  subject: CheckContext,
  { samples, output, at }: Differentiable,
  slopes: OrtProgram,
  objective: Objective,
  g: Gradients,
): Promise<GradientAgreement> {
  let maxError = 0;
  for (const [i, { feeds, expected }] of samples.entries()) {
    const weights = objective.weights(expected[output]!, drawOf(i), subject.seed);
    const f = async (near: Record<string, Tensor>): Promise<number> =>
      objective.value((await slopes.run(near, [output]))[output]!, weights);
    const { error } = await finiteDifferenceError(f, feeds, g.samples[i]!, objective.scale(expected[output]!, weights), (near) =>
      g.at(near, weights),
    );
    maxError = Math.max(maxError, error);
  }
  const what = `${g.engine} against central differences`;
  return { what, output, ...(at === undefined ? {} : { at }), maxError, ok: maxError <= TOLERANCES.finiteDifference };
}
