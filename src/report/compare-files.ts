// What a comparison of methods leaves on disk: report.html, compare.json, table.csv, sheet.png and each method's map as .npy.
import { join } from 'node:path';
import { scaleBilinear } from '../core/bilinear.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { writeAtomically } from '../data/files.js';
import type { Picture } from '../data/images.js';
import { encodeNpy } from '../data/npy.js';
import type { EngineInfo } from '../engine/engine.js';
import type { Metric } from '../evidence/metric.js';
import type { Compared, Comparison } from '../explain/compare.js';
import type { Preprocessing } from '../model/guess.js';
import { percent } from './claims.js';
import { toCsv } from './csv.js';
import { overlay, pictureOf, type ColourMap } from './drawing/colour.js';
import { sheet, type Tile } from './drawing/sheet.js';
import { short } from './format.js';
import { compareReport } from './page/compare.js';
import { REPORT, reportPage } from './page/template.js';

/** What the documents say besides the comparison itself. */
export interface CompareContext {
  /** The heading of the sheet. */
  readonly title: string;
  readonly model: { readonly path: string; readonly sha256: string };
  readonly input: { readonly path?: string; readonly sha256: string };
  readonly engine: EngineInfo;
  readonly preprocessing?: Preprocessing;
  readonly notes: readonly string[];
  readonly version: string;
  readonly seed: number;
  /** Seconds for each method; absent: as long as its defaults take. */
  readonly budget?: number;
  /** Largest pixel value, where the input is a picture and masks lie on it. */
  readonly range?: 1 | 255;
  /** Of the maps. */
  readonly colormap?: ColourMap;
  /** What the report says repeats it. */
  readonly repeat?: string;
}

const fileOf = ({ name }: Compared): string => `need-${name}.npy`;

/** The document of schema lan-onnx/compare@1: what compare.json holds. */
export function compareDocument(
  { methods, ...comparison }: Comparison,
  { title: _, repeat: _repeat, colormap: _colormap, range, ...context }: CompareContext,
) {
  return {
    schema: 'lan-onnx/compare@1' as const,
    ...context,
    ...comparison,
    files: { report: REPORT, table: 'table.csv', ...(range ? { sheet: 'sheet.png' } : {}) },
    methods: methods.map((compared) => {
      const { found, ...words } = compared;
      if (!found) return words;
      const { need: _need, evidence, ...rest } = found;
      const { hard, noiseAlone, hardTried } = evidence;
      return { ...words, file: fileOf(compared), ...(hard ? { hard } : {}), hardTried, noiseAlone, ...rest };
    }),
  };
}

/** What `compare.json` holds. */
export type CompareDocument = ReturnType<typeof compareDocument>;

/** One line of the table of methods: figures with their 95 % intervals. */
export interface CompareRow {
  readonly name: string;
  readonly title: string;
  readonly refused?: string;
  /** Largest fraction replaced entirely with the answer kept; undefined where none held. */
  readonly hard?: {
    readonly fraction: number;
    readonly kept: number;
    readonly draws: number;
    readonly interval: readonly [number, number];
  };
  readonly deletion?: Metric;
  readonly insertion?: Metric;
  readonly seconds?: number;
  readonly passes?: { readonly forward: number; readonly backward: number };
}

/** The table, best claim first: the largest fraction, of equals the larger insertion; then those without a claim, then those that were refused. */
export function compareRows({ methods }: Pick<Comparison, 'methods'>): CompareRow[] {
  const rows = methods.map(({ name, title, refused, found }): CompareRow => {
    if (!found) return { name, title, refused };
    const metric = (wanted: string): Metric | undefined => found.metrics.find((m) => m.name === wanted);
    const { hard } = found.evidence;
    return {
      name,
      title,
      ...(hard ? { hard: { fraction: hard.fraction, kept: hard.kept, draws: hard.draws, interval: hard.interval } } : {}),
      deletion: metric('deletion'),
      insertion: metric('insertion'),
      seconds: found.seconds,
      passes: found.passes,
    };
  });
  const rank = (r: CompareRow): number => (r.refused !== undefined ? -2 : (r.hard?.fraction ?? -1));
  return rows.sort((a, b) => rank(b) - rank(a) || (b.insertion?.value ?? 0) - (a.insertion?.value ?? 0));
}

