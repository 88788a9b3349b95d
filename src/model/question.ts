// The question: which class is asked about, and against which other one; by name or number, and as two answers, yes and no.
import { LanError } from '../core/errors.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { Classifier } from './classifier.js';
import { LOG_P } from './probabilities.js';
import { requireClasses } from './task.js';

/** A class by its label or its index (from 0). */
export type ClassName = string | number;

/** Why this class, and not all the others, or not this other one? Indices of the classifier's classes. */
export interface Question {
  readonly target: number;
  /** Absent: against all others together. */
  readonly against?: number;
}

/** What resolveQuestion asks of a model. */
type Answers = Pick<Classifier, 'labels' | 'classes' | 'task' | 'severalLabels' | 'source'>;

/**
 * The question as indices; undefined where nothing was asked, and the question is the answer itself. A text is taken for the whole name of a class, or
 * one of its comma-separated synonyms, then for an index, then for a part that only one name has; case apart, but for a name that is written just so. Throws LanError (`usage`) for a class that is
 * not there or not the only one, with the near misses; where both are the same; for `against` alone; and where the model's answer leaves no such question.
 */
export function resolveQuestion(
  model: Answers,
  { target, against }: { readonly target?: ClassName | undefined; readonly against?: ClassName | undefined },
): Question | undefined {
  if (target === undefined) {
    if (against === undefined) return undefined;
    throw new LanError('usage', '`against` says against which class, but not which class is asked about.', 'Give `target` too.');
  }
  requireClasses(model, 'A `target` is a class');
  if (against !== undefined && model.severalLabels)
    throw new LanError(
      'usage',
      `${model.source.name}: \`against\` compares two classes of which one holds, and this model gives several labels at once, each by itself.`,
      'Leave `against` out: a label is asked about by `target` alone.',
    );
  const index = classNamed(model, 'target', target);
  if (against === undefined) return { target: index };
  const other = classNamed(model, 'against', against);
  if (other === index)
    throw new LanError('usage', `\`target\` and \`against\` are the same class, ${named(model.labels, index)}.`);
  return { target: index, against: other };
}

/**
 * What is explained as weights of the classes' log-probabilities: `score(x) = sum_k w_k log p_k(x)`, [K]: 1 at the target, -1 at the class that it is
 * held against, 0 elsewhere.
 */
export function weightsOf({ target, against }: Question, classes: number): Float32Array {
  const weights = new Float32Array(classes);
  weights[target] = 1;
  if (against !== undefined) weights[against] = -1;
  return weights;
}

/**
 * The logarithms of two answers: from a static graph x -> log-probabilities [N,K] (of several labels [N,2K]: log p, then log(1-p)) to [N,2], yes and no.
 * Without `against` yes is the target and no everything else, log(1 - p) being computed from the other classes and not from p, which would lose it near 1;
 * with it they are the two classes, renormalised: log(p_t / (p_t + p_a)) and log(p_a / (p_t + p_a)). `nearest`: no is the most probable other class in place of
 * everything else, so that yes is the larger just where the target is the most probable class of all.
 */
export function asQuestion(graph: Graph, { target, against }: Question, severalLabels: boolean, nearest = false): Graph {
  const g = GraphBuilder.from(graph);
  const logs = graph.outputs[0]!.name;
  const [n, k] = g.typeOf(logs).dims as [number, number];
  const columns = (from: number, to: number): string => {
    const part = g.slice(logs, [from], [to], [1]);
    g.types.set(part, { type: 'float32', dims: [n, to - from] });
    return part;
  };
  const column = (i: number): string => columns(i, i + 1);
  const beside = (parts: readonly string[], width: number): string => {
    if (parts.length === 1) return parts[0]!;
    const whole = g.op('Concat', parts, { axis: 1 });
    g.types.set(whole, { type: 'float32', dims: [n, width] });
    return whole;
  };
  let result: string;
  if (severalLabels) result = beside([column(target), column(k / 2 + target)], 2);
  else if (against !== undefined) result = g.op('LogSoftmax', [beside([column(target), column(against)], 2)], { axis: 1 });
  else {
    const parts = [...(target > 0 ? [columns(0, target)] : []), ...(target < k - 1 ? [columns(target + 1, k)] : [])];
    const others = beside(parts, k - 1);
    const no = k === 2 ? others : g.op(nearest ? 'ReduceMax' : 'ReduceLogSumExp', [others, g.ints([1])], { keepdims: 1 });
    g.types.set(no, { type: 'float32', dims: [n, 1] });
    result = beside([column(target), no], 2);
  }
  g.types.set(result, { type: 'float32', dims: [n, 2] });
  g.output(result, LOG_P);
  return g.build();
}

