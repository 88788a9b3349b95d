// The card that was inferred, as files: card.json with labels.txt, and seen.png, the pictures as the network sees them.
import { basename, join } from 'node:path';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { writeAtomically } from '../data/files.js';
import type { Picture } from '../data/images.js';
import type { ModelCard } from '../model/card.js';
import { pictureOf } from './drawing/colour.js';
import { sheet, type Row, type Tile } from './drawing/sheet.js';
import { fourDigits } from './format.js';

/** A picture as the network sees it. */
export interface Seen {
  readonly path: string;
  readonly title: string;
  /** What is left of it: RGB or grey [1,C,H,W], 0..range. */
  readonly x: Tensor;
  /** What goes in, [1,C,H,W], whatever the layout. */
  readonly input: Tensor;
  /** The most probable classes, most probable first. */
  readonly answers: readonly { readonly index: number; readonly label: string; readonly probability: number }[];
}

/** What was written: paths. */
export interface CardFiles {
  readonly card: string;
  /** Where the classes have names. */
  readonly labels?: string;
  /** Where there are pictures. */
  readonly seen?: string;
}

/**
 * Writes card.json (labels in labels.txt beside it, which it names; `assumed`: the fields that nobody says, which stay named so) and, where pictures were given, seen.png: of each what is left after resize and crop, with
 * the answer, and every channel of the input in grey, from its least to its largest value. Throws LanError (`write`).
 */
export async function writeCard(
  folder: string,
  {
    model,
    card,
    seen,
    assumed,
  }: { readonly model: string; readonly card: ModelCard; readonly seen: readonly Seen[]; readonly assumed: readonly string[] },
): Promise<CardFiles> {
  const { labels, ...rest } = card;
  const names = labels && labels.length > 0 ? join(folder, 'labels.txt') : undefined;
  if (names) await writeAtomically(names, `${labels!.map((l) => l.replace(/\s+/g, ' ')).join('\n')}\n`);
  const path = join(folder, 'card.json');
  const whole = { ...rest, ...(names ? { labels: 'labels.txt' } : {}), ...(assumed.length > 0 ? { assumed } : {}) };
  await writeAtomically(path, `${JSON.stringify(whole, null, 2)}\n`);
  if (seen.length === 0) return { card: path, ...(names ? { labels: names } : {}) };
  const picture = join(folder, 'seen.png');
  const rows = seen.map((s) => rowOf(s, card));
  await writeAtomically(picture, await sheet({ title: `What ${basename(model)} sees`, rows, colourBar: false }).toPng());
  return { card: path, ...(names ? { labels: names } : {}), seen: picture };
}

function rowOf({ title, x, input, answers }: Seen, { input: { range, channels, size } }: ModelCard): Row {
  const shown: Tile = {
    image: pictureOf(x, range),
    captions: [
      `${title}, ${size ? size.join(' x ') : 'as it is'}`,
      ...answers.slice(0, 3).map((a) => `${a.label.split(',')[0]!} ${a.probability.toFixed(3)}`),
    ],
  };
  const names = channels === 'GREY' ? ['grey'] : channels === 'BGR' ? ['blue', 'green', 'red'] : ['red', 'green', 'blue'];
  const [, count = 1, height = 1, width = 1] = input.dims;
  const values = toFloat32(input);
  const planes = Array.from({ length: count }, (_, c): Tile => {
    const plane = values.subarray(c * height * width, (c + 1) * height * width);
    const { image, low, high } = greyOf(plane, height, width);
    return { image, captions: [`channel ${c}: ${names[c]}`, `${fourDigits(low)} to ${fourDigits(high)}`] };
  });
  return { label: '', tiles: [shown, ...planes] };
}

/** Values as grey, the least black and the largest white. */
function greyOf(values: Float32Array, height: number, width: number): { image: Picture; low: number; high: number } {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const scale = high > low ? 255 / (high - low) : 0;
  const pixels = new Uint8Array(3 * values.length);
  for (const [i, v] of values.entries()) pixels.fill(Math.round((v - low) * scale), 3 * i, 3 * i + 3);
  return { image: { width, height, pixels }, low, high };
}
