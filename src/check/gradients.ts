// The engines' gradients of a model's first float output, with each other and with central differences of the reference.
import { blockedBy } from '../compile/differentiate.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine } from '../engine/engine.js';
import type { OrtProgram } from '../engine/ort.js';
import { missingRules } from '../model/engine-choice.js';
import { label, type CheckContext, type Sample } from './context.js';
import { openSmoothReference, type Differentiable, type Differentiated } from './differentiable.js';
import { finiteDifferenceErrors, type Claim } from './finite-differences.js';
import { objectiveOf, type Objective } from './objective.js';
import { TOLERANCES } from './tolerances.js';
import { between, settle, type Measure, type Settled } from './verdict.js';

/** One comparison of gradients, over all inputs at which it was made: two engines with each other, or one with central differences. */
export interface GradientAgreement extends Settled {
  /** What is compared: `tfjs against onnxruntime`, or `tfjs against central differences`. */
  readonly what: string;
  readonly output: string;
  /** The value inside the model at which; absent where it is by the float inputs. */
  readonly at?: string;
}

/** Fresh inputs at which a comparison that fails is made again before it counts as a disagreement. */
export const FRESH = 4;

/**
 * Compares at every sample, and at FRESH more where one of them is apart: a disagreement is one only if it repeats away from bends and above what
 * float32 itself rounds. Says in the notes what could not be compared.
 */
export async function checkGradients(context: CheckContext, part: Differentiable): Promise<GradientAgreement[]> {
  const { engines, adapters, notes } = context;
  const { graph, wrt, output, at } = part;
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
  const differentiated = async (o: Objective): Promise<Differentiated[]> => {
    const made: Differentiated[] = [];
    for (const engine of able) {
      context.onProgress(`gradients, ${label(engine)}`);
      made.push(await differentiatedBy(engine, part, o));
      open.push(made.at(-1)!);
    }
    return made;
  };
  try {
    const plain = await differentiated(objective);
    const quantised = part.smooth !== graph;
    const smooth = quantised ? await objectiveOf(part.smooth, output, adapters) : objective;
    const smoothed = quantised ? await differentiated(smooth) : plain;
    const reference = await openSmoothReference(context, part);
    open.push(reference);
    // Comparisons that are made together: of engines with each other, as the file is and without its rounding, and of all of them with differences.
    const groups: Group[] = [];
    const weightsOf = (o: Objective, { expected }: Sample, draw: number): Tensor =>
      o.weights(expected[output]!, draw, context.seed);
    const compared = (what: string, both: readonly Differentiated[], o: Objective, rounded: boolean): Group => ({
      rows: [what],
      measure: async (sample, draw) => [await between(both, sample, weightsOf(o, sample, draw), rounded)],
    });
    if (plain[1]) {
      const what = `${plain[1].engine} against ${plain[0]!.engine}`;
      groups.push(compared(what, plain, objective, quantised));
      if (quantised) groups.push(compared(`${what}, without rounding`, smoothed, smooth, false));
    }
    // Of an answer that stays the same, any rule agrees with any other.
    let flat: boolean | undefined;
    groups.push({
      rows: smoothed.map((g) => `${g.engine} against central differences`),
      measure: (sample, draw) =>
        differences(smoothed, sample, smooth, weightsOf(smooth, sample, draw), {
          reference,
          output,
          onClaims: (claims) => (flat = (flat ?? true) && claims.every(isZero)),
        }),
    });
    // Drawn once, and only where a comparison asks: the reference runs on each of them.
    let drawn: Promise<readonly Sample[]> | undefined;
    const fresh = (): Promise<readonly Sample[]> => (drawn ??= part.fresh(FRESH));
    const rows: GradientAgreement[] = [];
    for (const group of groups)
      for (const [what, settled] of await overInputs(group, context, part, fresh))
        rows.push({ what, output, ...(at === undefined ? {} : { at }), ...settled });
    if (flat)
      notes.push(
        `the gradient of '${output}' is 0 at every input that was tried, in every engine: where the output does not change, gradients are put to no test`,
      );
    return rows;
  } finally {
    for (const each of open) await each.dispose();
  }
}

async function differentiatedBy(engine: Engine, { wrt }: Differentiable, objective: Objective): Promise<Differentiated> {
  const program = await engine.gradient(objective.graph, objective.loss, wrt);
  return {
    engine: label(engine),
    async at(feeds, weights) {
      const out = await program.run({ ...feeds, [objective.cotangent]: weights });
      return Object.fromEntries(wrt.map((n) => [n, out[gradientOf(n)]!]));
    },
    dispose: () => program.dispose(),
  };
}

interface Group {
  readonly rows: readonly string[];
  /** A figure for each row. `draw` chooses the weights of the objective. */
  measure(sample: Sample, draw: number): Promise<Measure[]>;
}

/** Measures at the inputs asked for, then at fresh ones until each row agrees or FRESH are spent. */
async function overInputs(
  group: Group,
  context: CheckContext,
  { samples, output }: Pick<Differentiable, 'samples' | 'output'>,
  fresh: () => Promise<readonly Sample[]>,
): Promise<[string, Settled][]> {
  const { rows } = group;
  const measured: Measure[][] = [];
  const verdicts = (): Settled[] => rows.map((_, r) => settle(measured.map((m) => m[r]!)));
  const add = async (sample: Sample): Promise<void> => {
    context.onProgress(`gradients at ${sample.name}, ${rows.at(-1)!}`);
    const none = toFloat32(sample.expected[output]!).some(Number.isNaN);
    measured.push(
      none ? rows.map(() => ({ found: 'undefined', error: 0 })) : await group.measure(sample, drawOf(measured.length)),
    );
  };
  for (const sample of samples) await add(sample);
  if (verdicts().some((v) => v.verdict !== 'agrees'))
    for (const sample of await fresh()) {
      await add(sample);
      if (verdicts().every((v) => v.verdict === 'agrees')) break;
    }
  return verdicts().map((v, r) => [rows[r]!, v]);
}

/** Which fill of the stream weighs the outputs of sample i; the sample's own inputs take the ones before. */
const drawOf = (i: number): number => 64 * (i + 1) - 1;

const isZero = ({ gradients }: Claim): boolean => Object.values(gradients).every((t) => toFloat32(t).every((v) => v === 0));

/** Each engine's gradient against central differences of the reference. */
async function differences(
  engines: readonly Differentiated[],
  { feeds, expected }: Sample,
  objective: Objective,
  weights: Tensor,
  {
    reference,
    output,
    onClaims,
  }: { readonly reference: OrtProgram; readonly output: string; readonly onClaims: (claims: readonly Claim[]) => void },
): Promise<Measure[]> {
  const f = async (near: Record<string, Tensor>): Promise<number> =>
    objective.value((await reference.run(near, [output]))[output]!, weights);
  const claims: Claim[] = [];
  for (const e of engines) claims.push({ gradients: await e.at(feeds, weights), at: (near) => e.at(near, weights) });
  onClaims(claims);
  const scale = objective.scale(expected[output]!, weights);
  return (await finiteDifferenceErrors({ f, feeds, scale }, claims)).map(({ error, noise, conclusive }) => ({
    error,
    found: !conclusive ? 'noise' : error <= TOLERANCES.finiteDifference ? 'agrees' : 'apart',
    noise,
  }));
}
