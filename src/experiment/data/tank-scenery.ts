// The scenery of a tank picture: the colours of a day, sky, hills, wood, meadows and clouds.
import { clamp01, gradient, length, mix, times, type Distance, type Painter, type Rgb, type Shade } from './painter.js';

const { sin, cos, max, min, floor, PI } = Math;

/** What a pixel is marked with, for the masks of what is seen where. */
export const MARK = { cloud: 1, tank: 2, tree: 3 } as const;

/** Numbers in [low, high), one after another. */
export type Dice = (low: number, high: number) => number;

/** Colours of a day, and how the land lies. */
export interface Scene {
  readonly horizon: number;
  readonly sky: readonly [top: Rgb, bottom: Rgb];
  readonly foliage: Rgb;
  readonly grass: Rgb;
  readonly haze: Rgb;
  readonly exposure: number;
  readonly grain: number;
  /** Phases of hills, wood and meadows. */
  readonly phases: readonly number[];
}

// Noon, haze, evening; all of them darker than a cloud.
const SKIES: readonly (readonly [Rgb, Rgb])[] = [
  [[74, 140, 206], [178, 214, 236]],
  [[118, 156, 188], [204, 216, 220]],
  [[104, 132, 182], [236, 204, 172]],
  [[66, 150, 184], [188, 224, 222]],
]; // prettier-ignore
// Spring, summer, pine, late summer, autumn: the trees, and the grass below them.
const SEASONS: readonly (readonly [Rgb, Rgb])[] = [
  [[84, 128, 54], [138, 168, 84]],
  [[58, 104, 54], [112, 142, 72]],
  [[46, 92, 70], [106, 134, 88]],
  [[96, 112, 50], [160, 156, 88]],
  [[138, 106, 48], [166, 146, 84]],
]; // prettier-ignore

/** Somewhere between two neighbours of a list of colour pairs. */
function blend(pairs: readonly (readonly [Rgb, Rgb])[], where: number): [Rgb, Rgb] {
  const at = clamp01(where) * (pairs.length - 1);
  const low = min(pairs.length - 2, floor(at));
  const [a, b] = [pairs[low]!, pairs[low + 1]!];
  return [mix(a[0], b[0], at - low), mix(a[1], b[1], at - low)];
}

/** The scene that `dice` throws: the weather between noon and evening, the season between spring and autumn. */
export function sceneOf(dice: Dice): Scene {
  const sky = blend(SKIES, dice(0, 1));
  const [foliage, grass] = blend(SEASONS, dice(0, 1));
  return {
    horizon: dice(25, 30),
    sky,
    foliage,
    grass,
    haze: mix(foliage, sky[1], dice(0.45, 0.65)),
    exposure: dice(0.78, 1.08),
    grain: dice(3, 7),
    phases: Array.from({ length: 6 }, () => dice(0, 2 * PI)),
  };
}

/** The sky, from the top of the picture to behind the horizon. */
export function paintSky(painter: Painter, { sky, horizon }: Scene): void {
  // The meadow covers what is further down.
  painter.paint([0, 0, 64, horizon + 2], () => -9, gradient(sky[0], sky[1], 0, horizon));
}

/** Hills far away, the edge of the wood before them, and meadows that run towards the viewer. */
export function paintLand(painter: Painter, { horizon, haze, foliage, grass, phases: p }: Scene): void {
  const hills: Distance = (x, y) => horizon - 4 + 1.6 * sin(x * 0.11 + p[0]!) + 0.9 * sin(x * 0.23 + p[1]!) - y;
  painter.paint([0, horizon - 8, 64, horizon + 1], hills, gradient(haze, mix(haze, grass, 0.3), horizon - 7, horizon));
  // Tops of firs: a saw, whose teeth differ.
  const wood: Distance = (x, y) => {
    const tooth = Math.abs(((x / 2.4 + p[2]!) % 1) - 0.5) * 2;
    return horizon - 1.2 - (1.1 + 0.9 * sin(floor(x / 2.4 + p[2]!) * 2.1 + p[3]!)) * (1 - tooth) - y;
  };
  painter.paint([0, horizon - 5, 64, horizon + 2], wood, mix(times(foliage, 0.8), haze, 0.35));
  const [far, near] = [mix(grass, haze, 0.25), times(grass, 0.82)];
  const meadow: Shade = (x, y, out) => {
    const depth = (y - horizon) / (64 - horizon);
    const patch = 1 + 0.05 * sin(x * 0.21 + y * 0.5 + p[4]!) + 0.05 * sin(x * 0.09 - y * 0.9 + p[5]!);
    for (let c = 0; c < 3; c++) out[c] = (far[c]! + (near[c]! - far[c]!) * depth) * patch;
  };
  painter.paint([0, horizon - 1, 64, 64], (_, y) => horizon - y, meadow);
}

/** One or two clouds: puffs on a flat base, white above, grey-blue below. */
export function paintClouds(painter: Painter, { sky, horizon }: Scene, dice: Dice): void {
  const first = dice(12, 52);
  cloud(first, dice(13, horizon - 11), dice(1, 1.25));
  // The second, where there is one, is small and keeps to the other side.
  const second = first < 32 ? dice(44, 58) : dice(6, 20);
  const [base, scale, there] = [dice(8, 12), dice(0.45, 0.6), dice(0, 1) < 0.5];
  if (there) cloud(second, base, scale);

  function cloud(cx: number, base: number, scale: number): void {
    const count = 5;
    const puffs = Array.from({ length: count }, (_, i) => {
      const t = (i + 0.5) / count - 0.5;
      const radius = scale * (3 + 2.6 * cos(t * 2.6)) * dice(0.8, 1.15);
      return { x: cx + t * 23 * scale + dice(-1, 1), y: base - radius * dice(0.45, 0.8), radius };
    });
    const top = min(...puffs.map((q) => q.y - q.radius));
    const [left, right] = [min(...puffs.map((q) => q.x - q.radius)), max(...puffs.map((q) => q.x + q.radius))];
    // Flat below: what the puffs reach beyond the base is cut off.
    const shape: Distance = (x, y) => {
      let d = Infinity;
      for (const q of puffs) d = min(d, length(x - q.x, y - q.y) - q.radius);
      return max(d, y - base);
    };
    const [bright, dark] = [mix([255, 255, 255], sky[1], 0.05), mix([196, 202, 214], sky[1], 0.25)];
    const shade: Shade = (_, y, out, d) => {
      const low = clamp01((y - top) / (base - top));
      const fraction = clamp01(low * low * 0.9 + 0.25 * clamp01(-d / 4) * low);
      for (let c = 0; c < 3; c++) out[c] = bright[c]! + (dark[c]! - bright[c]!) * fraction;
    };
    painter.paint([left, top, right, base], shape, shade, MARK.cloud, 1.2);
  }
}
