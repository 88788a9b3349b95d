// checkAgreement: does what the engines compute match onnxruntime on the original file, forward and backward?
import { adapters as builtIn } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { isQuantised, withoutRounding } from '../compile/carried.js';
import { rewrite } from '../compile/canonicalize.js';
import { blockedBy } from '../compile/differentiate.js';
import { specialize } from '../compile/specialize.js';
import { computedIn, widen } from '../compile/widen.js';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine, type EngineInfo } from '../engine/engine.js';
import { createOrtEngine, dialectModel, openSession, probe, type OrtProgram } from '../engine/ort.js';
import { createTfEngine } from '../engine/tf.js';
import { encodeModel } from '../onnx/codec.js';
import type { Graph } from '../onnx/graph.js';
import { mergeCards, readCard } from './card.js';
import { cosine, difference, topAgreement } from './compare.js';
import { labelNotes } from './labels.js';
import { compareNodes, type Divergence } from './nodes.js';
import { missingRules, type OpenOptions } from './open.js';
import { openReference, representable } from './reference.js';
import { randomFeeds } from './samples.js';
import { COTANGENT, OBJECTIVE, objectiveOf, slopeError, type Objective } from './slope.js';
import { readModel, type ModelSource } from './source.js';

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

const HALF_NOTE =
  'The model computes in float16. Outputs are compared with it as it is; central differences are taken of its float32 form, float16 being too coarse for them.';

const QUANTISED_NOTE =
  'The model is quantised, a staircase of its input, and its gradient straight-through: as if nothing was rounded, and zero where a number saturates. Central differences are taken of its float32 form without the rounding.';

export interface AgreementOptions extends OpenOptions {
  /** Random inputs per model. Default 2. */
  readonly samples?: number;
  /** Of the forward pass, relative to the largest reference value. Default 1e-4; 5e-3 where the file computes in float16, 2e-2 where it is quantised. */
  readonly tolerance?: number;
  readonly seed?: number;
  /** Compare gradients as well. Default true. */
  readonly gradients?: boolean;
  /** Compare every intermediate value with onnxruntime and find the first that diverges. Default false. */
  readonly nodes?: boolean;
  /** Stop at the first disagreement. */
  readonly failFast?: boolean;
  /** Told before each piece of work, in a few words. */
  readonly onProgress?: (doing: string) => void;
}

export interface OutputAgreement {
  readonly engine: string;
  readonly output: string;
  /** Worst of the samples: max|value - reference| / max|reference|. */
  readonly maxError: number;
  /** Share of elements within tolerance, of the worst sample. */
  readonly matchFraction: number;
  /** Share of rows with the same largest element; undefined where the output has no rows of two or more. */
  readonly top1?: number;
  readonly ok: boolean;
}

export interface GradientAgreement {
  /** What is compared: `tfjs against onnxruntime`, or `tfjs against central differences`. */
  readonly what: string;
  readonly output: string;
  /** Worst of the samples; of engines max|a-b| / max|b|, of differences the relative error of the slope. */
  readonly maxError: number;
  readonly cosine?: number;
  readonly ok: boolean;
}

export interface Agreement {
  readonly model: string;
  readonly sha256: string;
  readonly agrees: boolean;
  readonly samples: number;
  readonly tolerance: number;
  readonly seed: number;
  readonly engines: readonly EngineInfo[];
  readonly outputs: readonly OutputAgreement[];
  readonly gradients: readonly GradientAgreement[];
  /** With `nodes`: per engine the number of values compared, and the first that diverges, if any. */
  readonly nodes: readonly { readonly engine: string; readonly compared: number; readonly first?: Divergence }[];
  /** What was not checked, and why. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

interface Subject {
  readonly source: ModelSource;
  readonly graph: Graph;
  /** The graph whose slope is the gradient: of a quantised file, its graph without the rounding. */
  readonly smooth: Graph;
  /** What central differences are taken of. */
  readonly slopes: OrtProgram;
  readonly engines: readonly Engine[];
  readonly adapters: readonly OpAdapter[];
  readonly samples: readonly { feeds: Record<string, Tensor>; expected: Record<string, Tensor> }[];
  readonly options: Required<Pick<AgreementOptions, 'tolerance' | 'seed' | 'failFast' | 'onProgress'>>;
  readonly notes: string[];
}

/**
 * Runs the model's canonical graph on the engines and compares with onnxruntime on the original, untouched bytes, on seeded random inputs;
 * then the engines' gradients with each other and with central differences of the original. `engine` limits the check to one engine.
 * Throws LanError for an unsound file, LanErrors for unsupported ops; a disagreement is a result (`agrees: false`), not an error.
 */
