// Files about elements with names: a ranked table of all (features.csv) and a chart of the most needed (features.png).
import type { AuditResult, BetaResult } from '../explain/audit.js';
import { toCsv } from './csv.js';
import { bars } from './drawing/bars.js';
import { featureNeeds, named, type FeatureNeed, type Features } from './features.js';

/** Names of the files. */
export const TABLE = 'features.csv';
export const CHART = 'features.png';

/** Elements that a chart shows of each beta. */
const SHOWN = 25;

/** All elements of each beta, most needed first, as CSV. */
export function featureTable(features: Features, betas: readonly BetaResult[]): string {
  const rows = betas.flatMap((beta) =>
    featureNeeds(features, beta).map(({ name, index, value, attention, kept }, i) => [
      beta.beta,
      i + 1,
      name,
      index,
      value,
      Number(attention.toPrecision(6)),
      kept === undefined ? undefined : kept ? 'kept' : 'replaced',
    ]),
  );
  return toCsv([['beta', 'rank', 'name', 'index', 'value', 'attention', 'claim'], ...rows]);
}

/** The most needed elements of each beta as bars; of words those of the text, and others only where they are needed. */
export function featureChart(title: string, features: Features, { betas }: Pick<AuditResult, 'betas'>): Promise<Uint8Array> {
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
  return bars(title, groups, 'attention, 0 to 1: how long into the search for noise an element stays needed');
}
