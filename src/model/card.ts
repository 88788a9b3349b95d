// A model card: what an ONNX file cannot say about itself: how pictures become its input, and what its output means.
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { z } from 'zod';
import { LanError, messageOf } from '../core/errors.js';
import { readTextSync } from '../data/files.js';
import { exists, realPath } from '../data/places.js';
import type { Resample } from '../data/resize.js';
import { readLabels } from './labels-file.js';
import { OUTPUT_KINDS, type OutputKind, type Task } from './output-kind.js';
import { CARD_PRESETS, isCardPreset } from './presets.js';

export { readLabels };
export type { OutputKind };

/** The order in which a model takes the channels of a picture. */
export type Channels = 'RGB' | 'BGR' | 'GREY';

/** How a picture becomes a model's input. */
export interface InputCard {
  /** Axis order of the model's input. */
  readonly layout: 'NCHW' | 'NHWC';
  /** Height and width. */
  readonly size?: readonly [number, number];
  /** Shorter side (or exact height and width) to resize to before the crop. Default: cover `size`. */
  readonly resize?: number | readonly [number, number];
  /** Central crop after the resize. Default: `size`. */
  readonly crop?: number | readonly [number, number];
  /** How the resizing weighs pixels. Default: bilinear, antialiased. */
  readonly resample?: Resample;
  readonly channels: Channels;
  /** Largest pixel value before mean and std: 1 or 255. */
  readonly range: 1 | 255;
  /** Per channel in the model's own channel order, in the units of the range: input = (pixel - mean) / std. One number serves all channels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** A plug-in's preprocessing, by its name: what becomes of the pixels, in 0..range, before all else that the card says of their values. */
  readonly preprocessing?: string;
}

/** A whole card. */
export interface ModelCard {
  readonly input: InputCard;
  readonly output?: OutputKind;
  readonly task?: Task;
  /** Class names by index. */
  readonly labels?: readonly string[];
}

/** A card with every part optional, as files and options give it. `labels` may name a file; `notes` are for the user. */
export type PartialCard = {
  input?: Partial<InputCard>;
  /** False: the input is no picture, whatever its shape. */
  picture?: boolean;
  output?: OutputKind;
  /** What the output is explained as, where nobody asks for anything else. */
  task?: Task;
  labels?: readonly string[] | string;
  notes?: readonly string[];
};

/** Bytes of a file that describes a model; config.json of 21,000 classes takes one million. */
const MAX_JSON = 2 ** 26;

const side = z.int().positive();
const pair = z.tuple([side, side]);
const oneOf = <T extends string>(...values: readonly [T, ...T[]]): z.ZodType<T> =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });
const sideOrPair = z.union([side, pair], { error: 'must be a whole number or [height, width]' });
const numbers = z.array(z.number(), { error: 'must be a list of numbers' }).min(1, 'must be a list of numbers');

const Card = z
  .strictObject(
    {
      input: z
        .strictObject(
          {
            layout: oneOf('NCHW', 'NHWC'),
            size: z.tuple([side, side], { error: 'must be [height, width]' }),
            resize: sideOrPair,
            crop: sideOrPair,
            resample: oneOf('bilinear', 'bicubic', 'lanczos', 'box', 'hamming', 'nearest'),
            channels: oneOf('RGB', 'BGR', 'GREY'),
            range: z.union([z.literal(1), z.literal(255)], { error: 'must be one of 1, 255' }),
            mean: numbers,
            std: numbers.refine((std) => std.every((s) => s !== 0), 'must be a list of numbers other than 0'),
            preprocessing: z.string({ error: "must be the name of a plug-in's preprocessing" }),
          },
          { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'must be an object') },
        )
        .partial(),
      picture: z.boolean({ error: 'must be true or false' }),
      output: oneOf(...OUTPUT_KINDS),
      task: oneOf('classification', 'regression'),
      labels: z.union([z.string(), z.array(z.string())], { error: 'must be a file name or a list of names' }),
      assumed: z.array(z.string(), { error: 'must be a list of names of fields' }),
    },
    { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'expected a JSON object') },
  )
  .partial();

/** The form of a card that names no file: its labels are a list. */
export const PlainCard = Card.extend({ labels: z.array(z.string()).optional() });

/**
 * Reads a card file (JSON), or takes the one of the package that is called so (CARD_PRESETS), where no file is. Throws LanError (`data`) naming the
 * first field that is wrong or not known, and where `labels` names a file outside the card's folder.
 */
