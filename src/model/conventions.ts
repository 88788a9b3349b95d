// Preprocessings in common use, and the card that is in force where only parts of one were given.
import { LanError } from '../core/errors.js';
import type { InputCard, PartialCard } from './card.js';
import type { Picture } from './picture.js';

/** What becomes of pixel values. */
export type PixelValues = Pick<InputCard, 'channels' | 'range' | 'mean' | 'std'>;

/** Preprocessings of colour pictures in common use, tried in turn where nobody says which a model wants. */
export const CONVENTIONS: Readonly<Record<string, PixelValues>> = {
  'torchvision (RGB, 0..1, ImageNet mean and std)': {
    channels: 'RGB',
    range: 1,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  'Caffe (BGR, 0..255, ImageNet mean)': { channels: 'BGR', range: 255, mean: [104, 117, 123], std: [1, 1, 1] },
  'TensorFlow (RGB, -1..1)': { channels: 'RGB', range: 255, mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  'RGB, 0..1': { channels: 'RGB', range: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  'RGB, 0..255': { channels: 'RGB', range: 255, mean: [0, 0, 0], std: [1, 1, 1] },
};

/** A convention that the origin of a file speaks for, and why. */
export interface OriginConvention {
  /** A name in CONVENTIONS. */
  readonly convention: string;
  readonly because: string;
}

/**
 * What a file's producer (the exporter's name in it) and its number of classes say of how colour pictures go in: networks of 1,001 ImageNet classes, the first the
 * background, are TensorFlow's (slim and its Lite models, all of them -1..1); Caffe's files and PyTorch's of 1,000 classes follow their makers. Undefined
 * where that says nothing: Keras has a way of its own for each of its networks.
 */
export function conventionOfOrigin(producer: string, classes: number): OriginConvention | undefined {
  const [torchvision, caffe, tensorflow] = Object.keys(CONVENTIONS) as [string, string, string];
  if (classes === 1001) return { convention: tensorflow, because: "networks of 1001 classes are mostly TensorFlow's" };
  if (classes !== 1000) return undefined;
  if (/caffe/i.test(producer)) return { convention: caffe, because: `it was written by '${producer}'` };
  return /^(pytorch|mxnet)/i.test(producer) ? { convention: torchvision, because: `it was written by '${producer}'` } : undefined;
}

/** Those of grey pictures. */
const GREY_CONVENTIONS: Readonly<Record<string, PixelValues>> = {
  'grey, 0..255': { channels: 'GREY', range: 255, mean: [0], std: [1] },
  'grey, 0..1': { channels: 'GREY', range: 1, mean: [0], std: [1] },
  'grey, -1..1': { channels: 'GREY', range: 1, mean: [0.5], std: [0.5] },
  'grey, 0..1, MNIST mean and std': { channels: 'GREY', range: 1, mean: [0.1307], std: [0.3081] },
};

/** The same with black and white exchanged: what follows sees 1 - x in place of x. */
export function exchanged<V extends PixelValues>(values: V): V {
  const { range, mean, std } = values;
  return { ...values, mean: mean.map((m) => Number((range - m).toFixed(6))), std: std.map((s) => -s) };
}

/** Those of grey pictures, and each with black and white exchanged: a network of white digits is given ink on paper. */
const GREY_BOTH_WAYS: Readonly<Record<string, PixelValues>> = {
  ...GREY_CONVENTIONS,
  ...Object.fromEntries(
    Object.entries(GREY_CONVENTIONS).map(([name, values]) => [`${name}, black and white exchanged`, exchanged(values)]),
  ),
};

/** Of a card, only what becomes of pixel values. */
function valuesIn({ channels, range, mean, std }: Partial<InputCard>): Partial<PixelValues> {
  return Object.fromEntries(Object.entries({ channels, range, mean, std }).filter(([, v]) => v !== undefined));
}

/** A convention with the fields that were given in place of its own; means and deviations follow the order of channels. */
function valuesWith(convention: PixelValues, given: Partial<InputCard>): PixelValues {
  const turned = given.channels !== undefined && given.channels !== convention.channels;
  const ordered = (v: readonly number[]): readonly number[] => (turned ? v.toReversed() : v);
  return { ...convention, mean: ordered(convention.mean), std: ordered(convention.std), ...valuesIn(given) };
}

/**
 * What may be in force where the card leaves it open, by name: each convention with the fields that were given, once. `turned`: with both orders of
 * channels as well, and in grey with black and white exchanged, where that was left open.
 */
export function candidates(
  given: Partial<InputCard>,
  channels: 1 | 3,
  { turned = false }: { readonly turned?: boolean } = {},
): ReadonlyMap<string, PixelValues> {
  const open = given.mean === undefined && given.std === undefined;
  const known = Object.entries(channels === 3 ? CONVENTIONS : turned && open ? GREY_BOTH_WAYS : GREY_CONVENTIONS);
  const found = new Map<string, PixelValues>();
  const seen = new Set<string>();
  const both = turned && channels === 3 && given.channels === undefined;
  for (const order of both ? [undefined, 'BGR' as const, 'RGB' as const] : [given.channels]) {
    for (const [name, convention] of known) {
      const values = valuesWith(convention, { ...given, ...(order ? { channels: order } : {}) });
      const key = describeValues(values);
      if (seen.has(key)) continue;
      seen.add(key);
      found.set(key === describeValues(convention) ? name : key, values);
    }
  }
  return found;
}

/** `BGR, 0..1, mean 0.406 0.456 0.485, std 0.225 0.224 0.229`. */
export function describeValues({ channels, range, mean, std }: PixelValues): string {
  const plain = mean.every((m) => m === 0) && std.every((s) => s === 1);
  const rest = plain ? '' : `, mean ${mean.join(' ')}, std ${std.join(' ')}`;
  return `${channels === 'GREY' ? 'grey' : channels}, 0..${range}${rest}`;
}

/** Did nobody say what becomes of pixel values? The order of channels and deviations alone do not tell. */
export const leavesValuesOpen = ({ mean, range }: Partial<InputCard>): boolean => mean === undefined && range === undefined;

/** The range that mean and deviations are in the units of. */
function rangeOf({ range, mean = [0], std = [1] }: Partial<InputCard>): 1 | 255 {
  if (range !== undefined) return range;
  const small = (v: readonly number[], most: (n: number) => boolean): boolean => v.every((n) => most(Math.abs(n)));
  const unit = mean.some((m) => m !== 0) ? small(mean, (n) => n <= 1) && small(std, (n) => n <= 1) : small(std, (n) => n < 1);
  return unit ? 1 : 255;
}

/**
 * The card with every field: what is not given is torchvision's convention, or plain pixels where the picture is grey or mean or range are given.
 * Throws LanError (`data`, `input`) for channels, a size and numbers of values that contradict the file.
 */
export function completeCard(given: Partial<InputCard>, picture: Pick<Picture, 'layout' | 'channels' | 'size'>): InputCard {
  const grey = picture.channels === 1;
  if (given.channels !== undefined && (given.channels === 'GREY') !== grey)
    throw new LanError('data', `Card: channels ${given.channels} do not fit the model's input, which has ${picture.channels}.`);
  if (given.size && given.size.join() !== picture.size.join())
    throw new LanError(
      'data',
      `Card: size [${given.size.join(',')}] contradicts the model's input of [${picture.size.join(',')}].`,
    );
  const plain = { channels: grey ? 'GREY' : 'RGB', range: rangeOf(given), mean: [0], std: [1] } as const;
  const values = grey || !leavesValuesOpen(given) ? { ...plain, ...valuesIn(given) } : valuesWith(Object.values(CONVENTIONS)[0]!, given); // prettier-ignore
  const others = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const card = { ...others, ...values, layout: picture.layout, size: picture.size };
  const count = grey ? 1 : 3;
  for (const field of ['mean', 'std'] as const) {
    if (card[field].length !== 1 && card[field].length !== count)
      throw new LanError('input', `Card: ${field} has ${card[field].length} values for ${count} channel(s).`);
  }
  return card;
}

/** What was taken for the fields that a card in force leaves open, for the user; empty where it leaves none, or all of them. */
export function assumedFields(given: Partial<InputCard>, card: InputCard): string[] {
  if (leavesValuesOpen(given)) return [];
  const open = (['channels', 'range', 'mean', 'std'] as const).filter((f) => given[f] === undefined && card.channels !== 'GREY');
  const shown = open.map((f) => `${f} ${String(card[f]).replaceAll(',', ' ')}`);
  return open.length > 0 ? [`the card leaves ${open.join(', ')} open: taken ${shown.join(', ')}`] : [];
}

/**
 * Throws LanError (`usage`) where the caller's card says how a picture goes in, but the explained input is none, or not in that way: it would be
 * without effect.
 */
export function refuseUnused(
  said: PartialCard | undefined,
  picture: Picture | undefined,
  input: { readonly name: string; readonly dims?: readonly unknown[] } | undefined,
  model: string,
): void {
  const fields = Object.entries(said?.input ?? {}).flatMap(([field, value]) => (value === undefined ? [] : [`\`${field}\``]));
  if (fields.length === 0 || picture || !input) return;
  throw new LanError(
    'usage',
    `${model}: its input '${input.name}' [${(input.dims ?? []).join(',')}] takes no picture of this kind, so ${fields.join(', ')} would be without effect.`,
    'Leave it out, or give the `size` and `layout` of the picture that the input holds.',
  );
}
