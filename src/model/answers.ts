// How many answers an output holds for one sample: one class among all its numbers, or several, as segmentation, tagging and detection give.
import { LanError } from '../core/errors.js';
import { toFloat32 } from '../core/tensor.js';
import { makersOf, type Graph, type Node } from '../onnx/graph.js';
import type { PartialCard } from './card.js';
import { lastNodes, lastOp } from './output-end.js';
import { isOfLabels, type OutputKind } from './output-kind.js';
import type { ModelSource } from './source.js';

/** An output [N,...] or, where `batched` is false, one that holds a single sample. */
export interface AskedOutput {
  readonly graph: Graph;
  readonly output: { readonly name: string; readonly shape: readonly number[] };
  readonly batched: boolean;
  readonly outputKind: OutputKind;
}

/** How many of a sample's values its final Softmax or LogSoftmax adds up; undefined where it ends in none. */
export function softmaxSpan(graph: Graph, output: string): { readonly op: string; readonly along: number } | undefined {
  const end = lastOp(graph, output);
  const dims = graph.types.get(end?.outputs[0] ?? '')?.dims;
  if (!end || !dims || !/^(Log)?Softmax$/.test(end.op)) return undefined;
  return { op: end.op, along: dims.at((end.attributes['axis']?.value as number | undefined) ?? -1)! };
}

/** Names of outputs that hold what a text or a picture is like, for others to go on from: no score of a class. */
const EMBEDDING = /^((last_)?hidden_states?|pooler_output|((sentence|token|text|image|audio)_)?embed(s|dings?))$/i;

/** Ops between a difference and its norm, by their first input. */
const OF_A_NORM = /^(Sqrt|ReduceL1|ReduceL2|ReduceSumSquare|ReduceSum|Pow|Mul|Abs|Add|Clip|Relu|Max)$/;

/** Which number of an output names the class, and why. */
interface Extreme {
  readonly of: string;
  /** Undefined where the graph does not tell. */
  readonly least: true | undefined;
}

/**
 * What the numbers of an output are where the largest may not be the answer. The smallest is of distances (the norm of a difference) and of negative logarithms
 * of probabilities: a softmax over them names the class that is furthest away. Other norms are lengths of vectors, whose largest is the answer of capsule
 * networks, and which nothing tells from distances. Undefined where the last ops say neither.
 */
function extremeOf(graph: Graph, output: string): Extreme | undefined {
  const end = lastOp(graph, output);
  if (!end) return undefined;
  const maker = makersOf(graph.nodes);
  const before = (name: string): Node | undefined => lastNodes(graph, name)[0] ?? maker.get(name);
  const of = before(end.inputs[0]!);
  if (end.op === 'Neg')
    return of?.op === 'Log' || of?.op === 'LogSoftmax' ? { of: 'negative logarithms of probabilities', least: true } : undefined;
  const power = of?.op === 'Pow' ? graph.constants.get(of.inputs[1]!) : undefined;
  const magnitudes = of?.op === 'Abs' || (of?.op === 'Mul' && of.inputs[0] === of.inputs[1]) || (power && toFloat32(power).every((p) => p === 2)); // prettier-ignore
  const isNorm = /^(Sqrt|ReduceL1|ReduceL2|ReduceSumSquare)$/.test(end.op) || (end.op === 'ReduceSum' && magnitudes);
  if (!isNorm) return undefined;
  let normed: Node | undefined = end;
  while (normed && OF_A_NORM.test(normed.op)) normed = before(normed.inputs[0]!);
  return normed?.op === 'Sub'
    ? { of: `distances (it ends in ${end.op} of a difference)`, least: true }
    : { of: `lengths (it ends in ${end.op})`, least: undefined };
}

/**
 * Throws LanError (`unsupported`) where the output's numbers are the scores of no classes: a number for each place of the input, an embedding, or a row of scores
 * for each of several places: one softmax over all of them makes classes that no such model knows; and where the smallest number is the answer. Labels of which
 * several may hold are reported one by one, wherever they lie; what the card says of the output is taken at that word.
 */
