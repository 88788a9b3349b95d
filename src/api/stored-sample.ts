// An input that was read, as bytes for another machine, and back: numbers and names, checked; nothing of it is opened or run.
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { bytesOf as bytesFor, viewBytes, type DType, type Tensor, type TypedArray } from '../core/tensor.js';
import { pack, unpack } from '../queue/parcel.js';
import { bytesOf, type Sample } from './inputs.js';

/** Types that samples have. */
const TYPES = ['float32', 'float64', 'float16', 'int64', 'int32', 'int16', 'int8', 'uint64', 'uint32', 'uint16', 'uint8', 'bool'] as const satisfies readonly DType[]; // prettier-ignore

const Dims = z.array(z.int().min(0)).max(16);
/** A tensor but for its numbers, which are part `part`. */
const Stored = z.strictObject({ type: z.enum(TYPES), dims: Dims, part: z.int().min(0) });
const text = z.string().max(1_000_000);
const strings = z.array(text).max(10_000_000);

/** Noise that is drawn, and read from nowhere. */
export const DRAWN_NOISE = /^(?:uniform|gaussian|constant|blur|mean|tokens)(?::[\w.,+-]{0,100})?$/;

const Form = z.strictObject({
  path: text.optional(),
  title: text,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  x: Stored,
  pixels: Stored.optional(),
  range: z.union([z.literal(1), z.literal(255)]).optional(),
  features: z
    .strictObject({
      kind: z.enum(['feature', 'word', 'element']),
      names: strings,
      values: Stored,
      pieces: z.array(z.strictObject({ text, entry: z.int().min(0).optional() })).optional(),
      axes: z.array(z.strictObject({ name: text, length: z.int().min(1) })).optional(),
    })
    .optional(),
  noise: z.string().regex(DRAWN_NOISE, 'would be read from this machine').optional(),
  notes: z.array(text),
});

/** A tensor with its numbers as a part of `parts`. Throws LanError (`unsupported`) for strings and what has no whole bytes. */
export function storedTensor(tensor: Tensor, parts: Uint8Array[]): z.infer<typeof Stored> {
  const { type, dims } = tensor;
  const known = TYPES.find((t) => t === type);
  if (known === undefined)
    throw new LanError('unsupported', `An input of ${type} cannot be sent to other machines.`, 'Leave `queue` out.');
  const bytes = bytesOf(tensor);
  // A picture's pixels are its numbers once more, where its range is 255.
  const same = parts.findIndex((part) => Buffer.compare(part, bytes) === 0);
  return { type: known, dims: [...dims], part: same < 0 ? parts.push(bytes) - 1 : same };
}

/** The tensor that it was. Throws LanError (`data`) where the part is missing or of another length. */
export function tensorFrom(stored: unknown, parts: readonly Uint8Array[], what: string): Tensor {
  const { type, dims, part } = Stored.parse(stored);
  const bytes = parts[part];
  if (!bytes || bytes.length !== bytesFor(type, dims)) throw new LanError('data', `${what}: its numbers do not fit its shape.`);
  // A copy of its own: what it was unpacked from need not be kept.
  return { type, dims, data: viewBytes(type, new Uint8Array(bytes)) satisfies TypedArray };
}

/** A sample as bytes; the same sample gives the same. Throws LanError (`unsupported`) for what has no place in them: tokens of a text. */
export function packSample({ x, pixels, features, tokens, noise, ...own }: Sample): Uint8Array {
  if (tokens)
    throw new LanError('unsupported', `${own.path ?? own.title}: texts cannot be sent to other machines.`, 'Leave `queue` out.');
  const parts: Uint8Array[] = [];
  const { values } = features ?? {};
  const about = {
    ...own,
    // What it would be read from is not there; whoever sends it sends what was read.
    ...(noise !== undefined && DRAWN_NOISE.test(noise) ? { noise } : {}),
    x: storedTensor(x, parts),
    ...(pixels ? { pixels: storedTensor(pixels, parts) } : {}),
    ...(features && values ? { features: { ...features, values: storedTensor({ type: 'float32', dims: [values.length], data: values }, parts) } } : {}), // prettier-ignore
  };
  return pack({ about, parts });
}

/** The sample that it was. Throws LanError (`data`) for anything else. */
export function unpackSample(bytes: Uint8Array, what: string): Sample {
  const { about, parts } = unpack(bytes, what);
  const { success, data, error } = Form.safeParse(about);
  if (!success) {
    const { path, message } = error.issues[0]!;
    throw new LanError('data', `${what}: is no input of this version (${path.join('.')}: ${message}).`);
  }
  const { x, pixels, features, ...own } = data;
  return {
    ...own,
    x: tensorFrom(x, parts, what),
    ...(pixels ? { pixels: tensorFrom(pixels, parts, what) } : {}),
    ...(features ? { features: { ...features, values: tensorFrom(features.values, parts, what).data as Float32Array } } : {}),
  };
}