/** The same as CSV. */
export const compareCsv = (comparison: Pick<Comparison, 'methods'>): string =>
  toCsv([
    ['method', 'hardFraction', 'kept', 'draws', 'low', 'high', ...['deletion', 'insertion'].flatMap((n) => [n, `${n}Low`, `${n}High`]), 'seconds', 'forward', 'backward', 'refused'], // prettier-ignore
    ...compareRows(comparison).map(({ name, refused, hard, deletion, insertion, seconds, passes }) => [
      name,
      hard?.fraction,
      hard?.kept,
      hard?.draws,
      hard?.interval[0],
      hard?.interval[1],
      ...[deletion, insertion].flatMap((m) => [m?.value, m?.interval?.[0], m?.interval?.[1]]),
      seconds,
      passes?.forward,
      passes?.backward,
      refused,
    ]),
  ]);

/** Writes all files into a folder, each whole or not at all, compare.json last; gives their paths. Throws LanError (`write`). */
export async function writeCompare(
  folder: string,
  x: Tensor,
  comparison: Comparison,
  context: CompareContext,
): Promise<string[]> {
  const written: string[] = [];
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    await writeAtomically(join(folder, name), content);
    written.push(join(folder, name));
  };
  for (const compared of comparison.methods) if (compared.found) await write(fileOf(compared), encodeNpy(compared.found.need));
  await write('table.csv', compareCsv(comparison));
  if (context.range && x.dims.length === 4)
    await write('sheet.png', await drawn(pictureOf(x, context.range), comparison, context));
  await write(REPORT, await reportPage(await compareReport(x, comparison, context)));
  await write('compare.json', `${JSON.stringify(compareDocument(comparison, context), null, 2)}\n`);
  return written;
}

/** The picture, then each method's map over it, best claim first. */
function drawn(photo: Picture, comparison: Comparison, { title, colormap }: CompareContext): Promise<Uint8Array> {
  const { width, height } = photo;
  const tiles = compareRows(comparison).flatMap((row): Tile[] => {
    const found = comparison.methods.find((m) => m.name === row.name)?.found;
    if (!found) return [];
    const map = relativeNeed(found.need, height, width);
    const claim = row.hard
      ? `hard, ${percent(row.hard.fraction)}: kept ${row.hard.kept} of ${row.hard.draws}`
      : 'hard: no fraction held';
    return [
      {
        image: { width, height, pixels: overlay(photo.pixels, map, undefined, colormap) },
        captions: [row.title, claim, `${short(found.seconds)} s`],
      },
    ];
  });
  return sheet({
    title,
    rows: [{ label: '', tiles: [{ image: photo, captions: ['input'] }, ...tiles] }],
    colourBar: ['less', 'more needed'],
    colourMap: colormap,
  });
}

/**
 * A need as [height,width] in [0,1], channels averaged: 0 and 1 are its 1st and 99th percentile, since few pixels tower over all;
 * of values of both signs 0 is 0, since what is below it speaks against the answer.
 */
export function relativeNeed(need: Tensor, height: number, width: number): Float32Array {
  const values = toFloat32(need);
  const [h, w] = need.dims.slice(-2) as [number, number];
  const area = h * w;
  const mean = Float32Array.from({ length: area }, (_, i) => {
    let sum = 0;
    for (let at = i; at < values.length; at += area) sum += values[at]!;
    return (sum * area) / values.length;
  });
  const sorted = Float32Array.from(mean).sort();
  const [least, high] = [sorted[Math.floor(0.01 * (area - 1))]!, sorted[Math.ceil(0.99 * (area - 1))]!];
  const low = high > 0 ? Math.max(0, least) : least;
  const relative = mean.map((v) => (high > low ? Math.min(1, Math.max(0, (v - low) / (high - low))) : 0.5));
  return h === height && w === width ? relative : scaleBilinear(relative, h, w, height, width);
}
