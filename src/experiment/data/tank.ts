// Pictures for the tank story (paper, Appendix G): a forest, camouflaged tanks and clouds, drawn from a seed.
import { LanError } from '../../core/errors.js';
import { random, STREAMS } from '../../core/random.js';
import type { Picture } from '../../data/resize.js';
import { Painter } from './painter.js';
import { MARK, paintClouds, paintLand, paintSky, sceneOf, type Dice } from './tank-scenery.js';
import { paintTree, treesOf } from './tank-trees.js';
import { paintTank, tankOf } from './tank-vehicle.js';

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

/** Parts that draw random numbers of their own, so that what one of them shows changes nothing about the others. */
const PART = { scene: 0, trees: 1, tank: 2, clouds: 3, grain: 4 };
const PARTS = 8;
/** Numbers that one part may ask for. */
const NUMBERS = 256;

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
    clouds: painter.mask(MARK.cloud),
    tank: painter.mask(MARK.tank),
    trees: painter.mask(MARK.tree),
  };
}
