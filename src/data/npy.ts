// NumPy's .npy files: reads versions 1.0, 2.0 and 3.0, writes 1.0, little endian and C order only.
import { LanError } from '../core/errors.js';
import { type DType, sizeOf, type Tensor, viewBytes } from '../core/tensor.js';

type Stored = Exclude<DType, 'string'>;

const DESCR: Partial<Record<Stored, string>> = {
  float32: '<f4',
  float64: '<f8',
  float16: '<f2',
  int64: '<i8',
  int32: '<i4',
  int16: '<i2',
  int8: '|i1',
  uint64: '<u8',
  uint32: '<u4',
  uint16: '<u2',
  uint8: '|u1',
  bool: '|b1',
};
const TYPES = new Map(Object.entries(DESCR).map(([type, descr]) => [descr, type as Stored]));
const MAGIC = '\x93NUMPY';
/** NumPy leaves room for the first axis to grow to a number of this many digits; kept so that our files equal NumPy's byte for byte. */
const GROWTH_DIGITS = 21;

/**
 * A tensor as the bytes of an .npy file (format 1.0, C order), as `numpy.save` writes it; numpy.lib.format, NEP 1.
 * Takes any shape and every whole-byte dtype that NumPy has; float16 is its 16 bits. Throws LanError for the others (strings, bfloat16, 4-bit ...).
 *
 * @example
 * await writeFile('mask.npy', encodeNpy(result.betas[0].learned.mask));
 */
export function encodeNpy(tensor: Tensor): Uint8Array {
  const { type, dims, data } = tensor;
  const descr = type === 'string' ? undefined : DESCR[type];
  if (!descr || !ArrayBuffer.isView(data))
    throw new LanError('data', `An .npy file cannot hold a ${type} tensor. Expected one of ${[...TYPES.values()].join(', ')}.`);
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const text = dict + ' '.repeat(dims.length ? Math.max(0, GROWTH_DIGITS - String(dims[0]).length) : 0);
  // The data starts at a multiple of 64 bytes: 10 bytes of preamble, the text, spaces, a line break.
  const header = text + ' '.repeat(63 - ((10 + text.length) % 64)) + '\n';
  const out = new Uint8Array(10 + header.length + data.byteLength);
  const preamble = MAGIC + '\x01\x00' + String.fromCharCode(header.length & 255, header.length >> 8);
  out.set(Uint8Array.from(preamble + header, (c) => c.charCodeAt(0)));
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return out;
}

/**
 * The tensor that an .npy file holds. Shape and dtype are the file's; the data may share memory with `bytes`. `name` appears in messages.
 * Throws LanError "Array 'x.npy': …" for another format, a truncated or overlong file, Fortran order, big endian, and dtypes not listed by encodeNpy.
 *
 * @example
 * const mask = decodeNpy(await readFile('mask.npy'), 'mask.npy'); // { type: 'float32', dims: [1, 1, 224, 224], data }
 */
export function decodeNpy(bytes: Uint8Array, name: string): Tensor {
  const fail = (problem: string): LanError => new LanError('data', `Array '${name}': ${problem}`);
  const latin = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (latin(0, 6) !== MAGIC) throw fail('is not an .npy file. Save it with numpy.save (one array, not numpy.savez).');
  const major = bytes[6] ?? 0;
  if (bytes.length > 6 && (major < 1 || major > 3)) throw fail(`has .npy format version ${major}. Expected 1, 2 or 3.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw fail('is cut short in its header.');
  const end = start + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < end) throw fail('is cut short in its header.');
  // Real headers take a hundred bytes; a huge one would only feed the pattern matching below.
  if (end - start > 65536) throw fail(`has a header of ${end - start} bytes. Expected at most 65536.`);
  const header = new TextDecoder().decode(bytes.subarray(start, end));

  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  if (/'descr':\s*\[/.test(header)) throw fail('holds records (a structured dtype). Expected plain numbers.');
  if (descr === undefined || order === undefined || shape === undefined) throw fail('has a header that is not understood.');
  if (descr.startsWith('>'))
    throw fail(`is big endian (dtype '${descr}'). Save it with array.astype('${descr.replace('>', '<')}').`);
  const type = TYPES.get(descr);
  if (!type)
    throw fail(
      `has dtype '${descr}'. Expected one of ${[...TYPES.values()].join(', ')}; convert it with array.astype('float32').`,
    );
  if (order === 'True') throw fail('is in Fortran order. Save it with numpy.save(file, numpy.ascontiguousarray(array)).');

  const dims = shape.match(/\d+/g)?.map(Number) ?? [];
  const expected = sizeOf(dims) * Number(descr.slice(2));
  if (!Number.isSafeInteger(expected)) throw fail(`has the impossible shape [${dims.join(',')}].`);
  const received = bytes.length - end;
  if (received < expected)
    throw fail(`is cut short: shape [${dims.join(',')}] of ${type} takes ${expected} bytes, received ${received}.`);
  if (received > expected) throw fail(`has ${received - expected} bytes behind its array. Expected one array in the file.`);
  return { type, dims, data: viewBytes(type, bytes.subarray(end)) };
}
