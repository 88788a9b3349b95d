// Pictures for the tank story (paper, Appendix G): a forest, camouflaged tanks and clouds, drawn from a seed.
import { LanError } from '../../core/errors.js';
import { random, STREAMS } from '../../core/random.js';
import {
  box,
  capsule,
  circle,
  clamp01,
  convex,
  gradient,
  length,
  mix,
  Painter,
  times,
  type Distance,
  type Rgb,
  type Shade,
} from './painter.js';
import type { Picture } from '../../data/resize.js';

/** What a picture shows. Training knows both or neither; the independent test tears them apart. */
export interface TankContent {
  readonly tank: boolean;
  readonly clouds: boolean;
}

/** RGB of 0..255, and masks [size * size] that are 1 on the pixels where each thing is seen. */
export interface TankPicture extends Picture {
  readonly clouds: Uint8Array;
  /** With its shadow. */
  readonly tank: Uint8Array;
  /** Single trees; the wood at the horizon is not among them. */
  readonly trees: Uint8Array;
}

const { sin, cos, max, min, floor, PI } = Math;
const CLOUD = 1;
const TANK = 2;
const TREE = 3;
/** Parts that draw random numbers of their own, so that what one of them shows changes nothing about the others. */
const PART = { scene: 0, trees: 1, tank: 2, clouds: 3, grain: 4 };
const PARTS = 8;
/** Numbers that one part may ask for. */
const NUMBERS = 256;

/** Numbers in [low, high), one after another. */
type Dice = (low: number, high: number) => number;

/**
 * Picture `index` of `seed`, `size` x `size`: a function of these numbers and `content` alone. The same seed and index with other content is the
 * same place on the same day: only the tank or the clouds come or go, and where the tank would stand is a clearing. Throws LanError for a size
 * outside 32 to 1024, or an index that is not a whole number from 0 to 2^29 - 1.
 */
export function tankPicture(content: TankContent, seed: number, index: number, size = 64): TankPicture {
  if (!Number.isInteger(size) || size < 32 || size > 1024)
    throw new LanError('data', `A tank picture cannot have ${size} pixels a side. Expected a whole number from 32 to 1024.`);
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 29)
    throw new LanError('data', `There is no tank picture ${index}. Expected a whole number from 0 to ${2 ** 29 - 1}.`);
  const stream = random(seed, STREAMS.scene);
  const dice = (part: number): Dice => {
    const numbers = stream.uniform(new Float32Array(NUMBERS), index * PARTS + part);
    let next = 0;
    return (low, high) => low + (high - low) * numbers[next++]!;
  };
  const scene = sceneOf(dice(PART.scene));
  const tank = tankOf(dice(PART.tank), scene);
  const painter = new Painter(size);
  paintSky(painter, scene);
  if (content.clouds) paintClouds(painter, scene, dice(PART.clouds));
  paintLand(painter, scene);
  let standing = content.tank;
  for (const tree of treesOf(dice(PART.trees), scene, tank)) {
    if (standing && tree.base > tank.base) {
      paintTank(painter, scene, tank);
      standing = false;
    }
    paintTree(painter, tree);
  }
  if (standing) paintTank(painter, scene, tank);
  const grain = stream.uniform(new Float32Array(size * size), index * PARTS + PART.grain, -scene.grain, scene.grain);
  return {
    ...painter.finish(scene.exposure, grain),
    clouds: painter.mask(CLOUD),
    tank: painter.mask(TANK),
    trees: painter.mask(TREE),
  };
}

