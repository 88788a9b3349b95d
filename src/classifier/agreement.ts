// checkAgreement: does what the engines compute match onnxruntime on the original file, forward and backward?
import { adapters as builtIn } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { isQuantised, withoutRounding } from '../compile/carried.js';
import { rewrite } from '../compile/canonicalize.js';
import { specialize } from '../compile/specialize.js';
import { computedIn, widen } from '../compile/widen.js';
import { LanError } from '../core/errors.js';
import type { Engine, EngineInfo } from '../engine/engine.js';
import { createOrtEngine, dialectModel, openSession, probe } from '../engine/ort.js';
import { createTfEngine } from '../engine/tf.js';
import { encodeModel } from '../onnx/codec.js';
import type { Graph } from '../onnx/graph.js';
import { checkGradients, label, TOLERANCES, type GradientAgreement, type Subject } from './agreement-gradients.js';
import { mergeCards, readCard } from './card.js';
import { difference, topAgreement } from './compare.js';
import { labelNotes } from './labels.js';
import { compareNodes, type Divergence } from './nodes.js';
import type { OpenOptions } from './open.js';
import { openReference, representable } from './reference.js';
import { randomFeeds } from './samples.js';
import { readModel } from './source.js';

export { TOLERANCES, type GradientAgreement };

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
