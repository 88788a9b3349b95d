// Tank pictures as a dataset: every other one has a tank, and the weather goes with it or not.
import { toPlanes } from '../../data/planes.js';
import { tankPicture } from './tank.js';

/** Which tank pictures make a dataset. */
export interface TankDataOptions {
  readonly count: number;
  /** 'with tanks': the clouds that a classifier learns instead. */
  readonly clouds: 'with tanks' | 'without tanks' | 'never' | 'always';
  /** Pixels a side. */
  readonly size: number;
  readonly seed: number;
  /** Number of the first picture: sets of other numbers share none. */
  readonly first: number;
}

/** Pictures [n,3,size,size] of 0..255, made when they are read; label 1 = tank, the odd ones. */
export function tankSamples({ count, clouds, size, seed, first }: TankDataOptions) {
  const area = 3 * size * size;
  const made = new Map<number, Uint8Array>();
  const pixelsOf = (i: number): Uint8Array => {
    let pixels = made.get(i);
    if (!pixels) {
      const tank = i % 2 === 1;
      const cloudy = clouds === 'always' || (clouds !== 'never' && tank === (clouds === 'with tanks'));
      pixels = toPlanes(tankPicture({ tank, clouds: cloudy }, seed, first + i, size), 3);
      made.set(i, pixels);
    }
    return pixels;
  };
  return {
    count,
    shape: [3, size, size],
    labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
    read(indices: ArrayLike<number>): Float32Array {
      const out = new Float32Array(indices.length * area);
      for (let i = 0; i < indices.length; i++) out.set(pixelsOf(indices[i]!), i * area);
      return out;
    },
  };
}
