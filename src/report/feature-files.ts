// Files about elements with names: a ranked table of all (features.csv) and a chart of the most needed (features.png).
import { join } from 'node:path';
import { toFloat32 } from '../core/tensor.js';
import { writeAtomically } from '../data/files.js';
import type { AuditResult, BetaResult } from '../explain/audit.js';
import { orderOf } from '../lan/learn.js';
import { toCsv } from './csv.js';
import { arrayFigure } from './drawing/array.js';
import { bars } from './drawing/bars.js';
import type { Canvas } from './drawing/canvas.js';
import { vectorOf, writeFigure } from './figure-files.js';
import { featureNeeds, named, type FeatureNeed, type Features } from './features.js';

/** Names of the files. */
const TABLE = 'features.csv';
const CHART = 'features.png';

/** Picture of an array of two axes. */
const ARRAY = 'array.png';

/** Rows of a table at most, of each beta. */
const ROWS = 100_000;

/** Elements that a chart shows of each beta. */
const SHOWN = 25;

/** All elements of each beta, most needed first, as CSV. */
function featureTable(features: Features, betas: readonly BetaResult[]): string {
  const rows = betas.flatMap((beta) =>
    featureNeeds(features, beta)
      .slice(0, ROWS)
      .map(({ name, index, value, category, attention, kept }, i) => [
        beta.beta,
        i + 1,
        name,
        index,
        category ?? value,
        Number(attention.toPrecision(6)),
        kept === undefined ? undefined : kept ? 'kept' : 'replaced',
      ]),
  );
  return toCsv([['beta', 'rank', 'name', 'index', 'value', 'attention', 'claim'], ...rows]);
}

/** The most needed elements of each beta as bars; of words those of the text, and others only where they are needed. */
function featureChart(title: string, features: Features, { betas }: Pick<AuditResult, 'betas'>): Canvas {
  const shown = (needs: readonly FeatureNeed[]): FeatureNeed[] =>
    needs.filter((n) => features.kind !== 'word' || n.value !== 0 || n.attention > 0.5).slice(0, SHOWN);
  const groups = betas.map((beta) => {
    const needs = featureNeeds(features, beta);
    const own = shown(needs);
    const some = own.length < needs.length ? `, ${own.length} of ${needs.length} ${features.kind}s` : '';
    return {
      heading: `beta ${beta.beta}${some}`,
      bars: own.map((n) => ({
        label: named(features, n),
        value: n.attention,
        note: `${n.attention.toFixed(2)}${n.kept ? ' left by the claim' : ''}`,
      })),
    };
  });
  return bars(title, groups, 'attention, from 0 (replaceable) to 1 (needed)');
}

/** Whether an array is drawn: one of two axes. */
const isDrawn = ({ axes }: Features): boolean => axes?.length === 2;

/** An array of two axes beside the attention of each beta, with the names of its axes. For those that are drawn only. */
function featureArray(title: string, features: Features, { betas }: Pick<AuditResult, 'betas'>): Canvas {
  const [down, across] = features.axes!;
  const attentions = betas.map((beta) => {
    const mask = toFloat32(orderOf(beta.learned));
    return { label: `attention, beta ${beta.beta}`, values: mask.map((v) => 1 - v) };
  });
  const { length: rows } = down!;
  const { length: columns } = across!;
  return arrayFigure({ title, rows, columns, axes: [down!.name, across!.name], values: features.values, attentions });
}

/** Names of the files about features, by what they are. */
export const featureFiles = (
  features: Features | undefined,
): {
  readonly features?: string;
  readonly chart?: string;
  readonly chartSvg?: string;
  readonly array?: string;
  readonly arraySvg?: string;
} =>
  features
    ? {
        features: TABLE,
        chart: CHART,
        chartSvg: vectorOf(CHART),
        ...(isDrawn(features) ? { array: ARRAY, arraySvg: vectorOf(ARRAY) } : {}),
      }
    : {};

/** Writes them into `folder`, each whole or not at all. Throws LanError (`write`). */
export async function writeFeatures(folder: string, title: string, features: Features, result: AuditResult): Promise<void> {
  await writeAtomically(join(folder, TABLE), featureTable(features, result.betas));
  await writeFigure(folder, CHART, featureChart(title, features, result));
  if (isDrawn(features)) await writeFigure(folder, ARRAY, featureArray(title, features, result));
}
