// openModel: an ONNX file with its card and an engine behind one small interface.
import { downstreamOf } from '../compile/cut.js';
import { LanError } from '../core/errors.js';
import { isFloat, sizeOf, toFloat32 } from '../core/tensor.js';
import type { OrtProgram } from '../engine/ort.js';
import type { Graph } from '../onnx/graph.js';
import { readCard, type OutputKind } from './card.js';
import type { Classifier } from './classifier.js';
import { columnName } from './columns.js';
import { assumedFields } from './conventions.js';
import { softmaxSpan } from './answers.js';
import { chooseEngine, type EngineOptions } from './engine-choice.js';
import { chooseHookPoint, namedIn, hookPointNotes } from './hook-point.js';
import { OnnxClassifier } from './onnx-classifier.js';
import { labelsByDefault } from './labels-inside.js';
import { labelsBeside } from './labels-file.js';
import { lastOp } from './output-end.js';
import { labelCount, prepare, type PrepareOptions } from './prepare.js';
import { guessOutputKind } from './probabilities.js';
import { randomFeeds } from './random-inputs.js';
import { openCutReference, openReferenceLater } from './reference.js';
import { selectValues } from './score-output.js';
import { readModel } from './source.js';
import { Steps } from './steps.js';
import { tryUnlessTrusted, type TrustOptions } from './trial.js';
import { isFraction, rangeOf } from './value-range.js';

/** What a model is opened with: how its shapes are bound, what is explained of it, and which engine differentiates. */
export interface OpenOptions extends PrepareOptions, EngineOptions, TrustOptions {
  /** After an abort no further piece of work is begun: a call that has no result yet rejects with LanError 'interrupted'. */
  readonly signal?: AbortSignal;
}

/** Throws LanError (`interrupted`) after an abort, naming what is not done any more. */
export function refuseAborted(signal: AbortSignal | undefined, name: string, doing: string): void {
  if (signal?.aborted) throw new LanError('interrupted', `${name}: stopped before this was done: ${doing}.`);
}

/** Bytes of files that are asked at opening whether their samples are independent. */
const ASKED_AT_ONCE = 2 ** 26;

/**
 * Opens a classifier. Throws LanError when the file is unsound or a shape is missing, LanErrors with all ops that no adapter supports.
 * A model that onnxruntime itself refuses (opset below 7) is run in its canonical form, and a note says so.
 *
 * @example
 * const model = await openModel('model.onnx', { card: 'model.card.json', shapes: { image: [1, 3, 224, 224] } });
 * const { outputs, gradients } = await model.vjp(feeds, { logits: cotangent });
 * await model.dispose();
 */
