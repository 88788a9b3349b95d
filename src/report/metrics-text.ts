// The metrics of an explanation that matter most, in plain words.
import type { Metric } from '../evidence/metric.js';
import { percent } from './claims.js';

/** Where a curve's score first reaches `level` from above or below: the fraction by then, undefined where it never does. */
function reached({ fraction, score }: NonNullable<Metric['curve']>, level: number): number | undefined {
  const falling = score[0]! > level;
  const at = score.findIndex((s) => (falling ? s < level : s >= level));
  return at < 0 ? undefined : fraction[at];
}

/** Sentences for the summary: what the curves say, by the fractions at which half of the score is lost and is back. */
export function metricsText(metrics: readonly Metric[]): string[] {
  const curveOf = (name: string): Metric | undefined => metrics.find((m) => m.name === name && m.curve !== undefined);
  const [deletion, insertion] = [curveOf('deletion'), curveOf('insertion')];
  if (!deletion?.curve || !insertion?.curve) return [];
  const half = deletion.curve.score[0]! / 2;
  const gone = reached(deletion.curve, half);
  // Noise alone that holds half of the answer already has nothing to come back from.
  const back = insertion.curve.score[0]! < half ? reached(insertion.curve, half) : 0;
  const area = (m: Metric): string => `area ${m.value.toFixed(2)}, ${m.better} is better`;
  return [
    `most needed first: replaced, half of the score is gone ${gone === undefined ? 'at no fraction' : `at ${percent(gone)}`} (deletion, ${area(deletion)}); restored from noise, it is ${back === 0 ? 'there from the start' : back === undefined ? 'back at no fraction' : `back at ${percent(back)}`} (insertion, ${area(insertion)})`,
  ];
}
