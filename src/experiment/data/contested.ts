// Tanks and translated digits for F and A as adversaries: what A may hide, by what, and where F is told to look.
import { random, STREAMS } from '../../core/random.js';
import { toPlanes } from '../../data/planes.js';
import type { Contested } from '../../lan/adversary.js';
import { DIGIT, type Digits } from './digits.js';
import { tankPicture } from './tank.js';
import { translatedDigits } from './translated.js';

/** `hides`: A hides what it likes. `told`: F is told where to look, and A puts what it likes everywhere else. */
export type Game = 'hides' | 'told';

/** Pixels around a tank that F may look at as well. */
const MARGIN = 2;

/**
 * Tank pictures, hidden by parts of other training pictures, as the network takes them, (x - 127.5) / 64, every other one with a tank and clouds. Told to look at the tank, or at the clearing where it
 * would stand, F sees parts of other training pictures everywhere else, clouds or none; where those have their own tank or clearing nothing is taken from them.
 */
export function contestedTanks(game: Game, { count, size, seed }: { count: number; size: number; seed: number }): Contested {
  const area = size * size;
  const stream = random(seed, STREAMS.contested);
  const made = new Map<number, { readonly x: Float32Array; readonly free: Uint8Array }>();
  const at = (i: number) => {
    const known = made.get(i);
    if (known) return known;
    const tank = i % 2 === 1;
    const picture = tankPicture({ tank, clouds: tank }, seed, i, size);
    const marks = tank ? picture.tank : tankPicture({ tank: true, clouds: false }, seed, i, size).tank;
    const x = Float32Array.from(toPlanes(picture, 3), (v) => (v - 127.5) / 64);
    const own = { x, free: outside(marks, size) };
    made.set(i, own);
    return own;
  };
  return {
    count,
    shape: [3, size, size],
    labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
    read(indices) {
      const out = new Float32Array(indices.length * 3 * area);
      for (let k = 0; k < indices.length; k++) out.set(at(indices[k]!).x, k * 3 * area);
      return out;
    },
    hiding(indices, draw) {
      const eta = new Float32Array(indices.length * 3 * area);
      const allowed = new Float32Array(indices.length * area).fill(1);
      for (let k = 0; k < indices.length; k++) {
        const other = at(stream.integer(count, draw, k));
        eta.set(other.x, k * 3 * area);
        if (game === 'hides') continue;
        const { free } = at(indices[k]!);
        for (let p = 0; p < area; p++) allowed[k * area + p] = free[p]! * other.free[p]!;
      }
      return { eta, allowed };
    },
  };
}

/** 1 where no mark is within MARGIN pixels. */
function outside(marks: Uint8Array, size: number): Uint8Array {
  const free = new Uint8Array(marks.length).fill(1);
  marks.forEach((mark, i) => {
    if (!mark) return;
    const [row, column] = [Math.floor(i / size), i % size];
    for (let r = Math.max(0, row - MARGIN); r <= Math.min(size - 1, row + MARGIN); r++)
      for (let c = Math.max(0, column - MARGIN); c <= Math.min(size - 1, column + MARGIN); c++) free[r * size + c] = 0;
  });
  return free;
}

/** Translated digits, whose strokes A wipes out where it hides. Told to look at the digit's square, F sees uniform noise everywhere else, as much of it as A puts there. */
export function contestedDigits(game: Game, digits: Digits, { side, seed }: { side: number; seed: number }): Contested {
  const placed = translatedDigits(digits, { side, exclude: 0, seed });
  const stream = random(seed, STREAMS.contested);
  const area = DIGIT * DIGIT;
  return {
    ...placed,
    hiding(indices, draw) {
      const n = indices.length;
      const allowed = new Float32Array(n * area).fill(1);
      if (game === 'hides') return { eta: new Float32Array(n * area), allowed };
      placed.boxes(n, draw).forEach(({ row, column }, k) => {
        for (let r = row; r < row + side; r++)
          allowed.fill(0, k * area + r * DIGIT + column, k * area + r * DIGIT + column + side);
      });
      return { eta: stream.uniform(new Float32Array(n * area), draw), allowed };
    },
  };
}
