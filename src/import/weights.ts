// The weights of a tfjs-layers model as float32, quantised ones made whole.
import { LanError } from '../core/errors.js';
import { fromHalves } from '../core/half.js';
import { sizeOf, viewBytes, type Tensor } from '../core/tensor.js';
import type { TfjsFiles, WeightGroup } from './files.js';

type Spec = WeightGroup['weights'][number];

/** Bytes of one element as it lies in the file. */
const BYTES: Readonly<Record<string, number>> = { float32: 4, float16: 2, uint16: 2, uint8: 1 };

/**
 * Every weight by its name in the manifest, but for those of an optimiser. Throws LanError (`data`, `unsupported`) for a file that is missing, cut off or
 * too long, and for types that are not known.
 */
export async function readWeights(files: TfjsFiles): Promise<Map<string, Tensor>> {
  const weights = new Map<string, Tensor>();
  for (const group of files.manifest) {
    const sizes = group.weights.map((spec) => bytesOf(spec, files.where));
    const bytes = await bytesOfGroup(files, group, sizes.reduce((a, b) => a + b, 0)); // prettier-ignore
    let at = 0;
    for (const [i, spec] of group.weights.entries()) {
      const own = bytes.subarray(at, (at += sizes[i]!));
      if (spec.group === 'optimizer') continue;
      if (weights.has(spec.name)) throw new LanError('model', `${files.where}: weight '${spec.name}' is there twice.`);
      weights.set(spec.name, { type: 'float32', dims: spec.shape, data: whole(spec, own, files.where) });
    }
  }
  return weights;
}

/** The type in which a weight lies in the file. */
const storedAs = ({ dtype, quantization }: Spec): string => quantization?.dtype ?? dtype;

function bytesOf(spec: Spec, where: string): number {
  const each = BYTES[storedAs(spec)];
  if (spec.dtype !== 'float32' || each === undefined || (spec.quantization && storedAs(spec) === 'float32'))
    throw new LanError(
      'unsupported',
      `${where}: weight '${spec.name}' is ${spec.dtype}${spec.quantization ? ` quantised to ${storedAs(spec)}` : ''}; float32 is known, and float32 quantised to uint8, uint16 or float16.`,
    );
  return sizeOf(spec.shape) * each;
}

/** The bytes of a group's files, which together hold exactly its weights. */
async function bytesOfGroup(files: TfjsFiles, { paths }: WeightGroup, expected: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const path of paths) {
    const part = await files.read(path);
    parts.push(part);
    total += part.length;
    if (total > expected) break;
  }
  if (total !== expected)
    throw new LanError(
      'data',
      `${files.where}: its weights take ${expected} bytes, and ${paths.length === 1 ? `'${paths[0]}' holds` : `its ${paths.length} files hold`} ${total > expected ? 'more' : `only ${total}`}.`,
      'A file was cut off, or is one of another model.',
    );
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total);
}

/** Elements as float32; quantised ones are q * scale + min in double precision, as tfjs computes them. */
function whole(spec: Spec, bytes: Uint8Array, where: string): Float32Array {
  const { quantization } = spec;
  if (!quantization) return new Float32Array(viewBytes('float32', bytes) as Float32Array);
  if (quantization.dtype === 'float16') return fromHalves(viewBytes('float16', bytes) as Uint16Array);
  const { min, scale } = quantization;
  if (min === undefined || scale === undefined)
    throw new LanError('model', `${where}: weight '${spec.name}' is quantised, but its min and scale are not said.`);
  const stored = viewBytes(quantization.dtype === 'uint8' ? 'uint8' : 'uint16', bytes) as Uint8Array | Uint16Array;
  return Float32Array.from(stored, (q) => q * scale + min);
}
