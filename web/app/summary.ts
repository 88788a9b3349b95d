// What the worker says of a model and its answers, in the page's form.
import type { CardResult } from '../../src/api/card.js';
import type { Classifier } from '../../src/api/opened.js';
import type { Inspection } from '../../src/model/inspect.js';
import type { Answer, CardShown, Download, ModelSummary, NamedFile } from './protocol.js';

/** Endings of downloads, and their types. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  csv: 'text/csv',
  npy: 'application/octet-stream',
};

/** What a model is called: its file, or the folder that was dropped. */
export function nameOf(files: readonly NamedFile[]): string {
  const model = files.find(({ name }) => /\.onnx$/i.test(name))?.name ?? files[0]?.name ?? 'model';
  const parts = model.split(/[\\/]/).filter((part) => part !== '');
  return files.length > 1 && parts.length > 1 ? parts[0]! : parts.at(-1)!;
}

type Facts = Omit<ModelSummary, 'kind' | 'takes' | 'classes' | 'labels'>;

/** What inspecting a file found. */
export function factsOf(name: string, found: Inspection): Facts {
  const { inputs, outputs, opsets, producer, parameters, macs, bytes, sha256, ops, problems } = found;
  return {
    name,
    ...{ inputs, outputs, opsets, producer, parameters, macs, bytes, sha256 },
    ops: ops.map(({ op, count, becomes }) => ({ op, count, becomes })),
    unsupported: problems,
  };
}

/** A classifier, opened. */
export const summaryOf = (name: string, found: Inspection, model: Classifier, takes: ModelSummary['takes']): ModelSummary => ({
  ...factsOf(name, found),
  kind: 'classifier',
  takes,
  classes: model.classes,
  labels: model.labels,
});

/** A card as it is shown. */
export const cardOf = ({ card, lines }: CardResult): CardShown => ({ card: card.input, lines });

/** Classes from which on a small probability says that a model is unsure, and how small. */
const MANY = 10;
const UNSURE = 0.1;

/** Is the best answer hardly better than chance? Then preprocessing is the first suspect. */
export function unsure(top: readonly Answer[], { classes }: Classifier): string[] {
  const [best] = top;
  const chance = 1 / classes;
  if (!best || (best.probability > 1.2 * chance && (classes < MANY || best.probability >= UNSURE))) return [];
  const percent = (p: number): string => `${Number((100 * p).toPrecision(2))} %`;
  return [
    `The model is unsure: its best answer has ${percent(best.probability)}, where chance is ${percent(chance)}; the picture may not be prepared as it expects.`,
  ];
}

/** A file to be downloaded. */
export const downloadOf = ({ name, bytes }: NamedFile): Download => ({
  name,
  bytes,
  type: TYPES[name.split('.').at(-1)!] ?? 'application/octet-stream',
});
