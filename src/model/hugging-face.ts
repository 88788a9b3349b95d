// What a Hugging Face folder says about a model's input: preprocessor_config.json, field by field, and config.json: class names, and timm's settings.
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { exists } from '../data/places.js';
import type { Resample } from '../data/resize.js';
import { hasTokenizer } from '../data/tokenizer.js';
import { readJson, type InputCard, type PartialCard } from './card.js';
import { byIndex } from './labels-file.js';
import { inputOfTimm, TimmConfig } from './timm.js';

/** PIL's numbers. */
const RESAMPLE: readonly Resample[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

const side = z.int().positive();
const sizes = z.union([
  side,
  z.object({ height: side, width: side }),
  z.object({ shortest_edge: side, longest_edge: side.optional() }),
]);
const flag = z.boolean().optional();
const channels = z.union([z.number(), z.array(z.number()).min(1)]).optional();

const Preprocessor = z.looseObject({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: flag,
  size: sizes.optional(),
  default_to_square: flag,
  resample: z.int().optional(),
  crop_pct: z.number().positive().max(1).optional(),
  do_center_crop: flag,
  crop_size: sizes.optional(),
  do_rescale: flag,
  rescale_factor: z.number().positive().optional(),
  rescale_offset: flag,
  do_normalize: flag,
  image_mean: channels,
  image_std: channels,
  include_top: flag,
  do_flip_channel_order: flag,
  // Samples a second: it prepares no pictures but sound.
  sampling_rate: z.number().optional(),
});
type Preprocessor = z.infer<typeof Preprocessor>;

/** Fields that change no pixel of a colour photo. */
const HARMLESS = new Set(['processor_class', 'auto_map', '_auto_class', '_valid_processor_keys', 'return_tensors', 'data_format', 'input_data_format', 'device', 'disable_grouping', 'do_convert_rgb', 'do_reduce_labels', 'num_channels']); // prettier-ignore

const Config = z.looseObject({
  id2label: z.record(z.string(), z.string()).optional(),
  // timm's.
  pretrained_cfg: TimmConfig.optional(),
  label_names: z.array(z.string()).optional(),
  problem_type: z.string().optional(),
});

/** What config.json says of the answer, by transformers' names of losses. */
const PROBLEMS: Readonly<Record<string, Pick<PartialCard, 'output' | 'task'>>> = {
  regression: { task: 'regression' },
  // Each label has a Sigmoid of its own, which transformers leaves to whoever calls the model.
  multi_label_classification: { output: 'sigmoid-logits' },
};

/** null stands for a field that is not there. */
const withoutNulls = (json: unknown): unknown =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
    ? Object.fromEntries(Object.entries(json).flatMap(([k, v]) => (v === null ? [] : [[k, withoutNulls(v)]])))
    : json;

/** Checks a file's JSON. Throws LanError (`data`) that names the field. */
function checked<T>(form: z.ZodType<T>, json: unknown, what: string, path: string): T {
  const { success, data, error } = form.safeParse(withoutNulls(json));
  if (success) return data;
  const { path: field } = error.issues[0]!;
  throw new LanError(
    'data',
    field.length === 0
      ? `${what} '${path}': expected a JSON object.`
      : `${what} '${path}': '${field.join('.')}' has a form that is not understood.`,
  );
}

/**
 * The card that a Hugging Face folder implies. Of its output it says whether several labels may hold, or it is a value; the graph says the rest. A field that changes pixels and is not
 * understood is noted by its name.
 * Throws LanError (`data`) for files that are no JSON objects, fields of a wrong form, and a normalisation or resampling that is not known.
 */
export function cardOfHuggingFace(folder: string): PartialCard {
  const card: PartialCard = {};
  const preprocessor = join(folder, 'preprocessor_config.json');
  if (exists(preprocessor)) {
    const p = checked(Preprocessor, readJson(preprocessor, 'Preprocessor'), 'Preprocessor', preprocessor);
    const sound = p.sampling_rate;
    if (sound === undefined) card.input = { ...valuesOf(p, preprocessor), ...geometryOf(p, preprocessor) };
    else card.picture = false;
    const notes = sound === undefined ? notesOf(p) : [`preprocessor_config.json prepares sound (${sound} samples a second), which is not done here: give what it makes of a recording as \`tensor\``]; // prettier-ignore
    if (notes.length > 0) card.notes = notes;
  }
  const config = join(folder, 'config.json');
  if (exists(config)) {
    const {
      id2label,
      pretrained_cfg: timm,
      label_names: names,
      problem_type: problem,
    } = checked(Config, readJson(config, 'Config'), 'Config', config);
    if (id2label && Object.keys(id2label).length > 0) card.labels = byIndex(id2label, `Config '${config}'`);
    else if (names && names.length > 0) card.labels = names;
    if (problem !== undefined && Object.hasOwn(PROBLEMS, problem)) Object.assign(card, PROBLEMS[problem]);
    if (timm && !card.input) card.input = inputOfTimm(timm, config);
  }
  return card;
}

/** Channels, range, mean and std. Any factor can be said in pixels of 0..255: p * f - m over s is (p - m / f) / (s / f). */
function valuesOf(p: Preprocessor, path: string): Partial<InputCard> {
  const factor = p.do_rescale === false ? 1 : (p.rescale_factor ?? 1 / 255);
  const named = p.image_mean !== undefined && p.image_std !== undefined;
  // Types differ in their default; where nothing is named nothing is done (MobileViT), and where it is named it is meant.
  const normalize = p.do_normalize ?? named;
  if (normalize && !named)
    throw new LanError('data', `Preprocessor '${path}': do_normalize is true, but image_mean and image_std are not named.`);
  const offset = p.rescale_offset === true && p.do_rescale !== false ? 1 : 0;
  const list = (v: number | number[]): number[] => (typeof v === 'number' ? [v] : v);
  const mean = (normalize ? list(p.image_mean!) : [0]).map((m) => m + offset);
  // EfficientNet divides by the deviation twice for its own head.
  const std = (normalize ? list(p.image_std!) : [1]).map((s) => (p.include_top === true && normalize ? s * s : s));
  if (std.some((s) => s === 0)) throw new LanError('data', `Preprocessor '${path}': image_std must not be 0.`);
  const unit = Math.abs(factor * 255 - 1) < 1e-6;
  return {
    channels: p.do_flip_channel_order === true ? 'BGR' : 'RGB',
    range: unit ? 1 : 255,
    mean: unit ? mean : mean.map((m) => m / factor),
    std: unit ? std : std.map((s) => s / factor),
  };
}

const typeOf = (p: Preprocessor): string => p.image_processor_type ?? p.feature_extractor_type ?? '';
/** Types that take a plain number for the shorter side; all others for both. */
const SHORTEST = /^(CLIP|ConvNext|MobileViT|MobileNet|Levit|Poolformer|Bit|Chinese|Siglip2)/;
/** ConvNext resizes from this side on to the exact size, without a crop. */
const EXACT_FROM = 384;

function geometryOf(p: Preprocessor, path: string): Partial<InputCard> {
  if (p.resample !== undefined && !RESAMPLE[p.resample])
    throw new LanError('data', `Preprocessor '${path}': resample ${p.resample} is not one of PIL's 0 to 5.`);
  const resample = p.resample === undefined ? {} : { resample: RESAMPLE[p.resample]! };
  const square = p.default_to_square ?? !SHORTEST.test(typeOf(p));
  const named = typeof p.size === 'number' ? (square ? undefined : p.size) : p.size && 'shortest_edge' in p.size ? p.size.shortest_edge : undefined; // prettier-ignore
  // LeViT's processor makes the shorter side 256/224 of what it is told.
  const shortest = named !== undefined && /^Levit/.test(typeOf(p)) ? Math.trunc((256 / 224) * named) : named;
  const exact = shortest === undefined ? pairOf(p.size) : undefined;
  const crops = p.do_center_crop ?? p.crop_size !== undefined;
  const cropped = crops ? pairOf(p.crop_size) : undefined;
  // Perceiver's crops first, to size / crop_size of the shorter side, and resizes what is left to the size.
  if (/^Perceiver/.test(typeOf(p)) && exact && cropped && p.do_resize !== false)
    return { size: exact, resize: Math.min(...cropped), ...resample };
  if (p.do_resize === false) return cropped ? { size: cropped, crop: cropped } : {};
  // crop_pct: the picture is made that much larger than what is kept of its middle.
  if (p.crop_pct !== undefined && (shortest ?? exact) !== undefined) {
    const kept = shortest ?? Math.min(...exact!);
    const size = cropped ?? exact ?? [kept, kept];
    const whole = /^ConvNext/.test(typeOf(p)) && kept >= EXACT_FROM;
    return { size, resize: whole ? size : Math.floor(kept / p.crop_pct), ...resample };
  }
  const size = cropped ?? exact;
  const resize = shortest ?? exact;
  return { ...(size ? { size } : {}), ...(resize === undefined ? {} : { resize }), ...resample };
}

function pairOf(size: Preprocessor['size']): [number, number] | undefined {
  if (size === undefined) return undefined;
  if (typeof size === 'number') return [size, size];
  return 'height' in size ? [size.height, size.width] : [size.shortest_edge, size.shortest_edge];
}

function notesOf(p: Preprocessor): string[] {
  const known = new Set(Object.keys(Preprocessor.shape));
  const unread = Object.entries(p).flatMap(([name, value]) =>
    known.has(name) || HARMLESS.has(name) || value === false || value === undefined ? [] : [name],
  );
  const notes: string[] = [];
  if (unread.length > 0)
    notes.push(
      `preprocessor_config.json: ${unread.join(', ')}: not understood and ignored, so pictures may be prepared otherwise than the model expects`,
    );
  if (typeof p.size === 'object' && p.size && 'longest_edge' in p.size && p.size.longest_edge !== undefined)
    notes.push(
      'preprocessor_config.json: size.longest_edge is ignored, so a long picture may stay longer than the model expects',
    );
  if (/^Perceiver/.test(typeOf(p)) && p.do_resize !== false && p.do_center_crop !== false && p.crop_size !== undefined)
    notes.push(
      'preprocessor_config.json: this processor crops a picture and then resizes it; here it is resized and then cropped, which may lie up to half a pixel off',
    );
  return notes;
}

/**
 * The Hugging Face folder that a file lies in, beside its preprocessor_config.json or a tokenizer with its config.json, or in the `onnx` of one; undefined
 * where it lies in none.
 */
export function folderAround(path: string): string | undefined {
  const folder = dirname(path);
  const ofTexts = exists(join(folder, 'config.json')) && hasTokenizer(folder);
  if (ofTexts || exists(join(folder, 'preprocessor_config.json'))) return folder;
  const above = basename(resolve(folder)) === 'onnx' ? dirname(resolve(folder)) : undefined;
  const isOne = above && ['preprocessor_config.json', 'config.json'].some((name) => exists(join(above, name)));
  return isOne ? above : undefined;
}