/** What is asked about, within a sentence: `'dog' against 'cat'`. */
export function questionText({ target, against }: Question, labels: readonly string[]): string {
  const name = (i: number): string => (labels[i] === undefined ? `class ${i}` : `'${labels[i]}'`);
  return against === undefined ? name(target) : `${name(target)} against ${name(against)}`;
}

/** Names that a message lists. */
const LISTED = 5;

const plain = (name: string): string => name.trim().toLowerCase().replace(/[_\s]+/g, ' '); // prettier-ignore
const named = (labels: readonly string[], i: number): string =>
  labels[i] === undefined ? `class ${i}` : `'${labels[i]}' (${i})`;

function classNamed(model: Answers, option: 'target' | 'against', given: ClassName): number {
  const { labels, classes: count } = model;
  const text = plain(String(given));
  const names = labels.slice(0, count).map(plain);
  const where = (fits: (name: string) => boolean): number[] => names.flatMap((name, i) => (fits(name) ? [i] : []));
  if (typeof given === 'string') {
    const asWritten = labels.slice(0, count).flatMap((label, i) => (label === given ? [i] : []));
    // Of names that differ by their case alone, the one that was written.
    const whole = asWritten.length === 1 ? asWritten : where((name) => name === text);
    const exact = whole.length > 0 ? whole : where((name) => name.split(',').some((part) => plain(part) === text));
    if (exact.length === 1) return exact[0]!;
    if (exact.length > 1) throw several(exact, 'is the name of');
  }
  if (/^\d+$/.test(text)) {
    if (Number(text) < count) return Number(text);
    throw new LanError('usage', `\`${option}\`: expected an index of 0 to ${count - 1}, received ${text}.`);
  }
  if (typeof given === 'number' || text === '')
    throw new LanError('usage', `\`${option}\`: expected the name or the index of a class, received '${given}'.`);
  const part = where((name) => name.includes(text));
  if (part.length === 1) return part[0]!;
  if (part.length > 1) throw several(part, 'is part of the names of');
  if (names.length === 0)
    throw new LanError(
      'usage',
      `\`${option}\`: the names of the classes are not known, received '${given}'.`,
      `Give an index of 0 to ${count - 1}, or the names with \`labels\`.`,
    );
  const near = nearest(names, text).map((i) => named(labels, i));
  throw new LanError(
    'usage',
    `\`${option}\`: no class is called '${given}'.`,
    near.length > 0 ? `Nearest: ${near.join(', ')}.` : undefined,
  );

  function several(found: readonly number[], what: string): LanError {
    const more = found.length > LISTED ? ` and ${found.length - LISTED} more` : '';
    const list = found.slice(0, LISTED).map((i) => named(labels, i));
    return new LanError(
      'usage',
      `\`${option}\`: '${given}' ${what} ${found.length} classes: ${list.join(', ')}${more}.`,
      'Give more of the name, or the index.',
    );
  }
}

/** Indices of the names, or of synonyms in them, that are fewest edits away: at most LISTED, none of which half the text would have to change. */
function nearest(names: readonly string[], text: string): number[] {
  const apart = names.map((name) => Math.min(...[name, ...name.split(',').map(plain)].map((part) => edits(part, text))));
  return Array.from(names.keys())
    .filter((i) => apart[i]! <= text.length / 2)
    .sort((a, b) => apart[a]! - apart[b]! || a - b)
    .slice(0, LISTED);
}

/** Characters to insert, delete or replace to make one text of the other (Levenshtein's distance). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
