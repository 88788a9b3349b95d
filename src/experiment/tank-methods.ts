// Where each method sees attention in pictures of tanks: on the clouds that the classifier learned, on the tanks that it did not, or elsewhere.
import { largest } from '../core/rows.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { meanOf } from '../evidence/metric.js';
import type { Noise } from '../lan/noise.js';
import type { Classifier } from '../model/open.js';
import { byMethod } from './by-method.js';
import { inParts, type RunOptions, type Table } from './run.js';
import { perPixel } from './statistics.js';

/** A picture with a tank and clouds, and where these are. */
export interface TankScene {
  /** [1,3,size,size]. */
  readonly x: Tensor;
  /** Marks [size*size], 1 = there. */
  readonly clouds: Uint8Array;
  readonly tank: Uint8Array;
}

/** The attention [size*size] that one method sees in each picture, by the method's name. */
export type Attentions = ReadonlyMap<string, readonly Float32Array[]>;

/** Attention of other methods, by name, on noise that is the same for all. Throws Interrupted, and as the method does. */
export async function attentionBy(
  methods: readonly string[],
  classifier: Classifier,
  scenes: readonly TankScene[],
  noise: Noise,
  run: RunOptions,
): Promise<Attentions> {
  // In this order one method is needed at a time; one is compiled for many pictures.
  let opened: { readonly name: string; readonly method: ReturnType<typeof byMethod> } | undefined;
  const methodOf = async (name: string): Promise<ReturnType<typeof byMethod>> => {
    if (opened?.name === name) return opened.method;
    await opened?.method.dispose();
    run.onPhase?.(`${scenes.length} pictures by ${name}`);
    opened = { name, method: byMethod(name, classifier, 'pixel') };
    return opened.method;
  };
  const n = scenes.length;
  try {
    const all = await inParts(run, 'masks of other methods', methods.length * n, async (k) => {
      const method = await methodOf(methods[Math.floor(k / n)]!);
      return toFloat32((await method.of(scenes[k % n]!.x, noise, run.seed + (k % n))).need);
    });
    return new Map(methods.map((name, m) => [name, all.slice(m * n, (m + 1) * n)]));
  } finally {
    await opened?.method.dispose();
  }
}

/**
 * A row a method: the parts of all attention above 0 that lie on clouds, on tanks and elsewhere, with the interval of the first, how much more a pixel of a
 * cloud has than one of a tank, and in how many pictures the most needed pixel is on a cloud, and on a tank.
 */
export function attentionTable(attentions: Attentions, scenes: readonly TankScene[], seed: number): Table {
  const rows = [...attentions].map(([name, maps]): (string | number)[] => {
    const clouds = maps.map((map, i) => massOn(map, scenes[i]!.clouds));
    const tanks = maps.map((map, i) => massOn(map, scenes[i]!.tank));
    const { value, interval = [value, value] } = meanOf(clouds, seed);
    const tank = meanOf(tanks, seed).value;
    const all = {
      map: concatenated(maps),
      clouds: scenes.flatMap((s) => [...s.clouds]),
      tank: scenes.flatMap((s) => [...s.tank]),
    };
    const ratio = perPixel(all.map, all.clouds) / perPixel(all.map, all.tank);
    const pointing = (of: 'clouds' | 'tank'): number => maps.filter((map, i) => scenes[i]![of][largest(map)]).length;
    const percent = (v: number): number => Number((100 * v).toFixed(1));
    return [name, percent(value), ...interval.map(percent), percent(tank), percent(1 - value - tank), Number(ratio.toPrecision(3)), pointing('clouds'), pointing('tank')]; // prettier-ignore
  });
  const area = (of: 'clouds' | 'tank'): string =>
    (100 * meanOf(scenes.map((s) => s[of].reduce((sum, m) => sum + m, 0) / s[of].length), seed).value).toFixed(1); // prettier-ignore
  return {
    file: 'methods.csv',
    caption: `Attention of each method on ${scenes.length} pictures, in per cent of all that it sees; clouds have ${area('clouds')} % of the area, tanks ${area('tank')} %. Last: in how many pictures the most needed pixel is on a cloud, and on a tank`,
    columns: ['method', 'on clouds', 'low', 'high', 'on tanks', 'elsewhere', 'cloud pixel / tank pixel', 'first on clouds', 'first on tanks'], // prettier-ignore
    rows,
  };
}

/** The maps one after the other, each with a sum of 1, values below 0 left out. */
function concatenated(maps: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(maps.reduce((sum, m) => sum + m.length, 0));
  let at = 0;
  for (const map of maps) {
    const own = map.map((v) => Math.max(0, v));
    const sum = own.reduce((a, b) => a + b, 0);
    all.set(own.map((v) => (sum === 0 ? 1 / own.length : v / sum)), at); // prettier-ignore
    at += map.length;
  }
  return all;
}

/** The part of a map's values above 0 that lies on the marks; where it has none, that of the area. */
function massOn(map: Float32Array, marks: Uint8Array): number {
  const own = concatenated([map]);
  return own.reduce((sum, v, i) => sum + (marks[i] ? v : 0), 0);
}
