// What was measured besides the claim, in plain words: the few lines that matter most.
import type { Further } from '../evidence/measure.js';
import type { Metric } from '../evidence/metric.js';
import type { OtherNoise } from '../evidence/other-noise.js';
import type { Sanity } from '../evidence/sanity.js';
import { percent, smallPercent } from './claims.js';

/** Lines for the summary: the curves, a ground truth where there is one, other noise, the self-deception battery. */
export const furtherText = ({ metrics, otherNoise, sanity }: Further): string[] => [
  ...curvesText(metrics),
  ...truthText(metrics),
  ...otherNoiseText(otherNoise),
  ...sanityText(sanity),
];

/** Where a curve's score first reaches `level` from above or below: the fraction by then, undefined where it never does. */
function reached({ fraction, score }: NonNullable<Metric['curve']>, level: number): number | undefined {
  const falling = score[0]! > level;
  const at = score.findIndex((s) => (falling ? s < level : s >= level));
  return at < 0 ? undefined : fraction[at];
}

/** The fractions at which half of the score is lost and is back. */
function curvesText(metrics: readonly Metric[]): string[] {
  const curveOf = (name: string): Metric | undefined => metrics.find((m) => m.name === name && m.curve !== undefined);
  const [deletion, insertion] = [curveOf('deletion'), curveOf('insertion')];
  if (!deletion?.curve || !insertion?.curve) return [];
  const half = deletion.curve.score[0]! / 2;
  const gone = reached(deletion.curve, half);
  // Noise alone that holds half of the answer already has nothing to come back from.
  const back = insertion.curve.score[0]! < half ? reached(insertion.curve, half) : 0;
  const area = (m: Metric): string => `area ${m.value.toFixed(2)}, ${m.better} is better`;
  return [
    `most needed first: replaced, half of the score is ${gone === undefined ? 'never gone' : `gone at ${percent(gone)}`} (deletion, ${area(deletion)}); restored from noise, it is ${back === 0 ? 'there from the start' : back === undefined ? 'never back' : `back at ${percent(back)}`} (insertion, ${area(insertion)})`,
  ];
}

function truthText(metrics: readonly Metric[]): string[] {
  const [pointing, mass, rank] = ['pointing', 'relevanceMass', 'relevanceRank'].map((n) => metrics.find((m) => m.name === n));
  if (!pointing || !mass || !rank) return [];
  const chance = /by chance (.*)$/.exec(mass.definition)?.[1] ?? '';
  return [
    `against the ground truth: the most needed element is ${pointing.value === 1 ? 'marked' : 'not marked'}; ${percent(mass.value)} of the need and ${percent(rank.value)} of the most needed elements lie on it (by chance ${percent(Number(chance))})`,
  ];
}

/** The hard claim, with the soft one where that is another answer. */
function otherNoiseText(tried: readonly OtherNoise[]): string[] {
  if (tried.length === 0) return [];
  const rate = ({ kept, draws }: OtherNoise['soft']): string =>
    draws === 1 ? (kept === 1 ? 'kept' : 'lost') : `kept on ${kept} of ${draws}`;
  const each = tried.map(({ noise, hard, soft }) => `${noise.split(':')[0]} ${rate(hard)} (mixed in: ${rate(soft)})`);
  return [`on noise that it was not learned on, ${smallPercent(tried[0]!.hard.fraction)} replaced entirely: ${each.join('; ')}`];
}

function sanityText({ verdict, tests }: Sanity): string[] {
  const words = { pass: 'passed', fail: 'FAILED', inconclusive: 'inconclusive' };
  return tests.length === 0
    ? []
    : [`self-deception battery: ${words[verdict]}`, ...tests.map((t) => `  ${words[t.verdict]}, ${t.name}: ${t.finding}`)];
}
