// Named float32 arrays in one file, in the safetensors format: eight bytes of header length, a JSON header, then the data.
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';

/** The format's own limit on a header's length. */
const MAX_HEADER = 100_000_000;

const Whole = z.int().nonnegative();
const Entry = z.object({ dtype: z.literal('F32'), shape: z.array(Whole), data_offsets: z.tuple([Whole, Whole]) });
const Header = z.record(z.string(), z.record(z.string(), z.unknown()));

/** Encodes tensors (as float32) with text metadata; see github.com/huggingface/safetensors for the format. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let at = 0;
  const header: Record<string, object> = { __metadata__: metadata };
  for (const [name, t] of Object.entries(tensors)) {
    const end = at + 4 * sizeOf(t.dims);
    header[name] = { dtype: 'F32', shape: t.dims, data_offsets: [at, end] };
    at = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Spaces up to a multiple of eight keep the data aligned.
  const length = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + length + at).fill(32, 8, 8 + length);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(text, 8);
  at = 8 + length;
  for (const t of Object.values(tensors)) {
    const data = toFloat32(t);
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

/** Decodes a file of float32 tensors. Throws LanError naming `path` where it is cut short, contradicts itself, or holds another dtype. */
export function decodeSafetensors(
  bytes: Uint8Array,
  path: string,
): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  const refuse = (reason: string): never => {
    throw new LanError('data', `'${path}': not a safetensors file of float32 (${reason}).`);
  };
  if (bytes.length < 8) refuse(`${bytes.length} bytes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER || length > bytes.length - 8) refuse('its header is longer than the file');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    return refuse('its header is no JSON');
  }
  const { success, data: header } = Header.safeParse(json);
  if (!success) return refuse('its header is no object of objects');
  // A copy, because the data need not be aligned within what was read (and a Buffer's own slice would be a view).
  const data = Uint8Array.from(bytes.subarray(8 + length));
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (value['dtype'] !== 'F32') refuse(`'${name}' is ${String(value['dtype'])}`);
    const entry = Entry.safeParse(value);
    if (!entry.success) return refuse(`'${name}' has no shape or place`);
    const { shape: dims, data_offsets: [from, to] } = entry.data; // prettier-ignore
    if (to > data.length || from % 4 !== 0 || to - from !== 4 * sizeOf(dims)) refuse(`'${name}' does not fit its place`);
    tensors.set(name, float32(new Float32Array(data.buffer, from, sizeOf(dims)), dims));
  }
  const metadata = z.record(z.string(), z.string()).safeParse(header['__metadata__'] ?? {});
  if (!metadata.success) return refuse('its metadata is no object of strings');
  return { tensors: Object.fromEntries(tensors), metadata: metadata.data };
}