export function readCard(path: string): PartialCard {
  const where = `Card '${path}'`;
  if (!exists(path) && isCardPreset(path)) return CARD_PRESETS[path];
  if (!exists(path) && /^[\w-]+$/.test(path))
    throw new LanError('data', `${where}: there is no such file, and no card of this name comes with the package (those are: ${Object.keys(CARD_PRESETS).join(', ')}).`); // prettier-ignore
  const json = readJson(path, 'Card');
  const { success, data: card, error } = Card.safeParse(json);
  if (!success) throw wrong(where, json, error.issues[0]!);
  const { assumed = [], ...said } = card;
  const labels = typeof card.labels === 'string' ? readLabels(within(dirname(path), card.labels, where)) : card.labels;
  return { ...said, ...(labels ? { labels } : {}), ...(assumed.length > 0 ? { notes: [assumedText(path, assumed)] } : {}) };
}

/** Whoever wrote a card down may have had to guess: what is taken from it is no surer for being written. */
const assumedText = (path: string, fields: readonly string[]): string =>
  `the card '${path}' says that nobody confirmed: ${fields.join(', ')}. Where you have, take them out of its \`assumed\``;

/** What a text of JSON says of how pictures go in, checked as a card is. Throws LanError (`data`) naming the first field that is wrong. */
export function parseInputCard(text: string, where: string): Partial<InputCard> {
  const json = { input: parseJson(text, where) };
  const { success, data, error } = Card.safeParse(json);
  if (!success) throw wrong(where, json, error.issues[0]!);
  return data.input!;
}

/** The refusal of a field, in one sentence. */
function wrong(where: string, json: unknown, issue: z.core.$ZodIssue): LanError {
  if (issue.code === 'unrecognized_keys') {
    const place = issue.path.length > 0 ? `'${issue.path.join('.')}'` : 'a card';
    return new LanError('data', `${where}: ${place} has no field '${issue.keys[0]}'.`);
  }
  if (issue.path.length === 0) return new LanError('data', `${where}: ${issue.message}.`);
  // The field itself, also where one of its numbers is wrong.
  const path = issue.path.slice(0, issue.path[0] === 'input' ? 2 : 1);
  const value = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], json);
  const message = issue.message.startsWith('must') ? issue.message : path[1] === 'size' ? 'must be [height, width]' : 'must be a list of numbers'; // prettier-ignore
  return new LanError('data', `${where}: ${path.join('.')} ${message}, received ${JSON.stringify(value).slice(0, 100)}.`);
}

/** A file that a card names, which must lie in the card's folder, links resolved. */
function within(folder: string, name: string, where: string): string {
  const path = resolve(folder, name);
  const home = realPath(folder);
  const real = exists(path) ? realPath(path) : resolve(home, name);
  if (isAbsolute(name) || !real.startsWith(home.endsWith(sep) ? home : home + sep))
    throw new LanError(
      'data',
      `${where}: labels '${name}' lies outside the card's folder, and a card may only name files in its own.`,
      'Copy it beside the card.',
    );
  return path;
}

/** A file as JSON. Throws LanError (`data`) where it cannot be read, or is none. */
export function readJson(path: string, what: string): unknown {
  return parseJson(readTextSync(path, what, { limit: MAX_JSON }), `${what} '${path}'`);
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LanError('data', `${where}: cannot be read as JSON (${messageOf(error)}).`);
  }
}

/** The card that lies beside a model (`model.card.json`), if any. Throws as readCard. */
export function cardBeside(modelPath: string): PartialCard | undefined {
  const path = modelPath.replace(/\.onnx$/i, '') + '.card.json';
  return exists(path) ? readCard(path) : undefined;
}

/** One card of several: later ones win, field by field; notes are kept. Reads `labels` that name a file. */
export function mergeCards(...cards: readonly (PartialCard | undefined)[]): PartialCard {
  const merged: PartialCard = {};
  for (const card of cards) {
    if (!card) continue;
    merged.input = { ...merged.input, ...defined(card.input ?? {}) };
    if (card.picture !== undefined) merged.picture = card.picture;
    if (card.output) merged.output = card.output;
    if (card.task) merged.task = card.task;
    if (card.labels) merged.labels = typeof card.labels === 'string' ? readLabels(card.labels) : card.labels;
    if (card.notes) merged.notes = [...(merged.notes ?? []), ...card.notes];
  }
  return merged;
}

const defined = <T extends object>(o: T): Partial<T> =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Partial<T>;
