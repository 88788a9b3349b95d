// A path of betas as a figure and as a table.
import { join } from 'node:path';
import { writeAtomically } from '../data/files.js';
import type { PathPoint } from '../explain/path.js';
import { toCsv } from './csv.js';
import { curve } from './drawing/curve.js';
import { writeFigure } from './figure-files.js';

/** Names of the files of a path: how much is replaced against what it costs, drawn and in numbers. */
export const PATH_FILES = { path: 'path.png', pathSvg: 'path.svg', pathTable: 'path.csv' } as const;

/** Writes them into the folder. Throws LanError (`write`). */
export async function writePath(folder: string, points: readonly PathPoint[], title: string): Promise<void> {
  await writeAtomically(join(folder, PATH_FILES.pathTable), pathCsv(points));
  const drawn = points.map(({ beta, maskMean, outputLoss, chosen }) => ({ x: maskMean, y: outputLoss, label: `beta ${beta}`, chosen })); // prettier-ignore
  const figure = curve(drawn, { title, axes: ['fraction that is not needed (mean mask)', 'output loss'] });
  await writeFigure(folder, PATH_FILES.path, figure);
}

/** A line a point; `fraction` is empty where it has none. */
export const pathCsv = (points: readonly PathPoint[]): string =>
  toCsv([
    ['beta', 'mask_mean', 'output_loss', 'kept', 'fraction', 'steps', 'seconds', 'chosen'],
    ...points.map((p) => [p.beta, p.maskMean, p.outputLoss, p.kept, p.fraction, p.steps, p.seconds, p.chosen ? 1 : 0]),
  ]);

/** What a path found, in a sentence. */
export function pathText(points: readonly PathPoint[]): string {
  const each = points.map(({ beta, maskMean, outputLoss }) => `${beta}: ${maskMean.toFixed(3)} at ${outputLoss.toFixed(2)}`);
  return `path of betas (mean mask at output loss): ${each.join(', ')}`;
}
