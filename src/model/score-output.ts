// Which output of a model holds its class scores, and which input they are made of: told by the graph, and said where there was a choice.
import { LanError } from '../core/errors.js';
import { isFloat } from '../core/tensor.js';
import { makersOf, reads, type Graph, type Node, type ValueInfo } from '../onnx/graph.js';
import { lastOp } from './output-end.js';
import { chosenOutput, explainedInput, INTEGER, type SelectionOptions } from './selection.js';

/** The output that is the classifier's, the input that is explained, and what there was to say about the choice. */
export interface Choice {
  readonly output: ValueInfo;
  readonly input: ValueInfo;
  /** For the user, where there was more than one: what was chosen, why, and what else there is. */
  readonly notes: readonly string[];
}

/** What ends a classifier. */
const ENDS = new Set(['Softmax', 'LogSoftmax', 'Sigmoid']);
/** Ops whose outputs count or pick classes; a float made of them alone holds no scores. */
const PICKS = new Set(['ArgMax', 'ArgMin', 'TopK', 'Hardmax', 'NonMaxSuppression', 'Equal', 'Greater', 'Less']);
/** Names that exporters give to what is there for training, or on the way. */
const BESIDE = /aux|embed|feat|hidden|pooled|loss|atten|attn|att(?![a-z])|weights/i;
/** And to class scores. */
const SCORES = /logit|score|prob|class|predict/i;
/** Is the output, by its name or its axes, something else than the class scores that another one of the candidates `all` is? */
function besideScores({ name, dims }: ValueInfo, all: readonly ValueInfo[]): boolean {
  const others = all.filter((o) => o.name !== name && o.dims?.length === 2 && !BESIDE.test(o.name));
  return BESIDE.test(name) || others.some((o) => (dims?.length ?? 0) > 2 || (SCORES.test(o.name) && !SCORES.test(name)));
}

/** Ops that hand on what they are given, in another shape or type. */
const MOVES = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Slice',
  'Gather',
  'Concat',
]);

/**
 * The output of class scores and the input to explain, of a canonical or static graph. An output that an input is only handed through to, or that
 * is made of the index of a class alone, is none. Of several, the one that ends in Softmax, LogSoftmax or Sigmoid; then the one that is made of
 * the others (logits of features); then the one with as many classes as there are labels; then one of rank 2, [N,K]; then one whose name
 * is not that of an auxiliary head or of features; then the first. A loss or a maximum made of the others is none.
 * The input is the first of floats that reaches it and holds more than one number, else the first of integers; one of `feeds` only where there is no other. Undefined where no float output depends on such an input.
 */
export function chooseScores(graph: Graph, labels?: number, feeds: SelectionOptions['feeds'] = {}): Choice | undefined {
  const maker = makersOf(graph.nodes);
  // A canonical graph does not know the types of what is computed.
  const usable = graph.outputs.filter((o) => (o.type === undefined || isFloat(o.type)) && computes(o.name, maker));
  const upstream = new Map(usable.map((o) => [o.name, upstreamValues(o.name, maker)]));
  const inputOf = (output: ValueInfo): ValueInfo | undefined => {
    const all = graph.inputs.filter((i) => upstream.get(output.name)!.has(i.name));
    const asked = all.filter((i) => !Object.hasOwn(feeds, i.name));
    const reached = asked.length > 0 ? asked : all;
    const floats = reached.filter((i) => isFloat(i.type));
    // A temperature, a threshold: one number is explained only where there is nothing else.
    return floats.find((i) => !isOneNumber(i)) ?? floats[0] ?? reached.find((i) => INTEGER.test(i.type ?? ''));
  };
  /** The value that an output is another name of. */
  const source = (name: string): string => {
    let from = name;
    while (maker.get(from)?.op === 'Identity') from = maker.get(from)!.inputs[0]!;
    return from;
  };
  const candidates = usable.filter((o) => inputOf(o) !== undefined);
  const rules: [(o: ValueInfo) => boolean, string][] = [
    // Attention ends in a Softmax too.
    [(o) => ENDS.has(lastOp(graph, o.name)?.op ?? '') && !besideScores(o, candidates), 'it ends in class probabilities'],
    // A loss, or how sure the model is, made of the scores.
    [
      (o) => o.dims?.length !== 0 && !(classesOf(o) === 1 && /^Reduce/.test(maker.get(source(o.name))?.op ?? '')),
      'it is not reduced to one number',
    ],
    [
      (o) =>
        candidates.some(
          (other) => other !== o && upstream.get(o.name)!.has(source(other.name)) && source(o.name) !== source(other.name),
        ),
      'it is made of the others',
    ],
    [(o) => labels !== undefined && classesOf(o) === labels, `it has one value for each of the ${labels} labels`],
    [(o) => o.dims?.length === 2, 'it has one row of scores a sample'],
    [(o) => !besideScores(o, candidates), 'the names of the others are of something else'],
  ];
  let left = candidates;
  let why = 'it is the first';
  for (const [rule, reason] of rules) {
    const kept = left.filter(rule);
    if (kept.length === 0 || kept.length === left.length) continue;
    left = kept;
    why = reason;
    if (left.length === 1) break;
  }
  const output = left[0];
  if (!output) return undefined;
  const input = inputOf(output)!;
  const notes =
    candidates.length > 1
      ? [
          `explains the output '${output.name}', because ${why}; also there: ${others(candidates, output)}. Choose with \`output\`.`,
        ]
      : [];
  const inputs = graph.inputs.filter(
    (i) => upstream.get(output.name)!.has(i.name) && isFloat(i.type) && !Object.hasOwn(feeds, i.name),
  );
  if (inputs.length > 1)
    notes.push(
      `explains the input '${input.name}', the first of floats${inputs[0] === input ? '' : ' that holds more than one number'}; also there: ${others(inputs, input)}. Choose with \`input\`.`,
    );
  return { output, input, notes };
}