export function requireOneAnswer(asked: AskedOutput, card: PartialCard, { name: model, model: file }: ModelSource): void {
  const { graph, output, batched, outputKind } = asked;
  const said = card.output;
  const refused = said === undefined && !isOfLabels(outputKind) ? otherThanScores(asked, card, file.graph) : undefined;
  if (refused) throw new LanError('unsupported', `${model}: its output '${output.name}' ${refused.is}.`, `${refused.advice} Where they are scores for a softmax all the same, say so: \`outputKind\` 'logits'.`); // prettier-ignore
  const axes = (batched ? output.shape.slice(1) : output.shape).filter((n) => n !== 1);
  if (axes.length < 2 || isOfLabels(outputKind)) return;
  const span = softmaxSpan(graph, output.name);
  const count = axes.reduce((a, b) => a * b, 1);
  if (span ? span.along === count : said !== undefined) return;
  throw new LanError(
    'unsupported',
    `${model}: its output '${output.name}' [${output.shape.join(',')}] holds ${axes.join(' x ')} numbers a sample, several answers and not one (a class for each place or step, say).`,
    `Export the model with the one answer of interest, [N,K].${span ? '' : " Where all of them are the scores of one softmax, say so: `outputKind` 'logits'."}`,
  );
}

/** For one sample in, several rows out: the first axis of the input is not that of the samples. `made`, `out`: the output, and its shape for one. */
export const severalRows = (
  asked: {
    readonly source: { readonly name: string };
    readonly input: { readonly name: string };
    readonly sampleShape: readonly number[];
  },
  made: string,
  out: readonly number[],
): LanError =>
  new LanError(
    'unsupported',
    `${asked.source.name}: for one sample [${asked.sampleShape.join(',')}] its output '${made}' [${out.join(',')}] has ${out[0]} rows, so that there is no one answer.`,
    otherAxis(asked.input.name, asked.sampleShape),
  );

/** What to do where samples lie along another axis of an input than the first, and `sample` is one of them without it. */
export const otherAxis = (input: string, [first, ...rest]: readonly number[]): string =>
  `Where the samples lie along another axis of '${input}' (time first, say), say so, with 1 there: \`shapes\` ${input}=${[first, 1, ...rest].join(',')}.`;

/** The name of the axis that an output [N,length] shares with an input, behind the first of both; undefined where it shares none. */
function lengthOf({ inputs, outputs }: Graph, output: string): string | undefined {
  const [, second, ...more] = outputs.find((o) => o.name === output)?.dims ?? [];
  if (typeof second !== 'string' || second === '' || more.length > 0) return undefined;
  return inputs.some(({ dims }) => dims?.slice(1).includes(second)) ? second : undefined;
}

/** What an output holds that is no scores of classes, by its axes, its name or what it ends in, and what to do; undefined where none of these tells. */
function otherThanScores(
  { graph, output: { name }, outputKind }: AskedOutput,
  card: PartialCard,
  file: Graph,
): { readonly is: string; readonly advice: string } | undefined {
  const length = lengthOf(file, name);
  if (length !== undefined)
    return {
      is: `holds a number for each place along '${length}' of its input, which are no classes`,
      advice: 'Export the model with the one answer of interest, [N,K].',
    };
  if (!card.labels && EMBEDDING.test(name))
    return {
      is: 'is an embedding by its name, whose numbers are no scores of classes',
      advice: 'Export the model with its classifier.',
    };
  const extreme = outputKind === 'logits' ? extremeOf(graph, name) : undefined;
  if (!extreme) return undefined;
  return extreme.least
    ? {
        is: `holds ${extreme.of}, of which the smallest is the answer and not the largest`,
        advice: 'Export the model with the sign turned.',
      }
    : {
        is: `holds ${extreme.of}, of which the largest is the answer of some networks and the smallest of others`,
        advice: 'Export the model with scores, the largest for the answer.',
      };
}
