// How a model's input holds a picture: told by its shape, by the card, and by its type.
import { LanError } from '../core/errors.js';
import { allocate, setWhole, sizeOf, toFloat32, type DType, type Tensor } from '../core/tensor.js';
import type { ImageSpec } from '../data/images.js';
import type { InputCard } from './card.js';
import { normalise } from './preprocess.js';

/** A picture as an input holds it. */
export interface Picture {
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 1 | 3;
  /** Height and width. */
  readonly size: readonly [number, number];
  /** False where the input has no batch axis: [C,H,W], [H,W,C] or a flat row alone. */
  readonly batched: boolean;
}

/** Dims of a model's input of shape `input` for a batch of pictures. */
export const ownDims = (picture: Picture | undefined, input: readonly number[], batch: number): readonly number[] =>
  picture?.batched === false ? input : [batch, ...input.slice(1)];

/** A declared axis: a length, a symbol, or nothing known. */
type Axis = number | string | null | undefined;

/** Sides from which on a shape alone is taken for a picture. */
const LEAST = 8;

const isChannels = (n: Axis): n is 1 | 3 => n === 1 || n === 3;
const known = (n: Axis): n is number => typeof n === 'number' && n > 0;

/** Types of whole numbers that hold nothing else as often as pixels: an array of them with two axes a sample is a grey picture. */
const PIXEL_TYPES: ReadonlySet<DType> = new Set(['uint8', 'int8', 'uint16']);

/**
 * The picture in an input of these dims; undefined where it is none. Rank 4 with 1 or 3 channels and sides of at least 8, or of any length where the
 * card says something of pictures. Where more is known (the file takes `integers`, or the card gives a size, channels or a layout) also [C,H,W] and
 * [H,W,C] without a batch. Grey without an axis of channels, [N,H,W]: where the card says GREY, or the type is one of pixels; floats of such a shape are as
 * often a series of N, T, F. Where the card gives the size also any [N,...] whose samples have as many values as such a picture: [N,784], [N,2352],
 * [N,28,28], and [H,W] itself.
 */
export function pictureIn(dims: readonly number[], card: Partial<InputCard> = {}, integers?: DType): Picture | undefined {
  const { layout, size, channels, mean, range } = card;
  const least = size || channels || layout || mean || range ? 1 : LEAST;
  const planes = (from: number): Omit<Picture, 'batched'> | undefined => {
    const [a, b, c] = dims.slice(from) as [number, number, number];
    if (layout !== 'NHWC' && isChannels(a) && b >= least && c >= least) return { layout: 'NCHW', channels: a, size: [b, c] };
    if (layout !== 'NCHW' && isChannels(c) && a >= least && b >= least) return { layout: 'NHWC', channels: c, size: [a, b] };
    return undefined;
  };
  if (dims.length === 4) {
    const found = planes(1);
    if (found) return { ...found, batched: true };
  }
  if (dims.length === 3 && (integers || size || channels || layout)) {
    const found = planes(0);
    // One channel in front may as well be a batch of one.
    const sure = found && (found.channels === 3 || channels === 'GREY') && (!size || size.join() === found.size.join());
    if (sure) return { ...found, batched: false };
  }
  return size ? flatPicture(dims, size, card) : greyPicture(dims, channels, integers);
}

/** [N,H,W]: a grey picture without an axis of channels. Colour never goes without one. */
function greyPicture(dims: readonly number[], channels: InputCard['channels'] | undefined, type?: DType): Picture | undefined {
  const said = channels === 'GREY';
  if (dims.length !== 3 || (channels !== undefined && !said) || !(said || (type && PIXEL_TYPES.has(type)))) return undefined;
  const [, height, width] = dims as [number, number, number];
  const least = said ? 1 : LEAST;
  return height >= least && width >= least ? { layout: 'NCHW', channels: 1, size: [height, width], batched: true } : undefined;
}

/** A picture whose axes are folded together. */
function flatPicture(
  dims: readonly number[],
  size: readonly [number, number],
  { layout = 'NCHW', channels }: Partial<InputCard>,
): Picture | undefined {
  // Four axes hold a picture's own, which the size then contradicts.
  if (dims.length === 0 || dims.length > 3) return undefined;
  // The picture itself: [H,W] is no batch of rows.
  if (dims.join() === size.join() && (channels === undefined || channels === 'GREY'))
    return { layout, channels: 1, size, batched: false };
  const batched = dims.length > 1;
  const count = sizeOf(batched ? dims.slice(1) : dims) / sizeOf(size);
  const fits = isChannels(count) && (channels === undefined || (channels === 'GREY') === (count === 1));
  return fits ? { layout, channels: count, size, batched } : undefined;
}

