// How pictures go in, as the file itself says: the image metadata of ONNX (docs/MetadataProps.md), which Windows ML reads. Untrusted text: known words alone count.
import type { Model, ValueInfo } from '../onnx/graph.js';
import type { InputCard } from './card.js';

const ORDERS: Readonly<Record<string, InputCard['channels']>> = {
  rgb8: 'RGB',
  rgba8: 'RGB',
  bgr8: 'BGR',
  bgra8: 'BGR',
  gray8: 'GREY',
};
/** What a pixel becomes in the tensor, v / 255 being its brightness. */
const RANGES: Readonly<Record<string, Pick<InputCard, 'range' | 'mean' | 'std'>>> = {
  nominalrange_0_255: { range: 255, mean: [0], std: [1] },
  normalized_0_1: { range: 1, mean: [0], std: [1] },
  normalized_1_1: { range: 1, mean: [0.5], std: [0.5] },
  // 16 + 219 v / 255.
  nominalrange_16_235: { range: 255, mean: [(-16 * 255) / 219], std: [255 / 219] },
};
const VALUES = ['range', 'mean', 'std'] as const;

/** What a file says of its picture, and where. */
export interface ImageMetadata {
  readonly input: Partial<InputCard>;
  readonly notes: readonly string[];
}

/**
 * What the metadata `Image.BitmapPixelFormat` and `Image.NominalPixelRange` say of `input`, where nobody said it (`given`): the order of its channels, and how its values
 * are scaled, which is taken as a whole or not at all. Whole numbers go in as they are. Nothing where it is no picture, or has another number of channels, which is noted.
 */
export function imageMetadata(
  { metadata }: Pick<Model, 'metadata'>,
  input: Pick<ValueInfo, 'name' | 'dims'> | undefined,
  given: Partial<InputCard> = {},
  floats = true,
): ImageMetadata {
  const wordOf = (key: string): string => metadata[`Image.${key}`]?.trim().toLowerCase() ?? '';
  const channels = Object.hasOwn(ORDERS, wordOf('BitmapPixelFormat')) ? ORDERS[wordOf('BitmapPixelFormat')] : undefined;
  const values = Object.hasOwn(RANGES, wordOf('NominalPixelRange')) ? RANGES[wordOf('NominalPixelRange')] : undefined;
  if ((!channels && !values) || input?.dims?.length !== 4) return { input: {}, notes: [] };
  const said = ['BitmapPixelFormat', 'NominalPixelRange'].flatMap((key) => (wordOf(key) ? [`Image.${key} ${wordOf(key)}`] : []));
  const where = `the file's metadata (${said.join(', ')})`;
  const count = channelsOf(input.dims);
  if (channels && count !== undefined && (channels === 'GREY') !== (count === 1))
    return { input: {}, notes: [`${where} contradict '${input.name}', which has ${count} channel(s), and are left out`] };
  const own = {
    ...(channels && given.channels === undefined ? { channels } : {}),
    ...(values && floats && VALUES.every((field) => given[field] === undefined) ? values : {}),
  };
  if (Object.keys(own).length === 0) return { input: {}, notes: [] };
  const linear = wordOf('ColorSpaceGamma') === 'linear';
  return {
    input: own,
    notes: [
      `how pictures go in is taken from ${where}`,
      ...(linear ? ["the file's metadata ask for linear light (Image.ColorSpaceGamma), but pictures go in as they are stored, in sRGB"] : []), // prettier-ignore
    ],
  };
}

const channelsOf = (dims: NonNullable<ValueInfo['dims']>): number | undefined =>
  [dims[1], dims[3]].find((n): n is 1 | 3 => n === 1 || n === 3);
