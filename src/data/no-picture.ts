// What lies in place of a picture where something else does: told by its first bytes, with what to give instead.
import { fileKind, type FileSort } from '../core/file-kind.js';
import { isPlain } from './plain-pictures.js';

const SAVE = 'Save it as PNG or JPEG.';

const ADVICE: { readonly [sort in FileSort]?: string } = {
  pointer: 'Fetch it in its repository: git lfs pull.',
  page: 'Download the picture itself.',
  archive: 'Unpack it.',
  foreign: SAVE,
  document: 'Save the page that is meant as PNG or JPEG.',
  film: 'Save one frame of it as PNG or JPEG.',
  array: 'Give an array as `tensor`.',
};

/** Why a file cannot be read as a picture, and what to do where that is not plain. */
export interface NoPicture {
  readonly reason: string;
  readonly advice?: string;
}

/** Why these bytes, which nothing here could decode, are no picture; undefined where their beginning does not tell. `reads`: whether pictures of this kind are read where this runs. */
export function noPicture(bytes: Uint8Array, reads: (what: string) => boolean = () => true): NoPicture | undefined {
  if (bytes.length === 0) return { reason: 'it is empty' };
  // The numbers of a PNM may be letters, which would pass for a text.
  const kind = isPlain(bytes) ? ({ sort: 'picture', what: 'a BMP or PNM picture' } as const) : fileKind(bytes);
  if (!kind) return undefined;
  if (kind.sort !== 'picture') {
    const advice = ADVICE[kind.sort];
    return { reason: `it is ${kind.what}`, ...(advice === undefined ? {} : { advice }) };
  }
  return reads(kind.what)
    ? { reason: `it begins as ${kind.what}, but is cut short or damaged` }
    : { reason: `it is ${kind.what}, which is not shown here`, advice: SAVE };
}
