// The trees of a tank picture: firs and leafy ones, none of them before the place of the tank.
import { box, circle, clamp01, convex, mix, times, type Distance, type Painter, type Rgb, type Shade } from './painter.js';
import { MARK, type Dice, type Scene } from './tank-scenery.js';
import type { Tank } from './tank-vehicle.js';

const { sin, min, floor } = Math;

/** One tree; places and heights in the 64 units of a picture. */
export interface Tree {
  readonly kind: 'fir' | 'leafy';
  readonly x: number;
  readonly base: number;
  readonly height: number;
  readonly colour: Rgb;
}

/** From the back to the front, none of them hiding more than an end of the place where the tank is or would be. */
export function treesOf(dice: Dice, scene: Scene, tank: Pick<Tank, 'x' | 'base' | 'scale'>): Tree[] {
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

/** A trunk with a crown, lit from the left, marked as a tree. */
export function paintTree(painter: Painter, { kind, x, base, height: h, colour }: Tree): void {
  const [light, dark] = [times(colour, 1.18), times(colour, 0.62)];
  // Lit from the left.
  const lit = (half: number): Shade => (px, py, out) => {
    const fraction = clamp01(0.5 + (px - x) / (2 * half) + 0.12 * sin(px * 2.7 + py * 1.9));
    for (let c = 0; c < 3; c++) out[c] = light[c]! + (dark[c]! - light[c]!) * fraction;
  }; // prettier-ignore
  const trunk = times([96, 72, 52], 0.9);
  const wide = h * 0.06 + 0.2;
  painter.paint([x - wide, base - h * 0.4, x + wide, base], box(x - wide, base - h * 0.4, x + wide, base, 0.2), trunk, MARK.tree);
  if (kind === 'fir') {
    for (let tier = 0; tier < 3; tier++) {
      const [top, bottom, half] = [base - h * (0.62 + 0.19 * tier), base - h * (0.14 + 0.24 * tier), h * (0.3 - 0.07 * tier)];
      painter.paint(
        [x - half, top, x + half, bottom],
        convex([x, top], [x + half, bottom], [x - half, bottom]),
        lit(half),
        MARK.tree,
      );
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
  painter.paint([x - 1.8 * r, base - h, x + 1.8 * r, base - h * 0.25], crown, lit(1.7 * r), MARK.tree);
}
