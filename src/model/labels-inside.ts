// Class names inside an ONNX file: of classical models in their nodes, of others in the metadata. Untrusted text, taken only where it fits.
import { LanError } from '../core/errors.js';
import { readable } from '../core/readable.js';
import type { Model, Node } from '../onnx/graph.js';
import { requireOneAnswer, type AskedOutput } from './answers.js';
import type { PartialCard } from './card.js';
import type { Classifier } from './classifier.js';
import { imagenetLabels } from './imagenet.js';

/** Names found inside a file. */
export interface LabelsInside {
  readonly labels: readonly string[];
  /** Where they were found, for the user. */
  readonly where: string;
}

/** Attributes of classical classifiers that name their classes. */
const ATTRIBUTES = ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints'];
const CLASSICAL = new Set(['ZipMap', 'LinearClassifier', 'TreeEnsembleClassifier', 'SVMClassifier']);
/** Metadata that name classes, without case and separators. Ultralytics and others write a Python dict. */
const KEYS = ['labels', 'classes', 'names', 'classnames', 'labelnames', 'categories', 'id2label', 'idx2label', 'index2label', 'label2id', 'classtoidx']; // prettier-ignore
/** Characters of metadata that are read: a thousand times the names of ImageNet would be more. */
const MAX_TEXT = 2 ** 22;
/** Characters of a name. */
const MAX_NAME = 200;

/**
 * The names of `classes` outputs, where the file holds as many: of its last classical classifier, else of its metadata (JSON, a Python dict or list,
 * or a list with commas or line ends). What steers a terminal is spelled out. Undefined where there are none, or another number of them.
 */
export function labelsInside({ graph, metadata }: Model, classes: number): LabelsInside | undefined {
  if (!Number.isInteger(classes) || classes < 2) return undefined;
  const found = (labels: readonly string[] | undefined, where: string): LabelsInside | undefined =>
    labels?.length === classes ? { labels: labels.map((l) => readable(l.slice(0, MAX_NAME))), where } : undefined;
  for (const node of graph.nodes.toReversed()) {
    const named = found(namesOf(node), `its ${node.op}`);
    if (named) return named;
  }
  const plain = new Map(
    Object.entries(metadata).map(([key, text]) => [key.toLowerCase().replace(/[^a-z0-9]/g, ''), { key, text }]),
  );
  for (const wanted of KEYS) {
    const { key, text } = plain.get(wanted) ?? {};
    const named = text === undefined ? undefined : found(parseNames(text), `its metadata '${readable(key!)}'`);
    if (named) return named;
  }
  return undefined;
}

/**
 * The names of a classifier's outputs where nobody gave them, and a note that says whose they are: those of the file, else ImageNet's, which are assumed of a
 * classifier of `colour` pictures with 1,000 or 1,001 outputs.
 */
export function labelsByDefault(
  model: Model,
  classes: number,
  colour: boolean,
): { labels: readonly string[]; note: string } | undefined {
  const inside = labelsInside(model, classes);
  if (inside) return { labels: inside.labels, note: `the names of the classes are those of the file, in ${inside.where}` };
  const labels = colour ? imagenetLabels(classes) : undefined;
  const background = classes === 1001 ? ', the first being the background' : '';
  return labels && { labels, note: `the names of the classes are assumed to be ImageNet's, since there are ${classes}${background}; say others with \`labels\`` }; // prettier-ignore
}

function namesOf(node: Node): readonly string[] | undefined {
  if (node.domain !== 'ai.onnx.ml' || !CLASSICAL.has(node.op)) return undefined;
  for (const name of ATTRIBUTES) {
    const attribute = node.attributes[name];
    if (attribute?.kind === 'strings' && attribute.value.length > 0) return attribute.value;
    // Classes that are called by their own numbers have no names.
    if (attribute?.kind === 'ints' && attribute.value.some((n, i) => Number(n) !== i)) return attribute.value.map(String);
  }
  return undefined;
}

