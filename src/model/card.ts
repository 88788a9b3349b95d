// A model card: what an ONNX file cannot say about itself: how pictures become its input, and what its output means.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { LanError, messageOf } from '../core/errors.js';

/** What a classifier's output is; `sigmoid`: probabilities of classes that are each for itself. */
export type OutputKind = 'logits' | 'probabilities' | 'log-probabilities' | 'sigmoid';
/** Channel order of the model's input. */
export type Channels = 'RGB' | 'BGR' | 'GREY';

/** How pictures become a model's input. */
export interface InputCard {
  /** Axis order of the model's input. */
  readonly layout: 'NCHW' | 'NHWC';
  /** Height and width. */
  readonly size?: readonly [number, number];
  /** Shorter side (or exact height and width) to resize to before the crop. Default: cover `size`. */
  readonly resize?: number | readonly [number, number];
  /** Central crop after the resize. Default: `size`. */
  readonly crop?: number | readonly [number, number];
  readonly channels: Channels;
  /** Largest pixel value before mean and std: 1 or 255. */
  readonly range: 1 | 255;
  /** Per channel in the model's own channel order, in the units of the range: input = (pixel - mean) / std. One number serves all channels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What an ONNX file cannot say about itself. */
export interface ModelCard {
  readonly input: InputCard;
  readonly output?: OutputKind;
  /** Class names by index. */
  readonly labels?: readonly string[];
}

/** A card with every part optional, as files and flags give it. `labels` may name a file. */
export type PartialCard = { input?: Partial<InputCard>; output?: OutputKind; labels?: readonly string[] | string };

const CHOICES = {
  layout: ['NCHW', 'NHWC'],
  channels: ['RGB', 'BGR', 'GREY'],
  range: [1, 255],
  output: ['logits', 'probabilities', 'log-probabilities', 'sigmoid'],
} as const;

/** Reads a card file (JSON). Throws LanError naming the first wrong field. */
export function readCard(path: string): PartialCard {
  const json = readJson(path, 'Card');
  return checkCard(json, `Card '${path}'`, dirname(path));
}

/** The card that lies beside a model (`model.card.json`), if any. */
export function cardBeside(modelPath: string): PartialCard | undefined {
  const path = modelPath.replace(/\.onnx$/i, '') + '.card.json';
  return existsSync(path) ? readCard(path) : undefined;
}

/** The card that a Hugging Face folder implies: `preprocessor_config.json` and `config.json`. */
export function cardOfHuggingFace(folder: string): PartialCard {
  const card: { input?: Partial<InputCard>; labels?: string[]; output?: OutputKind } = { output: 'logits' };
  const preprocessor = join(folder, 'preprocessor_config.json');
  if (existsSync(preprocessor)) {
    const p = readJson(preprocessor, 'Preprocessor') as Record<string, unknown>;
    const normalize = p['do_normalize'] !== false;
    const side = sizeOfConfig(p['crop_size']) ?? sizeOfConfig(p['size']);
    const resize = sizeOfConfig(p['size']);
    const shortest = (p['size'] as { shortest_edge?: number } | undefined)?.shortest_edge;
    card.input = {
      channels: 'RGB',
      range: p['do_rescale'] === false ? 255 : 1,
      mean: normalize ? ((p['image_mean'] as number[]) ?? [0.5, 0.5, 0.5]) : [0],
      std: normalize ? ((p['image_std'] as number[]) ?? [0.5, 0.5, 0.5]) : [1],
      ...(side ? { size: side } : {}),
      ...(shortest ? { resize: shortest } : resize ? { resize } : {}),
    };
  }
  const config = join(folder, 'config.json');
  if (existsSync(config)) {
    const names = (readJson(config, 'Config') as { id2label?: Record<string, string> }).id2label;
    if (names)
      card.labels = Object.entries(names)
        .sort((a, b) => Number(a[0]) - Number(b[0]))
        .map(([, name]) => name);
  }
  return card;
}

function sizeOfConfig(size: unknown): [number, number] | undefined {
  if (typeof size === 'number') return [size, size];
  const s = size as { height?: number; width?: number } | undefined;
  return s?.height && s.width ? [s.height, s.width] : undefined;
}

function readJson(path: string, what: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new LanError('input', `${what} '${path}': cannot be read as JSON (${messageOf(error)}).`);
  }
}