/**
 * Declared dims with the open axes of a picture bound: its channels by the card, its sides by `size`. Undefined where the input cannot be a picture
 * or a side stays open.
 */
export function boundPicture(
  dims: readonly Axis[],
  { layout, channels }: Partial<InputCard>,
  size: readonly [number, number] | undefined,
): number[] | undefined {
  const count = channels === 'GREY' ? 1 : 3;
  if (dims.length === 2 && size && !known(dims[1])) return [known(dims[0]) ? dims[0] : 1, count * sizeOf(size)];
  if (dims.length !== 4 && dims.length !== 3) return undefined;
  const flat = dims.length === 3 && !isChannels(dims[0]) && !isChannels(dims[2]) && layout === undefined;
  const batched = dims.length === 4 || flat;
  const [a, , c] = dims.slice(batched ? 1 : 0);
  const last = layout === 'NHWC' || (layout === undefined && isChannels(c) && !isChannels(a));
  const wanted = flat ? (size ?? []) : last ? [...(size ?? []), count] : [count, ...(size ?? [])];
  const filled = dims.map((d, i) => (known(d) ? d : batched && i === 0 ? 1 : size ? wanted[batched ? i - 1 : i]! : undefined));
  return filled.every((d) => d !== undefined) ? filled : undefined;
}

/** Least and largest value of the types in which files take pictures. */
const RANGES: Partial<Record<DType, readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 53), 2 ** 53],
  uint64: [0, 2 ** 53],
};

/** Can a file take pictures in this type? */
export const holdsPixels = (type: DType | undefined): boolean => type !== undefined && type in RANGES;

/** Values that a picture must keep: fewer are another model's normalisation, not pixels. */
const LEVELS = 16;

/**
 * The card of a picture that goes in as whole numbers: what is not given is 0..255 as it is (int8: 128 less), as preprocessing is inside such
 * models; `sixteen`: as 0..65535, 257 times that. Throws LanError (`data`) where the card's own normalisation would be rounded away, or does not fit the type.
 */
export function integerCard(given: Partial<InputCard>, type: DType, model: string, sixteen = false): Partial<InputCard> {
  const zero = type === 'int8' ? [128] : [0];
  const { range = 255, mean = zero, std = [sixteen ? range / 65535 : 1] } = given;
  const [low, high] = RANGES[type]!;
  const ends = Array.from(normalise(Float32Array.of(0, 0, 0, 1, 1, 1), [2, 3, 1, 1], { range, mean, std, layout: 'NCHW' }));
  const spans = std.map((s) => Math.abs(range / s));
  if (spans.some((s) => s < LEVELS) || ends.some((v) => v < low - 0.5 || v > high + 0.5))
    throw new LanError(
      'data',
      `${model}: takes pictures as whole numbers of type ${type}, but the card makes them ${Math.min(...ends)} to ${Math.max(...ends)}.`,
      `Give \`range\` 255, \`mean\` ${zero[0]} and \`std\` 1 where normalisation is done inside the model.`,
    );
  return { ...given, range, mean, std };
}

/** Numbers as the nearest ones that an integer type holds. */
export function rounded(tensor: Tensor, type: DType): Tensor {
  const [low, high] = RANGES[type] ?? [-Infinity, Infinity];
  const data = allocate(type, tensor.dims);
  const values = toFloat32(tensor);
  for (let i = 0; i < values.length; i++) {
    const v = Math.min(high, Math.max(low, Math.round(values[i]!)));
    setWhole(data, i, v, type);
  }
  return { type, dims: tensor.dims, data };
}

/** How the pictures of a classifier of pictures are read. */
export function imageSpec({
  card,
  inputShape,
}: {
  readonly card: InputCard | undefined;
  readonly inputShape: readonly number[];
}): ImageSpec {
  const { resize, crop, resample, range } = card!;
  const [channels, height, width] = inputShape as [1 | 3, number, number];
  return { channels, height, width, resize, crop, resample, range };
}
