// What a check looks at: a model's static graph, the engines, the reference, and inputs with what the reference gives there.
import type { OpAdapter } from '../../adapters/op.js';
import { LanError } from '../core/errors.js';
import type { Engine } from '../engine/engine.js';
import type { OrtOptions } from '../engine/ort.js';
import type { PartialCard } from '../model/card.js';
import { allEngines } from '../model/engine-choice.js';
import { gradientHookPoint, namedIn, type GradientHookPoint } from '../model/hook-point.js';
import type { OpenOptions } from '../model/open.js';
import { withTokens } from '../model/open-tokens.js';
import { prepare, type PreparedModel } from '../model/prepare.js';
import type { Reference } from '../model/reference.js';
import { chosenOutput, explainedInput } from '../model/selection.js';
import { readModel, type ModelSource } from '../model/source.js';
import { tryUnlessTrusted } from '../model/trial.js';
import type { Graph } from '../onnx/graph.js';
import { openAndRun } from './expected.js';
import type { CheckInput } from './inputs.js';
import { drawInputs, freshInputs, type Sample } from './samples.js';
import { TOLERANCES } from './tolerances.js';

const HALF_NOTE =
  'The model computes in float16. Outputs are compared with it as it is; central differences are taken of its float32 form, float16 being too coarse for them.';

const QUANTISED_NOTE =
  'The model is quantised, a staircase of its input, and its gradient straight-through: as if nothing was rounded, and zero where a number saturates. Central differences are taken of its float32 form without the rounding.';

/** What a check looks at and how strictly; options of opening as in openModel. */
export interface CheckOptions extends OpenOptions {
  /** Random inputs per model. Default 2; 0 where other inputs are given. */
  readonly samples?: number;
  /** Further inputs: pictures, arrays, tensors. */
  readonly inputs?: readonly CheckInput[];
  /** Also compare the outputs, not the gradients, at the edges: zeros, ends of the range, a single element, a checkerboard. Default false. */
  readonly edgeCases?: boolean;
  /** Of the forward pass, relative to the largest reference value. Default 1e-4; 5e-3 where the file computes in float16, 2e-2 where it is quantised. */
  readonly tolerance?: number;
  readonly seed?: number;
  /** Compare gradients as well. Default true. */
  readonly gradients?: boolean;
  /** Where gradients disagree, look for the op whose gradient is wrong by itself. Default true; takes as long as the check, or longer. */
  readonly blame?: boolean;
  /** Compare every intermediate value with onnxruntime and find the first that diverges. Default false. */
  readonly nodes?: boolean;
  /**
   * Where something disagrees, write the smallest sub-model that does to this path, and its inputs and outputs to `test_data_set_0` beside it.
   * Implies `nodes`.
   */
  readonly bisect?: string;
  /** Stop at the first disagreement. */
  readonly failFast?: boolean;
  /** Told before each piece of work, in a few words. */
  readonly onProgress?: (doing: string) => void;
  /** After an abort no further piece of work is begun: the check rejects with LanError 'interrupted'. */
  readonly signal?: AbortSignal;
}

export type { Sample };

/** All that the parts of a check share, as `openContext` makes it. Whoever opens it disposes it. */
export interface CheckContext {
  readonly source: ModelSource;
  readonly reference: Reference;
  /** The model in the dialect, shapes open. */
  readonly canonical: Graph;
  /** The same with its shapes bound and all floats float32: what the engines run. */
  readonly graph: Graph;
  /** What the file computes in. Central differences need float32: of any other, they are taken of the canonical form. */
  readonly precision: 'float32' | 'float16' | 'quantised';
  /** The output whose gradients are compared. */
  readonly output?: string;
  /** The input by which they are, where the caller named one; else all of floats. */
  readonly input?: string;
  /** The value inside at which they are, where not by the inputs. */
  readonly hookPoint?: GradientHookPoint;
  readonly card: PartialCard;
  readonly engines: readonly Engine[];
  readonly adapters: readonly OpAdapter[];
  readonly samples: readonly Sample[];
  /** As many more inputs: further random ones, or, where none was random, those given with 1 % of noise. */
  fresh(count: number): Promise<readonly Sample[]>;
  /** Of the forward pass, relative to the largest reference value. */
  readonly tolerance: number;
  readonly seed: number;
  readonly failFast: boolean;
  readonly onProgress: (doing: string) => void;
  /** What was not checked, and why; every part of the check adds to it. */
  readonly notes: string[];
  /** How the reference is opened. */
  readonly session: OrtOptions;
  /** Closes the reference; more than once does no harm. */
  dispose(): Promise<void>;
}

