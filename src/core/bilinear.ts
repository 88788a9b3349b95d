// Maps of values brought to another size.
import { LanError } from './errors.js';

/** Values [h, w] grown or thinned to [height, width], bilinear with half-pixel centres and repeated edges (ONNX Resize linear, half_pixel). */
export function scaleBilinear(values: Float32Array, h: number, w: number, height: number, width: number): Float32Array {
  if (values.length !== h * w)
    throw new LanError('usage', `A map of ${w} x ${h} has ${h * w} values, received ${values.length}.`);
  const out = new Float32Array(height * width);
  const at = (i: number, from: number, to: number): { low: number; high: number; fraction: number } => {
    const place = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const low = Math.floor(place);
    return { low, high: Math.min(from - 1, low + 1), fraction: place - low };
  };
  for (let y = 0; y < height; y++) {
    const row = at(y, h, height);
    for (let x = 0; x < width; x++) {
      const column = at(x, w, width);
      const mix = (r: number): number =>
        values[r * w + column.low]! * (1 - column.fraction) + values[r * w + column.high]! * column.fraction;
      out[y * width + x] = mix(row.low) * (1 - row.fraction) + mix(row.high) * row.fraction;
    }
  }
  return out;
}