/** Colours of a day, and how the land lies. */
interface Scene {
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

function sceneOf(dice: Dice): Scene {
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

function paintSky(painter: Painter, { sky, horizon }: Scene): void {
  // The meadow covers what is further down.
  painter.paint([0, 0, 64, horizon + 2], () => -9, gradient(sky[0], sky[1], 0, horizon));
}

/** Hills far away, the edge of the wood before them, and meadows that run towards the viewer. */
function paintLand(painter: Painter, { horizon, haze, foliage, grass, phases: p }: Scene): void {
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
function paintClouds(painter: Painter, { sky, horizon }: Scene, dice: Dice): void {
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
    painter.paint([left, top, right, base], shape, shade, CLOUD, 1.2);
  }
}

interface Tree {
  readonly kind: 'fir' | 'leafy';
  readonly x: number;
  readonly base: number;
  readonly height: number;
  readonly colour: Rgb;
}

/** From the back to the front, none of them hiding more than an end of the place where the tank is or would be. */
function treesOf(dice: Dice, scene: Scene, tank: Tank): Tree[] {
  const { horizon, foliage, haze } = scene;
  const count = floor(dice(13, 20));
  const firs = dice(0.15, 0.85);
  const trees = Array.from({ length: count }, (_, i): Tree => {
    const depth = (i + dice(0, 1)) / count;
    const colour: Rgb = [foliage[0] * dice(0.75, 1.2), foliage[1] * dice(0.85, 1.12), foliage[2] * dice(0.8, 1.15)];
    return {
      kind: dice(0, 1) < firs ? 'fir' : 'leafy',
      x: dice(-2, 66),
      base: horizon + 1 + depth ** 1.5 * (64 - horizon),
      height: (7.5 + 10 * depth) * dice(0.85, 1.2),
      colour: mix(colour, haze, 0.3 * (1 - depth)),
    };
  });
  const clear = (t: Tree): boolean => t.base < tank.base || Math.abs(t.x - tank.x) > 9.5 * tank.scale + t.height * 0.28;
  return trees.filter(clear);
}

function paintTree(painter: Painter, { kind, x, base, height: h, colour }: Tree): void {
  const [light, dark] = [times(colour, 1.18), times(colour, 0.62)];
  // Lit from the left.
  const lit = (half: number): Shade => (px, py, out) => {
    const fraction = clamp01(0.5 + (px - x) / (2 * half) + 0.12 * sin(px * 2.7 + py * 1.9));
    for (let c = 0; c < 3; c++) out[c] = light[c]! + (dark[c]! - light[c]!) * fraction;
  }; // prettier-ignore
  const trunk = times([96, 72, 52], 0.9);
  const wide = h * 0.06 + 0.2;
  painter.paint([x - wide, base - h * 0.4, x + wide, base], box(x - wide, base - h * 0.4, x + wide, base, 0.2), trunk, TREE);
  if (kind === 'fir') {
    for (let tier = 0; tier < 3; tier++) {
      const [top, bottom, half] = [base - h * (0.62 + 0.19 * tier), base - h * (0.14 + 0.24 * tier), h * (0.3 - 0.07 * tier)];
      painter.paint([x - half, top, x + half, bottom], convex([x, top], [x + half, bottom], [x - half, bottom]), lit(half), TREE);
    }
    return;
  }
  const r = h * 0.22;
  const puffs = [
    circle(x - r * 0.75, base - h * 0.5, r),
    circle(x + r * 0.75, base - h * 0.52, r),
    circle(x, base - h * 0.74, r * 1.15),
  ];
  const crown: Distance = (px, py) => min(puffs[0]!(px, py), puffs[1]!(px, py), puffs[2]!(px, py));
  painter.paint([x - 1.8 * r, base - h, x + 1.8 * r, base - h * 0.25], crown, lit(1.7 * r), TREE);
}

interface Tank {
  readonly x: number;
  /** Where the tracks touch the ground. */
  readonly base: number;
  readonly scale: number;
  /** 1: looks to the right. */
  readonly facing: 1 | -1;
  readonly phases: readonly number[];
}

function tankOf(dice: Dice, { horizon }: Scene): Tank {
  const base = dice(horizon + 17, 58);
  return {
    x: dice(17, 47),
    base,
    scale: 0.85 + 0.25 * ((base - 42) / 16) + dice(0, 0.15),
    facing: dice(0, 1) < 0.5 ? -1 : 1,
    phases: [dice(0, 2 * PI), dice(0, 2 * PI), dice(0, 2 * PI)],
  };
}

/** Shadow, tracks with their wheels, hull, turret with hatch, barrel; blotches in the colours of the wood. */
function paintTank(painter: Painter, { foliage, grass }: Scene, { x: cx, base, scale, facing, phases: p }: Tank): void {
  const [olive, moss, earth] = [mix(foliage, grass, 0.45), times(foliage, 0.72), mix(foliage, [104, 78, 50], 0.6)];
  /** A shape in the tank's own units: the origin on the ground below its middle, x towards where it looks. */
  const part = (bounds: readonly [number, number, number, number], shape: Distance, shade: Rgb | Shade): void => {
    const [a, b] = [cx + bounds[0] * scale * facing, cx + bounds[2] * scale * facing];
    painter.paint(
      [min(a, b), base + bounds[1] * scale, max(a, b), base + bounds[3] * scale],
      (x, y) => shape(((x - cx) * facing) / scale, (y - base) / scale) * scale,
      shade,
      TANK,
    );
  };
  const camouflage = (brightness: number): Shade => (x, y, out, d) => {
    const [u, v] = [(x - cx) / scale, (y - base) / scale];
    const one = sin(u * 0.75 + p[0]!) + sin(v * 1.1 + u * 0.35 + p[1]!);
    const two = sin(u * 0.55 - v * 0.9 + p[2]!) + sin(u * 0.9 + p[1]!);
    const colour = one > 0.55 ? moss : two > 0.7 ? earth : olive;
    // Lighter above, dark along the edge, which is what gives it away.
    const light = brightness * (1 - 0.42 * clamp01(1 + d / 0.9));
    for (let c = 0; c < 3; c++) out[c] = colour[c]! * light;
  }; // prettier-ignore
  part([-12.5, -0.9, 12.5, 1], box(-12.5, -0.9, 12.5, 1, 0.9), times(grass, 0.5));
  part([3, -11.6, 17, -8.6], capsule(4, -9.6, 16, -10.8, 0.6), times(moss, 0.8));
  part([14.6, -11.9, 17, -9.7], capsule(15.2, -10.75, 16.2, -10.85, 0.95), times(moss, 0.7));
  part([-5, -13.4, 0, -11.4], box(-4.4, -13.2, -0.6, -11, 0.7), camouflage(0.95));
  part([-6.6, -12, 6.2, -7.4], convex([-5, -12], [3.4, -12], [6, -8.6], [6, -7.4], [-6.6, -7.4]), camouflage(1.12));
  part([-11, -8, 12.4, -4], convex([-9.6, -8], [8.4, -8], [12.2, -5.6], [11, -4], [-11, -4], [-11, -6.4]), camouflage(1));
  part([-11.8, -5.2, 11.8, 0], box(-11.8, -5.2, 11.8, 0, 2.4), mix(times(foliage, 0.42), [40, 38, 34], 0.4));
  for (let i = 0; i < 5; i++) {
    const wheel = -8.6 + 4.3 * i;
    part([wheel - 1.6, -4.1, wheel + 1.6, -0.9], circle(wheel, -2.5, 1.55), times(olive, 0.85));
    part([wheel - 0.6, -3.1, wheel + 0.6, -1.9], circle(wheel, -2.5, 0.55), times(moss, 0.6));
  }
}
