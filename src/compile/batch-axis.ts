// Along which axis of an input samples lie, as far as the names of axes tell.
import type { ValueInfo } from '../onnx/graph.js';

/**
 * The axis of an input along which samples lie: 0, unless its first axis has a fixed length above 1 or another name than the first axis of all outputs, which
 * one of its other axes has. Networks of time first ([T,N,C] to [N,K]) and of columns ([C,N] to [N,K]) are so.
 */
export function batchAxis(dims: NonNullable<ValueInfo['dims']>, outputs: readonly ValueInfo[]): number {
  const ends = new Set(outputs.flatMap((o) => (o.dims && o.dims.length > 0 ? [o.dims[0]] : [])));
  const [name] = ends;
  if (ends.size !== 1 || typeof name !== 'string' || name === '' || dims[0] === 1 || dims[0] === name) return 0;
  const axis = dims.indexOf(name);
  return axis > 0 && dims.lastIndexOf(name) === axis ? axis : 0;
}
