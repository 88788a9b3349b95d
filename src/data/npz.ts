// NumPy's .npz files: a zip archive of .npy files, as scipy.sparse.save_npz writes a sparse matrix.
import { inflateRawSync } from 'node:zlib';
import { LanError } from '../core/errors.js';
import { toNumbers, type Tensor } from '../core/tensor.js';
import { decodeNpy } from './npy.js';
import type { SparseRows } from './sparse.js';

/** A member may say that it unpacks to any size. */
const MAX_MEMBER = 2 ** 30;
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/** The members of a zip archive by name, stored or deflated. Throws LanError (`data`) for what is none, is cut short, encrypted or packed otherwise. */
export function readZip(bytes: Uint8Array, where: string): Map<string, () => Uint8Array> {
  const broken = (what: string): LanError => new LanError('data', `${where}: is no sound .npz file (${what}). Was it cut off?`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The end record is the last 22 bytes, but for a comment.
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw broken('it has no directory');
  const members = new Map<string, () => Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < view.getUint16(end + 10, true); i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== ENTRY) throw broken('its directory is damaged');
    const [method, packed, size] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const [name, extra, comment] = [28, 30, 32].map((o) => view.getUint16(at + o, true)) as [number, number, number];
    const offset = view.getUint32(at + 42, true);
    const title = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name));
    members.set(title, () => {
      if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL)
        throw broken(`'${title}' is not where it should be`);
      const from = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
      const data = bytes.subarray(from, from + packed);
      if (data.length < packed || size > MAX_MEMBER) throw broken(`'${title}' is cut short or larger than ${MAX_MEMBER} bytes`);
      if (method === 0) return data;
      if (method !== 8) throw broken(`'${title}' is packed by method ${method}`);
      try {
        return inflateRawSync(data, { maxOutputLength: size + 1 });
      } catch {
        throw broken(`'${title}' cannot be unpacked`);
      }
    });
    at += 46 + name + extra + comment;
  }
  return members;
}

/**
 * The sparse matrix of an .npz file that `scipy.sparse.save_npz` has written, rows compressed (CSR), of any number type. Throws LanError (`data`) for other files and
 * formats, and for indices that point outside of the matrix.
 */
export function decodeSparse(bytes: Uint8Array, where: string): SparseRows {
  const members = readZip(bytes, where);
  const refuse = (what: string): LanError => new LanError('data', `${where}: ${what}.`, 'Expected a matrix saved by scipy.sparse.save_npz(file, matrix.tocsr()).'); // prettier-ignore
  const member = (name: string): Uint8Array => {
    const read = members.get(`${name}.npy`);
    if (!read) throw refuse(`holds no '${name}'`);
    return read();
  };
  // An array of text, which .npy files of this project are not: its last bytes are the word.
  const format = new TextDecoder('latin1').decode(member('format').subarray(-12)).replaceAll('\0', '');
  if (!format.endsWith('csr')) throw refuse('its rows are not compressed (CSR)');
  const array = (name: string): Tensor => decodeNpy(member(name), `${where}, ${name}`);
  const numbers = (name: string): number[] => Array.from(toNumbers(array(name)), Number);
  const [length = 0, width = 0] = numbers('shape');
  const [starts, columns, values] = [numbers('indptr'), numbers('indices'), numbers('data')];
  const ascending =
    starts.length === length + 1 && starts.every((v, i) => v >= (i === 0 ? 0 : starts[i - 1]!)) && starts[0] === 0;
  if (
    !ascending ||
    starts.at(-1) !== columns.length ||
    columns.length !== values.length ||
    !columns.every((c) => c >= 0 && c < width)
  )
    throw refuse('its indices do not fit its shape');
  return {
    length,
    width,
    starts: Uint32Array.from(starts),
    columns: Uint32Array.from(columns),
    values: Float32Array.from(values),
  };
}