/** How results name an engine. */
export const label = (engine: Engine): string =>
  engine.info.name === 'tfjs' ? `tfjs (${engine.info.backend})` : engine.info.name;

/**
 * Reads and compiles the model, and runs the reference on every input. Throws LanError for an unsound file, an input that does not fit or an
 * option out of range, LanErrors for unsupported ops.
 */
export async function openContext(from: string | Uint8Array, asked: CheckOptions): Promise<CheckContext> {
  const { inputs = [], edgeCases = false, seed = 0 } = asked;
  const onProgress = (doing: string): void => {
    if (asked.signal?.aborted) throw new LanError('interrupted', `The check was stopped before this was done: ${doing}.`);
    asked.onProgress?.(doing);
  };
  const samples = asked.samples ?? (inputs.length > 0 ? 0 : 2);
  const least = inputs.length > 0 || edgeCases ? 0 : 1;
  if (!(Number.isInteger(samples) && samples >= least))
    throw new LanError(
      'usage',
      least === 1
        ? `\`samples\` must be a whole number above 0, received ${samples}.`
        : `\`samples\` must be a whole number of at least 0, received ${samples}.`,
    );
  if (!((asked.tolerance ?? 0) >= 0))
    throw new LanError('usage', `\`tolerance\` must be a number of at least 0, received ${asked.tolerance}.`);
  onProgress('reading');
  const source = await readModel(from, asked);
  // The trial is of the same shapes.
  const prepareTried = async (options: CheckOptions): Promise<PreparedModel> => {
    await tryUnlessTrusted(source, from, 'run', { ...options, inputs: undefined });
    onProgress('compiling');
    return prepare(source, options);
  };
  const {
    made: prepared,
    options,
    notes: taken,
  } = inputs.length > 0
    ? { made: await prepareTried(asked), options: asked, notes: [] }
    : await withTokens(source, asked, prepareTried);
  const { adapters, canonical, graph, card, notes } = prepared;
  notes.push(...taken);
  const chosen = explainedInput(graph.inputs, options.input, source.name)?.name;
  const output = chosenOutput(graph.outputs, options.output, source.name)?.name;
  const wanted = comparable(graph, notes);
  const hookPoint = output === undefined ? undefined : gradientHookPoint(graph, output, options, namedIn(source.model), source.name); // prettier-ignore
  const engines = await allEngines(options, adapters);
  const session = { threads: options.threads };
  onProgress('reference');
  const drawn = await drawInputs(prepared, { ...options, samples }, chosen);
  notes.push(...new Set(drawn.flatMap((d) => d.notes ?? [])));
  const { reference, known, open } = await openAndRun(prepared, drawn, wanted, session);
  const { refused } = reference;
  if (refused)
    notes.push(`${refused} The reference is its canonical form in onnxruntime, so the canonicalisation itself is not checked.`);
  const half = !refused && prepared.precision === 'float16';
  const quantised = prepared.precision === 'quantised';
  if (quantised) notes.push(QUANTISED_NOTE);
  else if (half) notes.push(HALF_NOTE);
  // Nothing asks the whole file again, but for fresh inputs: the engines may have its memory.
  if (options.gradients === false || hookPoint || half || quantised) await open.close();
  return {
    source,
    reference,
    canonical,
    graph,
    precision: quantised ? 'quantised' : half ? 'float16' : 'float32',
    output,
    input: options.input,
    hookPoint,
    card,
    engines,
    adapters,
    samples: known,
    fresh: (count) => open.run(freshInputs(prepared, drawn, count, seed)),
    tolerance: options.tolerance ?? (quantised ? TOLERANCES.quantised : half ? TOLERANCES.half : TOLERANCES.forward),
    seed,
    failFast: options.failFast ?? false,
    onProgress,
    notes,
    session,
    dispose: () => open.close(),
  };
}

/** Outputs that can be compared: numbers. */
function comparable(graph: Graph, notes: string[]): string[] {
  const numeric = graph.outputs.filter((o) => o.type !== undefined && o.type !== 'string');
  const left = graph.outputs.filter((o) => !numeric.includes(o));
  if (left.length > 0) notes.push(`not compared, since not numbers: ${left.map((o) => `output '${o.name}'`).join(', ')}`);
  if (numeric.length === 0) throw new LanError('usage', 'The model has no numeric output to compare.');
  return numeric.map((o) => o.name);
}