export async function checkAgreement(from: string | Uint8Array, options: AgreementOptions = {}): Promise<Agreement> {
  const start = performance.now();
  const { samples = 2, seed = 0, failFast = false, onProgress = () => undefined } = options;
  if (!(Number.isInteger(samples) && samples > 0))
    throw new LanError(`--samples must be a whole number above 0, received ${samples}.`);
  if (!((options.tolerance ?? 0) >= 0))
    throw new LanError(`--tolerance must be a number of at least 0, received ${options.tolerance}.`);
  onProgress('reading');
  const source = await readModel(from);
  const adapters = options.adapters ?? builtIn;
  const rewritten = rewrite(source.model, adapters);
  const canonical = widen(rewritten);
  const graph = await specialize(canonical, options.shapes ?? {}, probe, adapters);
  const notes = labelNotes(source.model, canonical);
  const engines = await chooseEngines(options, adapters);
  const card = mergeCards(source.card, typeof options.card === 'string' ? readCard(options.card) : options.card).input;
  const session = { threads: options.threads };
  const { program: reference, model, refused } = await openReference(source, canonical, session);
  if (refused)
    notes.push(`${refused} The reference is its canonical form in onnxruntime, so the canonicalisation itself is not checked.`);
  const half = !refused && computedIn(rewritten).has('float16');
  const quantised = isQuantised(graph);
  const tolerance = options.tolerance ?? (quantised ? TOLERANCES.quantised : half ? TOLERANCES.half : TOLERANCES.forward);
  if (quantised) notes.push(QUANTISED_NOTE);
  else if (half) notes.push(HALF_NOTE);
  const smooth = quantised ? withoutRounding(graph) : graph;
  let slopes = reference;
  try {
    if (half || quantised) slopes = await openSession(encodeModel(dialectModel(quantised ? smooth : canonical)), session);
    onProgress('reference');
    const drawn: Subject['samples'][number][] = [];
    for (let i = 0; i < samples; i++) {
      const feeds = representable(randomFeeds(graph, i, seed, card), source.model);
      const wanted = comparable(graph, notes, i === 0);
      drawn.push({ feeds, expected: await reference.run(feeds, wanted) });
    }
    const subject: Subject = {
      source,
      graph,
      smooth,
      slopes,
      engines,
      adapters,
      samples: drawn,
      options: { tolerance, seed, failFast, onProgress },
      notes,
    };
    const outputs = await checkOutputs(subject);
    const stop = (): boolean => failFast && outputs.some((o) => !o.ok);
    const gradients = options.gradients !== false && !stop() ? await checkGradients(subject) : [];
    const nodes: { engine: string; compared: number; first?: Divergence }[] = [];
    for (const engine of options.nodes ? engines : []) {
      onProgress(`values, ${label(engine)}`);
      nodes.push({ engine: label(engine), ...(await compareNodes(model, graph, engine, drawn[0]!.feeds, tolerance)) });
    }
    const agrees = outputs.every((o) => o.ok) && gradients.every((g) => g.ok) && nodes.every((n) => !n.first);
    const seconds = (performance.now() - start) / 1000;
    const infos = engines.map((e) => e.info);
    return {
      model: source.name,
      sha256: source.sha256,
      agrees,
      samples,
      tolerance,
      seed,
      engines: infos,
      outputs,
      gradients,
      nodes,
      notes,
      seconds,
    };
  } finally {
    await reference.dispose();
    if (slopes !== reference) await slopes.dispose();
  }
}

/** How results name an engine. */
const label = (engine: Engine): string => (engine.info.name === 'tfjs' ? `tfjs (${engine.info.backend})` : engine.info.name);

async function chooseEngines(options: AgreementOptions, adapters: readonly OpAdapter[]): Promise<Engine[]> {
  const wanted = options.engine ?? 'auto';
  const engines: Engine[] = [];
  const { backend, threads } = options;
  if (wanted !== 'tfjs') {
    const own = wanted === 'onnxruntime' && backend ? { providers: [backend] } : {};
    engines.push(createOrtEngine(adapters, { threads, ...own }));
  }
  if (wanted !== 'onnxruntime') engines.push(await createTfEngine(adapters, { backend }));
  return engines;
}

/** Outputs that can be compared: numbers. */
function comparable(graph: Graph, notes: string[], first: boolean): string[] {
  const numeric = graph.outputs.filter((o) => o.type !== undefined && o.type !== 'string');
  const left = graph.outputs.filter((o) => !numeric.includes(o));
  if (first && left.length > 0)
    notes.push(`not compared, since not numbers: ${left.map((o) => `output '${o.name}'`).join(', ')}`);
  if (numeric.length === 0) throw new LanError('The model has no numeric output to compare.');
  return numeric.map((o) => o.name);
}

async function checkOutputs({ graph, engines, samples, options }: Subject): Promise<OutputAgreement[]> {
  const rows: OutputAgreement[] = [];
  for (const engine of engines) {
    options.onProgress(`outputs, ${label(engine)}`);
    const program = await engine.compile(graph);
    const worst = new Map<string, OutputAgreement>();
    for (const { feeds, expected } of samples) {
      const results = await program.run(feeds);
      for (const [output, reference] of Object.entries(expected)) {
        const { maxError, matchFraction } = difference(results[output]!, reference, options.tolerance);
        const top1 = topAgreement(results[output]!, reference);
        const known = worst.get(output);
        const row = {
          engine: label(engine),
          output,
          maxError: Math.max(maxError, known?.maxError ?? 0),
          matchFraction: Math.min(matchFraction, known?.matchFraction ?? 1),
          ...(top1 === undefined ? {} : { top1: top1 / samples.length + (known?.top1 ?? 0) }),
        };
        worst.set(output, { ...row, ok: row.maxError <= options.tolerance });
      }
    }
    await program.dispose();
    rows.push(...worst.values());
    if (options.failFast && rows.some((r) => !r.ok)) break;
  }
  return rows;
}

async function checkGradients(subject: Subject): Promise<GradientAgreement[]> {
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