/**
 * What `options` name, and chooseScores for what they leave open. Undefined where there is no float output, or no input of numbers.
 * Throws LanError for names that are none.
 */
export function selectValues(
  graph: Graph,
  options: Pick<SelectionOptions, 'input' | 'output' | 'feeds'>,
  labels: number | undefined,
  model: string,
): Choice | undefined {
  const named = options.output === undefined ? undefined : chosenOutput(graph.outputs, options.output, model);
  const choice = chooseScores(named ? { ...graph, outputs: [named] } : graph, labels, options.feeds);
  const output = named ?? choice?.output ?? chosenOutput(graph.outputs, undefined, model);
  const input = options.input === undefined ? choice?.input : undefined;
  const explained = input ?? explainedInput(graph.inputs, options.input, model);
  return output && explained && { output, input: explained, notes: input ? (choice?.notes ?? []) : [] };
}

/** The input that selectValues will choose, of a canonical graph, whose shapes it helps to bind. Throws LanError for a name that is none. */
export function selectInput(
  graph: Graph,
  { input, output, feeds }: Pick<SelectionOptions, 'input' | 'output' | 'feeds'>,
  labels: number | undefined,
  model: string,
): ValueInfo | undefined {
  const outputs = output === undefined ? graph.outputs : graph.outputs.filter((o) => o.name === output);
  const chosen = input === undefined ? chooseScores({ ...graph, outputs }, labels, feeds)?.input : undefined;
  return chosen ?? explainedInput(graph.inputs, input, model);
}

const others = (all: readonly ValueInfo[], but: ValueInfo): string =>
  all.filter((v) => v !== but).map((v) => `'${v.name}' [${(v.dims ?? []).map((d) => d ?? '?').join(',')}]`).join(', '); // prettier-ignore

/** An input of one number: [], [1] or [1,1]. */
const isOneNumber = ({ dims }: ValueInfo): boolean => dims?.every((d) => d === 1) ?? false;

/** Elements of one sample where all axes but the first are known. */
function classesOf({ dims }: ValueInfo): number | undefined {
  const rest = dims?.slice(1) ?? [];
  return rest.length > 0 && rest.every((d) => typeof d === 'number') ? rest.reduce((a, b) => a * b, 1) : undefined;
}

/**
 * Is the value computed, rather than an input handed through or the index of a class? A count of indices that are right (a mean, a sum of them) is
 * an accuracy.
 */
function computes(value: string, maker: ReadonlyMap<string, Node>): boolean {
  const seen = new Set([value]);
  // A set grows while it is walked. Each value once: paths may be as many as 2 to the number of nodes.
  for (const name of seen) {
    const node = maker.get(name);
    if (!node || PICKS.has(node.op)) continue;
    const counts = /^Reduce/.test(node.op);
    if (counts ? !maker.has(node.inputs[0] ?? '') : !MOVES.has(node.op)) return true;
    for (const from of counts ? node.inputs.slice(0, 1) : node.inputs) seen.add(from);
  }
  return false;
}

/** Throws LanError (`unsupported`) where the output is made of the index of a class, or of comparisons, alone: an answer, or how often it is right, has no scores. */
export function requireScores(graph: Graph, output: string, model: string): void {
  const maker = makersOf(graph.nodes);
  const among = [output, ...upstreamValues(output, maker)];
  /** Through what only moves data, what TopK gives first: scores of a sample, but in order, so that place 0 is the largest whatever the class. */
  let first = output;
  for (let node = maker.get(first); node && MOVES.has(node.op); node = maker.get(first)) first = node.inputs[0] ?? '';
  const made = maker.get(first);
  if (made?.op === 'TopK' && made.outputs[0] === first && made.attributes['axis']?.value !== 0)
    throw new LanError(
      'unsupported',
      `${model}: its output '${output}' holds the largest scores in order (TopK), whose places are no classes.`,
      'Export the model with the scores that they are taken of: the logits or probabilities of the classes.',
    );
  // What TopK gives first are the scores themselves: more is computed of them.
  const sorted = among.some((v) => maker.get(v)?.op === 'TopK' && maker.get(v)!.outputs[0] === v);
  if (sorted || computes(output, maker) || !among.slice(1).some((v) => PICKS.has(maker.get(v)?.op ?? ''))) return;
  throw new LanError(
    'unsupported',
    `${model}: its output '${output}' is made of the index of a class alone (an answer, or how often it is right), so that there are no scores to explain.`,
    'Export the model with the output that the index is taken of: the logits or probabilities of the classes.',
  );
}

/** Everything that a value is made of, itself left out. */
function upstreamValues(value: string, maker: ReadonlyMap<string, Node>): Set<string> {
  const found = new Set<string>();
  const pending = [value];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const node = maker.get(name);
    for (const from of node ? reads(node) : []) {
      if (found.has(from)) continue;
      found.add(from);
      pending.push(from);
    }
  }
  return found;
}
