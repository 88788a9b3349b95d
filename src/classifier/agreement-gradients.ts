// The gradient half of checkAgreement: engine against engine, and each against central differences of the reference.
import type { OpAdapter } from '../../adapters/op.js';
import { blockedBy } from '../compile/differentiate.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine } from '../engine/engine.js';
import type { OrtProgram } from '../engine/ort.js';
import type { Graph } from '../onnx/graph.js';
import { cosine, difference } from './compare.js';
import { missingRules } from './open.js';
import { COTANGENT, OBJECTIVE, objectiveOf, slopeError, type Objective } from './slope.js';

/**
 * Largest differences that count as agreement. Forward: float32 sums in another order differ by about 1e-6 a layer, 1e-4 leaves room for
 * deep nets. Half, of files that compute in float16: twelve networks differ by 2e-4 to 6e-4 where onnxruntime has no float16 kernels and rounds
 * at few places (x86); where it has (ARM), each layer adds a random 5e-4 (11 bits), ten times that after a hundred.
 * Quantised, of files that round to 8 bits on the way: onnxruntime fuses what lies between quantisers into kernels that add in integers, so that
 * a number next to a half is rounded the other way, by a step of 1/255 of its range; five such steps. Where the engines round differently too, a
 * ReLU behind it may open in one of them only: there their directions are compared, and without the rounding both strictly.
 * Between engines: a ReLU or pooling tie that falls the other way changes single elements. Differences: float32 noise and curvature leave
 * two to three digits.
 */
export const TOLERANCES = {
  forward: 1e-4,
  half: 5e-3,
  quantised: 2e-2,
  gradient: 1e-3,
  cosine: 0.9999,
  quantisedCosine: 0.99,
  slope: 1e-2,
} as const;

export interface GradientAgreement {
  /** What is compared: `tfjs against onnxruntime`, or `tfjs against central differences`. */
  readonly what: string;
  readonly output: string;
  /** Worst of the samples; of engines max|a-b| / max|b|, of differences the relative error of the slope. */
  readonly maxError: number;
  readonly cosine?: number;
  readonly ok: boolean;
}

/** What is checked, on what. */
export interface Subject {
  readonly graph: Graph;
  /** The graph whose slope is the gradient: of a quantised file, its graph without the rounding. */
  readonly smooth: Graph;
  /** What central differences are taken of. */
  readonly slopes: OrtProgram;
  readonly engines: readonly Engine[];
  readonly adapters: readonly OpAdapter[];
  readonly samples: readonly { feeds: Record<string, Tensor>; expected: Record<string, Tensor> }[];
  readonly options: {
    readonly tolerance: number;
    readonly seed: number;
    readonly failFast: boolean;
    readonly onProgress: (doing: string) => void;
  };
  readonly notes: string[];
}

/** How results name an engine. */
export const label = (engine: Engine): string =>
  engine.info.name === 'tfjs' ? `tfjs (${engine.info.backend})` : engine.info.name;

/** Rows of the result; what was not checked goes to the notes. */
export async function checkGradients(subject: Subject): Promise<GradientAgreement[]> {
  const { graph, engines, adapters, options, notes } = subject;
  const wrt = graph.inputs.filter((i) => i.type === 'float32').map((i) => i.name);
  const output = graph.outputs.find((o) => o.type?.startsWith('float'))?.name;
  if (wrt.length === 0 || output === undefined) {
    notes.push(`gradients not checked: the model has no ${output === undefined ? 'float output' : 'float32 input'}`);
    return [];
  }
  const objective = await objectiveOf(graph, output, adapters);
  const blocked = blockedBy(objective.graph, { of: OBJECTIVE, wrt }, adapters);
  // Of a forest, not of a rule that says by mistake that there is no gradient: differences find that out.
  if (blocked.some((b) => b.jumps)) {
    notes.push(`gradients not checked, there are none: ${blocked.map((b) => b.reason).join('; ')}`);
    return [];
  }
  const missing = missingRules(objective.graph, adapters);
  const able = engines.filter((e) => e.info.name !== 'onnxruntime' || missing.length === 0);
  if (able.length < engines.length) notes.push(`gradients in onnxruntime not checked: no ONNX rule for ${missing.join(', ')}`);
  const rows: GradientAgreement[] = [];
  const gradients = await differentiated(subject, objective, able, wrt);
  const [first, second] = gradients;
  const quantised = subject.smooth !== graph;
  if (first && second) rows.push(between(second, first, output, quantised ? 'rounded' : 'plain'));
  const smooth = quantised ? await objectiveOf(subject.smooth, output, adapters) : undefined;
  const sloped = smooth ? await differentiated(subject, smooth, able, wrt) : gradients;
  if (smooth && sloped[0] && sloped[1]) rows.push(between(sloped[1], sloped[0], output, 'without rounding'));
  for (const g of sloped) {
    options.onProgress(`central differences, ${g.engine}`);
    rows.push(await againstDifferences(subject, smooth ?? objective, g, output));
  }
  for (const g of new Set([...gradients, ...sloped])) await g.dispose();
  return rows;
}

/** The gradients of an objective by each engine. */
async function differentiated(
  { samples, options }: Subject,
  objective: Objective,
  engines: readonly Engine[],
  wrt: readonly string[],
): Promise<Gradients[]> {
  const gradients: Gradients[] = [];
  for (const engine of engines) {
    options.onProgress(`gradients, ${label(engine)}`);
    const program = await engine.gradient(objective.graph, OBJECTIVE, wrt);
    const at = async (feeds: Readonly<Record<string, Tensor>>, weights: Tensor): Promise<Record<string, Tensor>> => {
      const out = await program.run({ ...feeds, [COTANGENT]: weights });
      return Object.fromEntries(wrt.map((n) => [n, out[gradientOf(n)]!]));
    };
    const results: Record<string, Tensor>[] = [];
    for (const [i, { feeds, expected }] of samples.entries()) {
      results.push(await at(feeds, objective.weights(expected[objective.output]!, 64 * (i + 1) - 1, options.seed)));
    }
    gradients.push({ engine: label(engine), samples: results, at, dispose: () => program.dispose() });
  }
  return gradients;
}

interface Gradients {
  readonly engine: string;
  /** At each sample. */
  readonly samples: readonly Record<string, Tensor>[];
  /** Anywhere. */
  at(feeds: Readonly<Record<string, Tensor>>, weights: Tensor): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

function between(a: Gradients, b: Gradients, output: string, form: 'plain' | 'rounded' | 'without rounding'): GradientAgreement {
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
  return { what, output, maxError, cosine: least, ok };
}

async function againstDifferences(
  subject: Subject,
  objective: Objective,
  g: Gradients,
  output: string,
): Promise<GradientAgreement> {
  let maxError = 0;
  for (const [i, { feeds, expected }] of subject.samples.entries()) {
    const weights = objective.weights(expected[output]!, 64 * (i + 1) - 1, subject.options.seed);
    const f = async (at: Record<string, Tensor>): Promise<number> =>
      objective.value((await subject.slopes.run(at, [output]))[output]!, weights);
    const { error } = await slopeError(f, feeds, g.samples[i]!, objective.scale(expected[output]!, weights), (at) =>
      g.at(at, weights),
    );
    maxError = Math.max(maxError, error);
  }
  return { what: `${g.engine} against central differences`, output, maxError, ok: maxError <= TOLERANCES.slope };
}
