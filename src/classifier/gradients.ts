// The engines' gradients of a model's first float output, with each other and with central differences of the reference.
import { toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf } from '../engine/engine.js';
import { cosine, difference } from './compare.js';
import { missingRules } from './open.js';
import { COTANGENT, OBJECTIVE, objectiveOf, slopeError, type Objective } from './slope.js';
import { label, type Sample, type Subject } from './subject.js';
import { TOLERANCES } from './tolerances.js';

export interface GradientAgreement {
  /** What is compared: `tfjs against onnxruntime`, or `tfjs against central differences`. */
  readonly what: string;
  readonly output: string;
  /** Worst of the samples; of engines max|a-b| / max|b|, of differences the relative error of the slope. */
  readonly maxError: number;
  readonly cosine?: number;
  readonly ok: boolean;
}

/** Compares at every input that is no edge case; says in the notes what could not be compared. */
export async function checkGradients(subject: Subject): Promise<GradientAgreement[]> {
  const { graph, engines, adapters, notes } = subject;
  const samples = subject.samples.filter((s) => s.kind !== 'edge');
  const wrt = graph.inputs.filter((i) => i.type === 'float32').map((i) => i.name);
  const output = graph.outputs.find((o) => o.type?.startsWith('float'))?.name;
  if (wrt.length === 0 || output === undefined || samples.length === 0) {
    const lacks = output === undefined ? 'float output' : 'float32 input';
    notes.push(`gradients not checked: ${samples.length === 0 ? 'all inputs are edge cases' : `the model has no ${lacks}`}`);
    return [];
  }
  const objective = await objectiveOf(graph, output, adapters);
  const missing = missingRules(objective.graph, adapters);
  const able = engines.filter((e) => e.info.name !== 'onnxruntime' || missing.length === 0);
  if (able.length < engines.length) notes.push(`gradients in onnxruntime not checked: no ONNX rule for ${missing.join(', ')}`);
  const gradients: (Gradients & { dispose(): Promise<void> })[] = [];
  try {
    for (const engine of able) {
      subject.onProgress(`gradients, ${label(engine)}`);
      const program = await engine.gradient(objective.graph, OBJECTIVE, wrt);
      const at = async (feeds: Readonly<Record<string, Tensor>>, weights: Tensor): Promise<Record<string, Tensor>> => {
        const out = await program.run({ ...feeds, [COTANGENT]: weights });
        return Object.fromEntries(wrt.map((n) => [n, out[gradientOf(n)]!]));
      };
      const results: Record<string, Tensor>[] = [];
      gradients.push({ engine: label(engine), samples: results, at, dispose: () => program.dispose() });
      for (const [i, { feeds, expected }] of samples.entries())
        results.push(await at(feeds, objective.weights(expected[output]!, drawOf(i), subject.seed)));
    }
    const rows: GradientAgreement[] = [];
    const [first, second] = gradients;
    if (first && second) rows.push(between(second, first, output));
    for (const g of gradients) {
      subject.onProgress(`central differences, ${g.engine}`);
      rows.push(await againstDifferences(subject, samples, objective, g, output));
    }
    return rows;
  } finally {
    for (const g of gradients) await g.dispose();
  }
}

/** Which fill of the stream weighs the outputs of sample i; the sample's own inputs take the ones before. */
const drawOf = (i: number): number => 64 * (i + 1) - 1;

interface Gradients {
  readonly engine: string;
  /** At each sample. */
  readonly samples: readonly Record<string, Tensor>[];
  /** Anywhere. */
  at(feeds: Readonly<Record<string, Tensor>>, weights: Tensor): Promise<Record<string, Tensor>>;
}

function between(a: Gradients, b: Gradients, output: string): GradientAgreement {
  let maxError = 0;
  let least = 1;
  a.samples.forEach((sample, i) => {
    for (const [name, gradient] of Object.entries(sample)) {
      const other = b.samples[i]![name]!;
      maxError = Math.max(maxError, difference(gradient, other, TOLERANCES.gradient).maxError);
      least = Math.min(least, cosine(toFloat32(gradient), toFloat32(other)));
    }
  });
  const ok = maxError <= TOLERANCES.gradient && least >= TOLERANCES.cosine;
  return { what: `${a.engine} against ${b.engine}`, output, maxError, cosine: least, ok };
}

async function againstDifferences(
  subject: Subject,
  samples: readonly Sample[],
  objective: Objective,
  g: Gradients,
  output: string,
): Promise<GradientAgreement> {
  let maxError = 0;
  for (const [i, { feeds, expected }] of samples.entries()) {
    const weights = objective.weights(expected[output]!, drawOf(i), subject.seed);
    const f = async (at: Record<string, Tensor>): Promise<number> =>
      objective.value((await subject.slopes.run(at, [output]))[output]!, weights);
    const { error } = await slopeError(f, feeds, g.samples[i]!, objective.scale(expected[output]!, weights), (at) =>
      g.at(at, weights),
    );
    maxError = Math.max(maxError, error);
  }
  return { what: `${g.engine} against central differences`, output, maxError, ok: maxError <= TOLERANCES.slope };
}