function checkCard(json: unknown, where: string, folder: string): PartialCard {
  if (typeof json !== 'object' || json === null) throw new LanError('input', `${where}: expected a JSON object.`);
  const card = json as PartialCard;
  const wrong = (field: string, expected: string, got: unknown): LanError =>
    new LanError('input', `${where}: ${field} must be ${expected}, received ${JSON.stringify(got)}.`);
  const input = card.input ?? {};
  for (const field of ['layout', 'channels', 'range'] as const) {
    const value = input[field];
    if (value !== undefined && !(CHOICES[field] as readonly unknown[]).includes(value))
      throw wrong(`input.${field}`, `one of ${CHOICES[field].join(', ')}`, value);
  }
  for (const field of ['mean', 'std'] as const) {
    const value = input[field];
    if (value !== undefined && !(Array.isArray(value) && value.every((v) => Number.isFinite(v))))
      throw wrong(`input.${field}`, 'a list of numbers', value);
  }
  if (input.std?.some((s) => s === 0)) throw wrong('input.std', 'a list of numbers other than 0', input.std);
  for (const field of ['size', 'resize', 'crop'] as const) {
    const value = input[field];
    const pair = Array.isArray(value) && value.length === 2 && value.every((v) => Number.isInteger(v) && v > 0);
    const one = field !== 'size' && Number.isInteger(value) && Number(value) > 0;
    if (value !== undefined && !pair && !one)
      throw wrong(`input.${field}`, field === 'size' ? '[height, width]' : 'a whole number or [height, width]', value);
  }
  if (card.output !== undefined && !CHOICES.output.includes(card.output))
    throw wrong('output', `one of ${CHOICES.output.join(', ')}`, card.output);
  if (typeof card.labels === 'string') return { ...card, labels: readLabels(resolve(folder, card.labels)) };
  if (card.labels !== undefined && !(Array.isArray(card.labels) && card.labels.every((l) => typeof l === 'string')))
    throw wrong('labels', 'a file name or a list of names', card.labels);
  return card;
}

/**
 * Class names from a file: one a line (.txt), a JSON list or {"0": "name"} object, or CSV with the index first.
 * Throws LanError when the file cannot be read or holds nothing.
 */
export function readLabels(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new LanError('input', `Labels '${path}': cannot be read (${messageOf(error)}).`);
  }
  const labels = parseLabels(text, extname(path).toLowerCase());
  if (labels.length === 0) throw new LanError('input', `Labels '${path}': the file holds no names.`);
  return labels;
}

function parseLabels(text: string, extension: string): string[] {
  if (extension === '.json') {
    const json = JSON.parse(text) as string[] | Record<string, string>;
    return Array.isArray(json)
      ? json
      : Object.entries(json)
          .sort((a, b) => Number(a[0]) - Number(b[0]))
          .map(([, v]) => v);
  }
  const lines = text
    .split(/\r?\n/)
    .map((l) => l.trim())
    .filter((l) => l !== '');
  if (extension !== '.csv') return lines;
  const labels: string[] = [];
  for (const line of lines) {
    const [, index, name] = /^(\d+)\s*,\s*"?(.*?)"?$/.exec(line) ?? [];
    if (index !== undefined) labels[Number(index)] = name!;
  }
  return Array.from(labels, (name, i) => name ?? `class ${i}`);
}

/** Later parts win, field by field. */
export function mergeCards(...cards: readonly (PartialCard | undefined)[]): PartialCard {
  const merged: PartialCard = {};
  for (const card of cards) {
    if (!card) continue;
    merged.input = { ...merged.input, ...defined(card.input ?? {}) };
    if (card.output) merged.output = card.output;
    if (card.labels) merged.labels = typeof card.labels === 'string' ? readLabels(card.labels) : card.labels;
  }
  return merged;
}

const defined = <T extends object>(o: T): Partial<T> =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Partial<T>;
