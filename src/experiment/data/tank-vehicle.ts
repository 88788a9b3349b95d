// The tank of a tank picture: shadow, tracks, hull, turret and barrel, in the colours of the wood.
import {
  box,
  capsule,
  circle,
  clamp01,
  convex,
  mix,
  times,
  type Distance,
  type Painter,
  type Rgb,
  type Shade,
} from './painter.js';
import { MARK, type Dice, type Scene } from './tank-scenery.js';

const { sin, max, min, PI } = Math;

/** Where a tank stands; places in the 64 units of a picture. */
export interface Tank {
  readonly x: number;
  /** Where the tracks touch the ground. */
  readonly base: number;
  readonly scale: number;
  /** 1: looks to the right. */
  readonly facing: 1 | -1;
  readonly phases: readonly number[];
}

/** A tank on the meadow, larger the nearer it stands. */
export function tankOf(dice: Dice, { horizon }: Scene): Tank {
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
export function paintTank(painter: Painter, { foliage, grass }: Scene, { x: cx, base, scale, facing, phases: p }: Tank): void {
  const [olive, moss, earth] = [mix(foliage, grass, 0.45), times(foliage, 0.72), mix(foliage, [104, 78, 50], 0.6)];
  /** A shape in the tank's own units: the origin on the ground below its middle, x towards where it looks. */
  const part = (bounds: readonly [number, number, number, number], shape: Distance, shade: Rgb | Shade): void => {
    const [a, b] = [cx + bounds[0] * scale * facing, cx + bounds[2] * scale * facing];
    painter.paint(
      [min(a, b), base + bounds[1] * scale, max(a, b), base + bounds[3] * scale],
      (x, y) => shape(((x - cx) * facing) / scale, (y - base) / scale) * scale,
      shade,
      MARK.tank,
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