export async function openModel(from: string | Uint8Array, options: OpenOptions = {}): Promise<Classifier> {
  const goOn = (doing: string, name = typeof from === 'string' ? from : 'model'): void =>
    refuseAborted(options.signal, name, doing);
  goOn('reading');
  const source = await readModel(from, options);
  goOn('the trial');
  await tryUnlessTrusted(source, from, 'run', { ...options });
  goOn('compiling');
  const prepared = await prepare(source, options, { gradients: true });
  const { adapters, canonical, graph, card, feeds, integers, notes } = prepared;
  const selected = selectValues(graph, options, labelCount(card), source.name);
  if (!selected)
    throw new LanError(
      'input',
      `${source.name}: has no input of numbers with an output of floats; its inputs are ${typed(graph.inputs)}, its outputs ${typed(graph.outputs)}.`,
    );
  const { input, output } = selected;
  notes.push(...selected.notes);
  const hookPoint = chooseHookPoint(graph, input, output.name, options.at, namedIn(source.model), source.name);
  if (hookPoint) notes.push(...hookPointNotes(hookPoint, input.name, options.at));
  const explained = hookPoint
    ? downstreamOf(graph, hookPoint.name, { type: 'float32', dims: hookPoint.dims }, [output.name])
    : graph;
  goOn('the engine');
  const { plugins = [] } = options;
  // Between two categories or whole numbers there is nothing that a gradient could lead through.
  const stepped = source.columns?.flatMap((c, i) => (c.whole ? [columnName(c, i)] : [])) ?? [];
  const forward = options.engine === 'forward' || (stepped.length > 0 && (options.engine ?? 'auto') === 'auto');
  if (forward && options.engine !== 'forward')
    notes.push(`columns of whole numbers or categories have no gradient: ${stepped.join(', ')}`);
  const steps = new Steps(plugins);
  steps.require(card.input);
  const { engine, note } = await chooseEngine(forward ? { ...options, engine: 'forward' } : options, adapters, explained, (n) =>
    notes.push(n),
  );
  if (note) notes.push(note);
  const session = { threads: options.threads };
  const cut = hookPoint ? await openCutReference(source, canonical, session, hookPoint.name, output.name) : undefined;
  const tell = (reason: string): unknown => notes.push(`${reason} Its canonical form is run instead.`);
  const { program: reference, refused } = cut?.downstream ?? (await openReferenceLater(source, canonical, session, tell));
  if (refused) tell(refused);
  // Refused in float16, the file is run in its canonical form, which is float32.
  const precision = prepared.precision === 'float16' && refused ? 'float32' : prepared.precision;
  if (precision === 'quantised')
    notes.push(
      'the model is quantised; its gradient is straight-through: as if nothing was rounded, zero where a number saturates',
    );
  if (precision === 'float16') notes.push('the model computes in float16; converted it computes in float32, gradients included');
  const upstream = cut?.upstream;
  try {
    goOn('the look at the output');
  } catch (error) {
    await reference.dispose();
    await upstream?.dispose();
    throw error;
  }
  const own = typeof options.card === 'string' ? readCard(options.card) : options.card;
  const task = options.task ?? (own?.output ? 'classification' : card.task) ?? 'classification';
  if (task === 'regression' && own?.output)
    throw new LanError(
      'usage',
      `${source.name}: \`task: 'regression'\` and \`outputKind\` '${own.output}' contradict each other.`,
      'Leave one of them out.',
    );
  const end = guessOutputKind(graph, output.name);
  const kind =
    kindBy(card.output, end, output.name, notes) ??
    (hookPoint ? undefined : await probabilitiesOf({ source, graph, output: output.name, feeds, notes }, reference));
  const said = kind ? { ...card, output: kind } : card;
  const classifier = new OnnxClassifier({ source, canonical, graph, engine, adapters, plugins, steps, reference, upstream, precision, card: said, integers, notes, input, output, hookPoint, feeds, task, axes: options.axes, forwardOnly: forward }); // prettier-ignore
  if (classifier.card && !integers) notes.push(...assumedFields(classifier.cardGiven, classifier.card));
  if (task === 'classification') notes.push(...sumNotes(classifier));
  notes.push(...labelNotes(classifier, card.labels !== undefined));
  // Of large files it is asked when a batch is first run, since it opens the reference.
  if (source.size <= ASKED_AT_ONCE) await classifier.askIndependence();
  return classifier;
}

/**
 * What the card says of the output, or what the graph says where that contradicts it, which is noted: a model that ends in Softmax gives no logits, whatever
 * a manifest says. Sigmoids may be taken for probabilities of classes.
 */
function kindBy(said: OutputKind | undefined, end: OutputKind, output: string, notes: string[]): OutputKind | undefined {
  if (end === 'sigmoid' && said === 'sigmoid-logits') return end;
  const agrees = end === 'logits' || said === end || (end === 'sigmoid' && said === 'probabilities');
  if (said === undefined || agrees) return said;
  const op = { probabilities: 'Softmax', 'log-probabilities': 'LogSoftmax', sigmoid: 'Sigmoid', 'sigmoid-logits': 'Sigmoid' }[
    end
  ];
  notes.push(`the card says that '${output}' holds ${said}, but the graph ends in ${op}: taken as ${end}`);
  return end;
}

/** A Softmax along another axis than that of all classes: what it gives for one sample does not add up to 1, and the largest is no class among the others. */
function sumNotes({ graph, output: { name }, classes }: Classifier): string[] {
  const span = softmaxSpan(graph, name);
  if (!span || span.along === classes) return [];
  const { op, along } = span;
  return [
    `'${name}' ends in a ${op} over ${along} of the ${classes} values of a sample, which add up to ${Number((classes / along).toPrecision(3))} and not 1: its probabilities are not those of ${classes} classes`,
  ];
}

/** Where the names of the classes come from, where nobody gave them. */
function labelNotes({ classes, labels, source, task, picture }: OnnxClassifier, given: boolean): string[] {
  if (given || task === 'regression') return [];
  const beside = labels.length === 0 && source.path !== undefined ? labelsBeside(source.path, classes) : undefined;
  if (beside !== undefined)
    return [
      `'${beside}' holds ${classes} names, as many as there are classes: where they are this model's, give it as \`labels\``,
    ];
  if (labels.length === 0) return [];
  return [labelsByDefault(source.model, classes, picture?.channels === 3)!.note];
}

/** By how much probabilities may miss 0 and 1, one by one and added up, and still are probabilities. */
const SLACK = 1e-3;

/** Ops that make scores of any size: what ends in them holds no probabilities. */
const SCORES = new Set(['Gemm', 'MatMul', 'Add', 'Conv', 'BatchNormalization', 'ReduceMean', 'GlobalAveragePool']);

/**
 * Random inputs at which rows have to add up to 1: of three numbers that are 0 or 1 (a threshold's) three in eight rows do by chance. Two are enough once
 * so many numbers have gone in and come out.
 */
