// What is changed of a picture on its way to 8-bit sRGB that a viewer would not expect, in the same words in Node and in a browser.

/** What a picture file says of itself that matters for that. */
export interface PictureFacts {
  /** Of EXIF: 1 is upright. */
  readonly orientation: number;
  /** Pictures, pages or frames in the file, of which the first is taken. */
  readonly frames: number;
  readonly cmyk: boolean;
  /** Are its samples of 16 bits? */
  readonly wide: boolean;
}

/** Bits up to which samples of 16 bits are called dark: cameras write 10 to 14. */
const FEWER = 14;

/**
 * The note, or undefined where nothing was changed. `transparent`: some of it was. `largest`: the largest sample of 16 bits, where the file has such: what uses fewer bits is nearly
 * black, which is said rather than guessed away.
 */
export function changesOf(facts: PictureFacts, transparent: boolean, largest?: number): string | undefined {
  const { orientation, frames, cmyk } = facts;
  const notes = [
    orientation > 1 ? `turned upright (EXIF orientation ${orientation})` : '',
    frames > 1 ? `first of ${frames} frames` : '',
    cmyk ? 'CMYK converted to sRGB' : '',
    transparent ? 'transparency put on white' : '',
    largest === undefined ? '' : darkNote(largest),
  ].filter(Boolean);
  return notes.length > 0 ? notes.join('; ') : undefined;
}

function darkNote(largest: number): string {
  const bits = Math.ceil(Math.log2(largest + 1));
  if (largest === 0 || bits > FEWER) return '';
  return `of its 16-bit samples the largest is ${largest}: if they have ${bits} bits, the picture is ${2 ** (16 - bits)} times too dark here`;
}
