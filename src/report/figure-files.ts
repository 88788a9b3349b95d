// A figure on disk: as PNG, and beside it as SVG, whose text can be edited and stays sharp in print.
import { join } from 'node:path';
import { writeAtomically } from '../data/files.js';
import type { Canvas } from './drawing/canvas.js';

/** The name of the SVG beside `name`.png. */
export const vectorOf = (name: string): string => name.replace(/\.png$/, '.svg');

/** Writes both, each whole or not at all, and gives their paths. `name` ends in .png. Throws LanError (`write`). */
export async function writeFigure(folder: string, name: string, figure: Canvas): Promise<string[]> {
  const [png, svg] = [join(folder, name), join(folder, vectorOf(name))];
  await writeAtomically(png, await figure.toPng());
  await writeAtomically(svg, await figure.toSvg());
  return [png, svg];
}