const ASKED = 8;
const ASKED_NUMBERS = 2 ** 21;
/** A row of more numbers is a picture or a map, and no distribution over classes. */
const MOST_CLASSES = 2 ** 20;

/**
 * Some models end in whatever makes probabilities, which their last op does not tell (classical ones; p beside 1 - p; one less a Sigmoid): asked at random
 * inputs, rows that always add up to 1 do, and others that a squashing op keeps in 0..1 are labels of which several may hold. Undefined where the output
 * is no such, or tells itself. Throws LanError `unsupported` where rows add up to another number (percent): no softmax belongs on them.
 */
async function probabilitiesOf(
  model: Pick<Classifier, 'source' | 'graph' | 'feeds'> & { readonly output: string; readonly notes: string[] },
  reference: OrtProgram,
): Promise<OutputKind | undefined> {
  const { source, graph, feeds, notes } = model;
  const output = graph.outputs.find((o) => o.name === model.output)!;
  const end = guessOutputKind(graph, output.name);
  const classical = source.model.graph.nodes.some((n) => n.domain === 'ai.onnx.ml');
  const range = rangeOf(graph, output.name);
  const squashed = range.squashed && isFraction(range);
  const k = sizeOf(output.dims as number[]) / ((output.dims?.[0] as number) || 1);
  // A classifier of two classes may give the Sigmoid of a score and of its opposite, as logistic regressions do.
  const opposites = end === 'sigmoid' && k === 2;
  if (!isFloat(output.type) || (end !== 'logits' && !opposites)) return undefined;
  if (k <= 1 || k > MOST_CLASSES) return squashed ? 'sigmoid' : undefined;
  const plain = source.size > ASKED_AT_ONCE || SCORES.has(lastOp(graph, output.name)?.op ?? 'Gemm');
  if (!classical && !squashed && !opposites && plain) return undefined;
  const rows: Float32Array[] = [];
  const numbers = graph.inputs.reduce((sum, i) => sum + sizeOf(i.dims as number[]), k);
  for (let draw = 0; draw < ASKED && (draw < 2 || draw * numbers < ASKED_NUMBERS); draw++) {
    let values: Float32Array;
    try {
      values = toFloat32((await reference.run({ ...randomFeeds(graph, draw, 0), ...feeds }, [output.name]))[output.name]!);
    } catch {
      // A file of fixed batch may have been opened at another one, which whoever runs it is told.
      return squashed ? 'sigmoid' : undefined;
    }
    // A row that is divided by its sum of 0 tells nothing of the others.
    if (values.some(Number.isNaN)) continue;
    // The shares of a forest add up to 1 and a rounding, and the rest to 1 may be less than nothing by it.
    if (values.some((v) => !(v >= -SLACK))) return undefined;
    for (let i = 0; i < values.length; i += k) rows.push(values.subarray(i, i + k));
  }
  if (rows.length < 2) return undefined;
  const sums = rows.map((row) => row.reduce((a, b) => a + b, 0));
  const total = sums[0]!;
  const alike = sums.every((s) => Math.abs(s - total) < SLACK * Math.max(1, total));
  const inside = rows.every((row) => row.every((v) => v <= 1 + SLACK));
  if (alike && inside && Math.abs(total - 1) < SLACK) {
    if (!classical) notes.push(`'${output.name}' holds rows that add up to 1: taken as probabilities`);
    return 'probabilities';
  }
  if (opposites) return undefined;
  if (inside) {
    notes.push(
      squashed
        ? `'${output.name}' holds values of 0 to 1 that do not add up to 1: taken as labels of which several may hold; say otherwise with \`outputKind\``
        : `'${output.name}' holds numbers of 0 to 1 that do not add up to 1, and what they are is not told by the file: taken as logits. Where each is the probability of a label of its own, say so: \`outputKind\` 'sigmoid'`,
    );
    return squashed ? 'sigmoid' : undefined;
  }
  const differ = rows.some((row) => row.some((v, i) => Math.abs(v - rows[0]![i]!) > 1e-3 * total));
  if (alike && differ && !classical) {
    await reference.dispose();
    const sum = Number(total.toPrecision(3));
    throw new LanError(
      'unsupported',
      `${source.name}: the rows of its output '${output.name}' add up to ${sum}, as probabilities times ${sum} do.`,
      "Divide them in the export. Where they are scores for a softmax all the same, say so: `outputKind` 'logits'.",
    );
  }
  return undefined;
}

export type { Classifier };

/** Values with their types, for messages: `ids: int64, mask: float32`; 'none' for none. */
const typed = (values: Graph['inputs']): string => values.map((v) => `${v.name}: ${v.type}`).join(', ') || 'none';
