// What is to be explained, however it comes: the path of a picture or an .npy file, bytes, a Tensor, or ids of tokens.
import { basename, extname } from 'node:path';
import { LanError } from '../core/errors.js';
import { castTensor, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { readBytes, sha256 } from '../data/files.js';
import { pictureSize, readImage } from '../data/images.js';
import { decodeNpy } from '../data/npy.js';
import { exists } from '../data/places.js';
import type { Classifier } from '../model/open.js';
import { imageSpec } from '../model/picture.js';
import type { Features } from '../report/features.js';
import type { Tokens } from '../report/tokens.js';

/**
 * One input to explain: the path of a picture or of an .npy file, the bytes of either, a Tensor of one sample in the space of the classifier
 * (a picture: RGB [C,H,W] or [1,C,H,W] in 0..card.range, uint8 in 0..255), or ids of tokens.
 */
export type AuditInput = string | Uint8Array | Tensor | readonly (number | bigint)[];

/** An input, read. */
export interface Sample {
  /** Where it came from; absent for bytes, tensors and ids. */
  readonly path?: string;
  /** What a heading calls it: the file's name without its ending, or `input`. */
  readonly title: string;
  /** Of the file, or of a tensor's data. */
  readonly sha256: string;
  /** [1,...inputShape]; pictures in pixel space, 0..card.range. */
  readonly x: Tensor;
  /** Pixels of a picture file in 0..255, from which a convention may be chosen: [1,C,H,W]. */
  readonly pixels?: Tensor;
  /** Of a picture file: the largest value in `x`, by the card that it was read with. */
  readonly range?: 1 | 255;
  /** Of a text or of bytes: its tokens, as whoever made them calls them. */
  readonly tokens?: Tokens;
  /** Of words counted and of rows of a table: what the elements are called. */
  readonly features?: Features;
  /** The noise that suits such an input, where nobody asks for another. */
  readonly noise?: string;
  /** Other noise that suits it. */
  readonly otherNoises?: readonly string[];
  readonly notes: readonly string[];
}

/** What an input has to be, where the caller knows it: else its bytes say. */
export type Expected = 'picture' | 'array';

/**
 * Reads an input for this classifier; pictures at the card's size and range. Throws LanErrors for other inputs of the model without a value, LanError
 * (`data`) for a file that is no sample of this model or a tensor whose values lie outside the card's range, or no file at all.
 */
export async function readInput(classifier: Classifier, input: AuditInput, expected?: Expected): Promise<Sample> {
  // Where a path goes round the hook point, each sample brings the value that is missing.
  if (!classifier.hookPoint?.hasSkipPath) classifier.requireFeeds();
  if (typeof input === 'string') {
    refuseText(classifier, input);
    const bytes = await readBytes(input, expected === 'array' ? 'Tensor' : 'Image');
    const title = basename(input, extname(input));
    return { path: input, title, sha256: sha256(bytes), ...(await decoded(classifier, bytes, input, expected)) };
  }
  if (isBytes(input))
    return { title: 'input', sha256: sha256(input), ...(await decoded(classifier, input, undefined, expected)) };
  const tensor = isTensor(input) ? input : idsOf(classifier, input);
  const x = asSample(classifier, tensor, 'Input');
  return { title: 'input', sha256: sha256(bytesOf(x)), x, notes: rangeNotes(classifier, x, 'Input') };
}

/** Pixels in 0..255 in the range of the classifier's card. */
export const inRange = (pixels: Tensor, { card }: Pick<Classifier, 'card'>): Tensor =>
  card!.range === 255 ? pixels : { ...pixels, data: toFloat32(pixels).map((v) => v / 255) };

const isTensor = (input: AuditInput): input is Tensor => typeof input === 'object' && 'dims' in input;
/** A tensor's data as bytes, to be hashed; of strings as JSON. */
export const bytesOf = ({ data }: Tensor): Uint8Array =>
  ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new TextEncoder().encode(JSON.stringify(data));
/** Bytes of another realm (a vm, jest) are no `instanceof Uint8Array`. */
const isBytes = (input: AuditInput): input is Uint8Array => ArrayBuffer.isView(input);

/** `\x93NUMPY`, with which every .npy file begins. */
const isNpy = (bytes: Uint8Array): boolean => bytes[0] === 0x93 && new TextDecoder().decode(bytes.subarray(1, 6)) === 'NUMPY';

async function decoded(
  classifier: Classifier,
  bytes: Uint8Array,
  path: string | undefined,
  expected: Expected | undefined,
): Promise<Pick<Sample, 'x' | 'pixels' | 'range' | 'notes'>> {
  const name = path ?? 'from memory';
  if (expected === 'array' || (expected === undefined && (isNpy(bytes) || extname(name).toLowerCase() === '.npy'))) {
    const label = `Tensor '${name}'`;
    const x = asSample(classifier, decodeNpy(bytes, name), label);
    return { x, notes: rangeNotes(classifier, x, label) };
  }
  const { card } = classifier;
  if (!card)
    throw new LanError(
      'data',
      `${classifier.source.name}: its input [${classifier.input.shape.join(',')}] is not a picture.`,
      `Give an .npy file or a Tensor of one sample.${callItPicture(classifier.input.shape)}`,
    );
  const spec = imageSpec(classifier);
  const { tensor, note } = await readImage(bytes, spec, path);
  const pixels = { ...tensor, data: toFloat32(tensor).map((v) => (v / spec.range) * 255) };
  return { x: tensor, pixels, range: spec.range, notes: note ? [note] : [] };
}

/** How to say that an input of this shape holds a picture all the same. */
function callItPicture({ length }: readonly number[]): string {
  if (length === 3) return ' Where it takes a grey picture without an axis of channels, say so with `channels` GREY.';
  return length <= 2 ? ' Where it takes a picture, give its `size`.' : '';
}

/**
 * The shape of a list of ids, a tensor or an .npy file, which binds what a model leaves open (the length of a text); undefined for pictures, which a path
 * is without that ending where the caller does not know better. Throws LanError as decodeNpy.
 */
export async function shapeOf(input: AuditInput, expected?: Expected): Promise<readonly number[] | undefined> {
  if (typeof input === 'string') {
    const array = expected === 'array' || extname(input).toLowerCase() === '.npy';
    return array ? decodeNpy(await readBytes(input, 'Tensor'), input).dims : undefined;
  }
  if (isBytes(input)) return isNpy(input) ? decodeNpy(input, 'from memory').dims : undefined;
  return isTensor(input) ? input.dims : [1, input.length];
}

/** Height and width of a picture file, which bind what a model leaves open; undefined for anything else, which will be refused where it is read. */
export async function sizeOfPicture(input: AuditInput): Promise<readonly [number, number] | undefined> {
  if (typeof input !== 'string' && !isBytes(input)) return undefined;
  if (typeof input === 'string' ? !exists(input) || extname(input).toLowerCase() === '.npy' : isNpy(input)) return undefined;
  return pictureSize(input).catch(() => undefined);
}

function asSample(classifier: Classifier, tensor: Tensor, label: string): Tensor {
  const wanted = classifier.inputShape;
  const own = tensor.dims.length === wanted.length + 1 && tensor.dims[0] === 1 ? tensor.dims.slice(1) : tensor.dims;
  // A flat sample of the right length is taken, as .npy files often have lost their axes; planes for an input with channels last are not.
  if (sizeOf(tensor.dims) !== sizeOf(wanted) || (own.length === wanted.length && own.join() !== wanted.join()))
    throw new LanError(
      'data',
      `${label}: expected one sample of shape [${wanted.join(',')}], received [${tensor.dims.join(',')}].`,
      tensor.dims.length === wanted.length + 1 && tensor.dims.indexOf(1) > 0
        ? `Where the array is one sample all the same (time first, say), say so: \`shapes\` ${classifier.input.name}=${tensor.dims.join(',')}.`
        : undefined,
    );
  const dims = [1, ...wanted];
  // Bytes are pixels wherever pictures are taken.
  if (tensor.type === 'uint8' && classifier.card)
    return { type: 'float32', dims, data: toFloat32(tensor).map((v) => (v * classifier.card!.range) / 255) };
  // A file that takes whole numbers has no answer to others, whatever type its graph goes on in.
  const whole = classifier.integers ? castTensor(tensor, classifier.integers) : tensor;
  return { ...castTensor(whole, classifier.input.type), dims };
}

function idsOf(classifier: Classifier, ids: readonly (number | bigint)[]): Tensor {
  if (classifier.card || !/^u?int/.test(classifier.input.type))
    throw new LanError(
      'data',
      `${classifier.source.name}: takes ${classifier.card ? 'pictures' : classifier.input.type}, and a list is taken for ids of tokens.`,
      'Give a Tensor.',
    );
  return { type: 'int64', dims: [1, ids.length], data: BigInt64Array.from(ids, (id) => BigInt(id)) };
}

/** Throws LanError where a string can only be meant as text. */
function refuseText(classifier: Classifier, text: string): void {
  if (classifier.card || !/^u?int/.test(classifier.input.type) || exists(text) || extname(text) === '.npy') return;
  throw new LanError(
    'data',
    `'${text.slice(0, 40)}': no such file.`,
    'Give a text as { text }, or the ids of its tokens, as a list or an .npy file.',
  );
}

/**
 * Throws LanError where a tensor's values cannot be pixels of this classifier's range: preprocessing would go silently wrong. Where nobody said what
 * pictures are and the values go in as they come (grey without a card), it is noted only: a spectrogram looks like a picture.
 */
function rangeNotes(classifier: Classifier, x: Tensor, label: string): string[] {
  const { card } = classifier;
  if (!card) return [];
  const values = toFloat32(x);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const found = `its values run from ${Number(low.toPrecision(4))} to ${Number(high.toPrecision(4))}`;
  const slack = 1e-3 * card.range;
  const asItIs = card.mean.every((m) => m === 0) && card.std.every((s) => s === 1);
  if (low >= -slack && high <= card.range + slack) {
    if (card.range === 255 && high <= 1 && high > 0)
      return [`${label}: ${found}, where pictures of this model run from 0 to 255; is it scaled already?`];
    return classifier.cardAssumed && !asItIs
      ? [`${label}: its values are taken for pixels, 0 to ${card.range}, and are normalised as nobody said but is assumed; where they go in as they are, say \`mean\` 0, \`std\` 1 and \`range\` ${card.range}`] // prettier-ignore
      : [];
  }
  if (classifier.cardAssumed && asItIs)
    return [`${label}: ${found}, where noise is made for pictures from 0 to ${card.range}, which is assumed`];
  throw new LanError(
    'data',
    `${label}: ${found}, but pictures of this model run from 0 to ${card.range} (the card's range); its preprocessing is done inside.`,
    'Give RGB pixels in that range, or the path of the picture.',
  );
}
