// checkAgreement: does what the engines compute match onnxruntime on the original file, forward and backward?
import type { EngineInfo } from '../engine/engine.js';
import { originOf } from '../model/origins.js';
import { encodeModel } from '../onnx/codec.js';
import { label, openContext, type CheckOptions, type Sample, type CheckContext } from './context.js';
import { differentiableOf, type Differentiable } from './differentiable.js';
import { checkGradients, type GradientAgreement } from './gradients.js';
import { compareNodes, type Divergence } from './intermediates.js';
import { checkOutputs, type OutputAgreement } from './outputs.js';
import { cutFailing, MOST_NODES, writeCut, type Bisected, type Cut } from './smallest-failure.js';
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
  readonly agrees: boolean;
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
 * by default the first of floats behind integers. `engine` limits the check to one engine.
 * Throws LanError for an unsound file or an input that does not fit, LanErrors for unsupported ops; a disagreement is a result
 * (`agrees: false`), not an error.
 */
export async function check(from: string | Uint8Array, options: CheckOptions = {}): Promise<CheckResult> {
  const start = performance.now();
  const subject = await openContext(from, options);
  try {
    const outputs = await checkOutputs(subject);
    const stop = subject.failFast && outputs.some((o) => !o.ok);
    const part = options.gradients !== false && !stop ? await differentiableOf(subject) : undefined;
    const gradients = part ? await checkGradients(subject, part) : [];
    // Nothing asks the reference again: what follows may have its memory.
    await subject.dispose();
    const wrong = gradients.filter((g) => !g.ok);
    const nodes = options.nodes || options.bisect !== undefined ? await checkNodes(subject, outputs) : [];
    const agrees = outputs.every((o) => o.ok) && wrong.length === 0 && nodes.every((n) => !n.first);
    const culprit =
      part && wrong.length > 0 && options.blame !== false ? await findCulprit(subject, part, gradients, outputs) : undefined;
    const bisected =
      options.bisect !== undefined && !agrees ? await bisect(subject, options, outputs, nodes, culprit) : undefined;
    return {
      model: subject.source.name,
      sha256: subject.source.sha256,
      agrees,
      samples: subject.samples.filter((s) => s.kind === 'random').length,
      inputs: subject.samples.map(({ name, kind }) => ({ name, kind })),
      tolerance: subject.tolerance,
      seed: subject.seed,
      engines: subject.engines.map((e) => e.info),
      outputs,
      gradients,
      nodes,
      ...(culprit ? { blame: culprit } : {}),
      ...(bisected ? { bisected } : {}),
      notes: subject.notes,
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await subject.dispose();
  }
}

/** Where an engine's outputs are worst, if they are wrong at all; else the first input. */
function worstSample({ samples }: CheckContext, outputs: readonly OutputAgreement[], engine?: string): Sample {
  const wrong = outputs.find((o) => !o.ok && (engine === undefined || o.engine === engine));
  return samples.find((s) => s.name === wrong?.input) ?? samples[0]!;
}

async function checkNodes(subject: CheckContext, outputs: readonly OutputAgreement[]): Promise<NodesAgreement[]> {
  const { reference, graph, tolerance, onProgress } = subject;
  const nodes: NodesAgreement[] = [];
  for (const engine of subject.engines) {
    onProgress(`values, ${label(engine)}`);
    const { feeds } = worstSample(subject, outputs, label(engine));
    nodes.push({ engine: label(engine), ...(await compareNodes(reference.model, graph, engine, feeds, tolerance)) });
  }
  return nodes;
}

async function findCulprit(
  subject: CheckContext,
  part: Differentiable,
  gradients: readonly GradientAgreement[],
  outputs: readonly OutputAgreement[],
): Promise<WrongGradient | undefined> {
  subject.onProgress('gradient of each op');
  const apart = gradients.some((g) => !g.ok && g.cosine !== undefined);
  const found = await findWrongGradient(subject, part, apart);
  // Where the outputs are wrong already, that is why.
  if (found || outputs.some((o) => !o.ok)) return found;
  const kink = gradients.every((g) => g.ok || g.cosine !== undefined)
    ? ', and each engine agrees with central differences: an activation may lie on the bend of a ReLU or the tie of a pool. Try another --seed'
    : '';
  subject.notes.push(`no single op's gradient is wrong by itself at the first input${kink}`);
  return undefined;
}

/** Cuts at the first value that diverges, else at the op whose gradient is wrong, and writes the piece. */
async function bisect(
  subject: CheckContext,
  options: CheckOptions,
  outputs: readonly OutputAgreement[],
  nodes: readonly NodesAgreement[],
  culprit: WrongGradient | undefined,
): Promise<Bisected | undefined> {
  subject.onProgress('bisecting');
  const diverged = nodes.find((n) => n.first);
  const value = diverged?.first!.value ?? (culprit && originOf(subject.source.model, subject.graph, culprit.value));
  if (value === undefined) {
    subject.notes.push('nothing was cut: no single node is to blame');
    return undefined;
  }
  const { feeds } = diverged ? worstSample(subject, outputs, diverged.engine) : subject.samples.find((s) => s.kind !== 'edge')!;
  const { engine, backend, threads, adapters, seed } = options;
  const fails = async (cut: Cut): Promise<boolean> => {
    const given = { feeds: Object.fromEntries(cut.inputs.map((i) => [i.name, i.tensor])) };
    const same = { engine, backend, threads, adapters, seed, tolerance: options.tolerance, gradients: !diverged };
    return !(await check(encodeModel(cut.model), { ...same, inputs: [given] })).agrees;
  };
  const cut = await cutFailing(subject, value, feeds, fails);
  if (cut) return writeCut(options.bisect!, cut);
  subject.notes.push(
    `nothing was cut: no piece of up to ${MOST_NODES} nodes that ends in '${value}' fails by itself, the difference builds up over more`,
  );
  return undefined;
}
