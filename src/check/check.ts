// check: does what the engines compute match onnxruntime on the original file, forward and backward?
import type { EngineInfo } from '../engine/engine.js';
import { originOf } from '../model/origins.js';
import { encodeModel } from '../onnx/codec.js';
import { label, openContext, type CheckOptions, type Sample, type CheckContext } from './context.js';
import { differentiableOf, type Differentiable } from './differentiable.js';
import { FRESH, checkGradients, type GradientAgreement } from './gradients.js';
import { compareNodes, type Divergence } from './intermediates.js';
import { checkOutputs, type OutputAgreement } from './outputs.js';
import { cutFailing, MOST_NODES, writeCut, type Bisected, type Cut } from './smallest-failure.js';
import type { Verdict } from './verdict.js';
import { findWrongGradient, type WrongGradient } from './wrong-gradient.js';

export type { CheckInput } from './inputs.js';
export { TOLERANCES } from './tolerances.js';
export type { CheckOptions, Bisected, WrongGradient, Divergence, GradientAgreement, OutputAgreement };

/** With `nodes`: per engine the number of values compared, and the first that diverges, if any. */
export interface NodesAgreement {
  readonly engine: string;
  readonly compared: number;
  readonly first?: Divergence;
}

/** What a check found. `agrees` is the verdict; everything else says on what it stands. */
export interface CheckResult {
  readonly model: string;
  readonly sha256: string;
  /** Nothing disagrees. */
  readonly agrees: boolean;
  /** 'inconclusive' where nothing disagrees and float32 noise or bends hid a gradient from comparison; `gradients` say which and why. */
  readonly verdict: Verdict;
  /** How many of the inputs were random. */
  readonly samples: number;
  /** All of them: files, `random 1`, edge cases by name. */
  readonly inputs: readonly Pick<Sample, 'name' | 'kind'>[];
  readonly tolerance: number;
  readonly seed: number;
  readonly engines: readonly EngineInfo[];
  readonly outputs: readonly OutputAgreement[];
  readonly gradients: readonly GradientAgreement[];
  readonly nodes: readonly NodesAgreement[];
  /** Where gradients disagree: the op whose gradient is wrong by itself, if there is one. */
  readonly blame?: WrongGradient;
  /** With `bisect`, where something disagrees: what was written. */
  readonly bisected?: Bisected;
  /** What was not checked or found, and why. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/**
 * Runs the model's canonical graph on the engines and compares with onnxruntime on the original, untouched bytes, on seeded random inputs or
 * given ones; then the engines' gradients with each other and with central differences of the original: by the float inputs, or at the value `at`,
 * by default the first float value downstream of integers. `engine` limits the check to one engine.
 * Throws LanError for an unsound file or an input that does not fit, LanErrors for unsupported ops; a disagreement is a result
 * (`agrees: false`), not an error.
 */
export async function check(from: string | Uint8Array, options: CheckOptions = {}): Promise<CheckResult> {
  const start = performance.now();
  const context = await openContext(from, options);
  try {
    const outputs = await checkOutputs(context);
    const stop = context.failFast && outputs.some((o) => !o.ok);
    const part = options.gradients !== false && !stop ? await differentiableOf(context) : undefined;
    const compared = part ? await checkGradients(context, part) : [];
    // Nothing asks the reference again: what follows may have its memory.
    await context.dispose();
    const nodes = options.nodes || options.bisect !== undefined ? await checkNodes(context, outputs) : [];
    const doubtful = compared.some((g) => g.verdict !== 'agrees' && !g.noValue) && options.blame !== false;
    const { wrong: culprit, gradients } =
      part && doubtful ? await opByOp(context, part, compared, outputs) : { wrong: undefined, gradients: compared };
    const agrees = outputs.every((o) => o.ok) && gradients.every((g) => g.ok) && nodes.every((n) => !n.first);
    const bisected =
      options.bisect !== undefined && !agrees ? await bisect(context, options, outputs, nodes, culprit) : undefined;
    return {
      model: context.source.name,
      sha256: context.source.sha256,
      agrees,
      verdict: !agrees ? 'disagrees' : gradients.some((g) => g.verdict === 'inconclusive') ? 'inconclusive' : 'agrees',
      samples: context.samples.filter((s) => s.kind === 'random').length,
      inputs: context.samples.map(({ name, kind }) => ({ name, kind })),
      tolerance: context.tolerance,
      seed: context.seed,
      engines: context.engines.map((e) => e.info),
      outputs,
      gradients,
      nodes,
      ...(culprit ? { blame: culprit } : {}),
      ...(bisected ? { bisected } : {}),
      notes: context.notes,
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await context.dispose();
  }
}

/** Where an engine's outputs are worst, if they are wrong at all; else the first input. */
function worstSample({ samples }: CheckContext, outputs: readonly OutputAgreement[], engine?: string): Sample {
  const wrong = outputs.find((o) => !o.ok && (engine === undefined || o.engine === engine));
  return samples.find((s) => s.name === wrong?.input) ?? samples[0]!;
}

async function checkNodes(context: CheckContext, outputs: readonly OutputAgreement[]): Promise<NodesAgreement[]> {
  const { reference, graph, tolerance, onProgress } = context;
  const nodes: NodesAgreement[] = [];
  for (const engine of context.engines) {
    onProgress(`values, ${label(engine)}`);
    const { feeds } = worstSample(context, outputs, label(engine));
    nodes.push({ engine: label(engine), ...(await compareNodes(reference.model, graph, engine, feeds, tolerance)) });
  }
  return nodes;
}

/**
 * Where the gradients of the whole are in doubt, those of each op by itself decide: there no bend hides an error, and no other op explains one.
 * Two engines that differ while each agrees with central differences, and no op is wrong by itself, stand on two sides of a bend.
 */
async function opByOp(
  context: CheckContext,
  part: Differentiable,
  compared: readonly GradientAgreement[],
  outputs: readonly OutputAgreement[],
): Promise<{ readonly wrong?: WrongGradient; readonly gradients: readonly GradientAgreement[] }> {
  context.onProgress('gradient of each op');
  const ofEngines = (g: GradientAgreement): boolean => g.cosine !== undefined;
  const apart = compared.some((g) => g.verdict !== 'agrees' && ofEngines(g));
  const lost = (g: GradientAgreement): boolean => g.maxError === Infinity || Number.isNaN(g.cosine);
  let { wrong, notFinite } = await findWrongGradient(context, part, apart);
  // What is no number at one input may be one at another.
  for (const sample of compared.some(lost) ? [...part.samples.slice(1), ...(await part.fresh(FRESH))] : [])
    if (!wrong && notFinite === undefined) ({ wrong, notFinite } = await findWrongGradient(context, part, apart, sample));
  if (wrong) {
    const worse = (g: GradientAgreement): GradientAgreement =>
      g.verdict === 'agrees' ? g : { ...g, verdict: 'disagrees', ok: false };
    return { wrong, gradients: compared.map(worse) };
  }
  const hidden =
    (reason: string) =>
    (g: GradientAgreement): GradientAgreement =>
      g.verdict === 'agrees'
        ? g
        : { ...g, verdict: 'inconclusive', reason: `${g.reason ? `${g.reason}; ` : ''}${reason}`, ok: true };
  if (notFinite !== undefined)
    return {
      gradients: compared.map((g) =>
        lost(g) ? hidden(`it is infinite or NaN from ${notFinite} on, in every engine alike`)(g) : g,
      ),
    };
  const bend = compared.every((g) => g.verdict !== 'disagrees' || ofEngines(g));
  if (bend) return { gradients: compared.map(hidden("each op's gradient is right by itself")) };
  // Where the outputs are wrong already, that is why.
  if (outputs.every((o) => o.ok)) context.notes.push("no single op's gradient is wrong by itself at the first input");
  return { gradients: compared };
}

/** Cuts at the first value that diverges, else at the op whose gradient is wrong, and writes the piece. */
async function bisect(
  context: CheckContext,
  options: CheckOptions,
  outputs: readonly OutputAgreement[],
  nodes: readonly NodesAgreement[],
  culprit: WrongGradient | undefined,
): Promise<Bisected | undefined> {
  context.onProgress('bisecting');
  const diverged = nodes.find((n) => n.first);
  const value = diverged?.first!.value ?? (culprit && originOf(context.source.model, context.graph, culprit.value));
  if (value === undefined) {
    context.notes.push('nothing was cut: no single node is to blame');
    return undefined;
  }
  const { feeds } = diverged ? worstSample(context, outputs, diverged.engine) : context.samples.find((s) => s.kind !== 'edge')!;
  const { engine, backend, threads, adapters, seed } = options;
  const fails = async (cut: Cut): Promise<boolean> => {
    const given = { feeds: Object.fromEntries(cut.inputs.map((i) => [i.name, i.tensor])) };
    const same = { engine, backend, threads, adapters, seed, tolerance: options.tolerance, gradients: !diverged };
    return !(await check(encodeModel(cut.model), { ...same, inputs: [given] })).agrees;
  };
  const cut = await cutFailing(context, value, feeds, fails);
  if (cut) return writeCut(options.bisect!, cut);
  context.notes.push(
    `nothing was cut: no piece of up to ${MOST_NODES} nodes that ends in '${value}' fails by itself, the difference builds up over more`,
  );
  return undefined;
}