/**
 * The names of a model's classes: those of the card, else labelsByDefault's; none of a value. `numbers`: those that its output holds for one sample. One name for one
 * number is that of yes, once it is known that the number stands for no and yes. Throws LanError (`input`) where there are more names or fewer than classes, and as requireOneAnswer.
 */
export function classNames(
  model: AskedOutput & Pick<Classifier, 'source' | 'classes' | 'task' | 'picture'>,
  card: PartialCard,
  numbers: number,
): readonly string[] {
  const { source, classes, outputKind, task, picture } = model;
  const given = (card.labels as readonly string[] | undefined) ?? [];
  if (task === 'classification' && numbers === 1 && given.length === 1)
    return card.output || outputKind !== 'logits' ? [`not ${given[0]}`, given[0]!] : [];
  if (given.length === 0)
    return (
      (task === 'classification' ? labelsByDefault(source.model, classes, picture?.channels === 3)?.labels : undefined) ?? []
    );
  if (given.length === classes) return given;
  // A row of scores for each place is more than too few labels.
  if (task === 'classification') requireOneAnswer(model, card, source);
  throw new LanError(
    'input',
    `${source.name}: gives ${classes} ${classes === 1 ? 'number' : 'classes'}, but there are ${given.length} labels.`,
    "Check that the labels are this model's. A background class in front makes one more: 1001 for ImageNet.",
  );
}

/** Names out of a text, in the order of the classes. */
export function parseNames(text: string): readonly string[] | undefined {
  const trimmed = text.trim();
  if (trimmed.length > MAX_TEXT || trimmed === '') return undefined;
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) return structured(trimmed);
  const separator = /\r?\n/.test(trimmed) ? /\r?\n/ : ',';
  return trimmed.split(separator).map((name) => name.trim());
}

/** A JSON or Python list or dict of names: `{"0": "cat"}`, `{0: 'cat'}`, `{'cat': 0}`, `['cat']`. */
function structured(text: string): readonly string[] | undefined {
  const tokens = tokensOf(text.slice(1, -1));
  if (!tokens) return undefined;
  const values = tokens.filter((t) => t !== ',' && t !== ':').map(literal);
  if (values.some((v) => v === undefined)) return undefined;
  if (text.startsWith('[')) return tokens.includes(':') ? undefined : (values as string[]);
  const pairs = Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i]!, values[2 * i + 1]!] as const);
  const numbered = (side: 0 | 1): boolean => pairs.length > 0 && pairs.every((p) => /^\d{1,7}$/.test(p[side]));
  const index = numbered(0) ? 0 : numbered(1) ? 1 : undefined;
  if (index === undefined || values.length % 2 === 1) return undefined;
  const names = new Map(pairs.map((p) => [Number(p[index]), p[1 - index]!]));
  const labels = Array.from({ length: names.size }, (_, i) => names.get(i));
  // Every class has one name, or the dict is something else.
  return names.size === pairs.length && labels.every((l) => l !== undefined) ? labels : undefined;
}

/** Quoted texts with escapes, separators, and runs of anything else, in linear time; undefined from a quote on that is never closed. */
function tokensOf(text: string): string[] | undefined {
  const part = /\s*([,:]|[^\s,:'"]+|["']|$)/y;
  const tokens: string[] = [];
  for (;;) {
    const token = part.exec(text)?.[1];
    if (token === undefined || token === '') return tokens;
    if (token !== '"' && token !== "'") {
      tokens.push(token);
      continue;
    }
    const from = part.lastIndex - 1;
    let end = from + 1;
    while (end < text.length && text[end] !== token) end += text[end] === '\\' ? 2 : 1;
    if (end >= text.length) return undefined;
    tokens.push(text.slice(from, end + 1));
    part.lastIndex = end + 1;
  }
}

/** What a token says; undefined for what is no text and no whole number. */
function literal(token: string): string | undefined {
  if (/^\d+$/.test(token)) return token;
  if (token.length < 2 || !/^["']/.test(token)) return undefined;
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return token
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([^]))/gi, (_, u?: string, x?: string, one?: string) =>
      one === undefined ? String.fromCharCode(parseInt((u ?? x)!, 16)) : (escapes[one] ?? one),
    );
}
