// What was measured about a mask, as blocks of a page: curves, tables and verdicts.
import { wilson } from '../../core/proportion.js';
import type { Answer } from '../../evidence/answer.js';
import type { Metric } from '../../evidence/metric.js';
import type { OtherNoise } from '../../evidence/other-noise.js';
import type { Replaceability } from '../../evidence/replaceability.js';
import type { ShownSteps } from '../../explain/shown.js';
import type { Sanity } from '../../evidence/sanity.js';
import { fourDigits } from '../format.js';
import { partOfAll } from '../plain.js';
import type { Block, Plot, Table, Verdicts } from './document.js';

const PERCENT = { percent: true, domain: [0, 1] } as const;

/** How often the answer stayed by how much was replaced: what was tried, what was claimed, and noise alone. */
export function keptPlot({ hard, hardTried, noiseAlone }: Replaceability, replaced: ShownSteps | undefined): Plot | undefined {
  if (hardTried.length === 0) return undefined;
  const { fractions, draws } = replaced ?? { fractions: [], draws: [] };
  const rate = (step: number): number => draws.filter((steps) => steps[step]!.kept).length / draws.length;
  const tried = hardTried.toSorted((a, b) => a.fraction - b.fraction);
  const points = (name: string, all: readonly { fraction: number; kept: number; draws: number }[]): Plot['series'][number] => {
    const intervals = all.map(({ kept, draws }) => wilson(kept, draws));
    return {
      name,
      kind: 'points',
      x: all.map((t) => t.fraction),
      y: all.map((t) => t.kept / t.draws),
      // One draw of noise that is always the same has no interval.
      ...(all.every((t) => t.draws > 1) ? { low: intervals.map(([l]) => l), high: intervals.map(([, h]) => h) } : {}),
    };
  };
  const claimed = hard
    ? `with ${partOfAll(hard.fraction)} replaced it stayed in ${hard.kept} of ${hard.draws} tries`
    : 'no fraction was kept often enough to be claimed';
  return {
    type: 'plot',
    title: 'How often the answer stayed',
    summary: `The more is replaced, the less often the answer stays: ${claimed}; with everything replaced in ${noiseAlone.kept} of ${noiseAlone.draws}. Bars are 95 % intervals. Fractions that were tried to choose the claim were given up as soon as they could not hold.`,
    x: { label: 'replaced by noise', ...PERCENT },
    y: { label: 'answer stayed', ...PERCENT },
    series: [
      ...(draws.length > 1
        ? [
            {
              name: `the ${draws.length} draws above`,
              kind: 'line' as const,
              x: fractions,
              y: fractions.map((_, step) => rate(step)),
            },
          ]
        : []),
      points('tried to choose the claim', tried),
      ...(hard ? [points('the claim, on fresh noise', [hard])] : []),
      points('noise alone', [{ fraction: 1, ...noiseAlone }]),
    ],
  };
}

/** The curves among the metrics, over the fraction replaced or restored. */
export function curvePlot(metrics: readonly Metric[]): Plot | undefined {
  const curves = metrics.filter((m) => m.curve);
  if (curves.length === 0) return undefined;
  const area = ({ name, value, interval, better }: Metric): string =>
    `${name}: area ${value.toFixed(2)}${interval ? ` (95 % interval ${interval[0].toFixed(2)} to ${interval[1].toFixed(2)})` : ''}, ${better} is better`;
  return {
    type: 'plot',
    title: 'How the answer fades and comes back, the most needed parts first',
    summary: `${curves.map(area).join('; ')}. ${curves.flatMap(({ name }) => HOW[name] ?? []).join(' ')}`.trim(),
    x: { label: 'fraction changed', ...PERCENT },
    y: { label: 'score of the answer', domain: [0, 1] },
    series: curves.map(({ name, curve }) => ({ name, kind: 'line' as const, x: curve!.fraction, y: curve!.score })),
  };
}

/** What is done to the input along each curve. */
const HOW: Readonly<Record<string, string>> = {
  deletion: 'Deletion replaces the most needed parts by noise first.',
  insertion: 'Insertion begins with noise alone and restores the most needed parts first.',
  road: 'Road fills parts in from what lies around them, and shows how much more the answer loses by the most needed ones than by the least needed ones.',
};

/** All metrics with their intervals. */
export const metricTable = (metrics: readonly Metric[]): Table => ({
  type: 'table',
  caption: 'All figures',
  columns: [
    { name: 'figure' },
    { name: 'value', numeric: true },
    { name: 'from', numeric: true },
    { name: 'to', numeric: true },
    { name: 'better' },
    { name: 'what it is' },
    { name: 'source' },
  ],
  rows: metrics.map((m) => [m.name, m.value, m.interval?.[0] ?? null, m.interval?.[1] ?? null, m.better, m.definition, m.source]),
});

/** Numbers of a noise that are shown: those of an input without names may be as many as it has elements. */
const NUMBERS = 4;

/** A noise by its name, its numbers short and not too many. */
export function noiseShown(noise: string): string {
  const [family, numbers] = noise.split(/:(.*)/s) as [string, string?];
  const all = numbers?.split(',') ?? [];
  if (all.length === 0 || !all.every((n) => n !== '' && Number.isFinite(Number(n)))) return noise;
  const shown = all.slice(0, NUMBERS).map((n) => fourDigits(Number(n)));
  return `${family}: ${shown.join(', ')}${all.length > NUMBERS ? ` and ${all.length - NUMBERS} more` : ''}`;
}

/** The claim under noise that the mask was not learned on. */
export function otherNoiseTable(tried: readonly OtherNoise[]): Table | undefined {
  if (tried.length === 0) return undefined;
  return {
    type: 'table',
    caption: `The same part kept, under other noise (${partOfAll(tried[0]!.hard.fraction)} replaced)`,
    columns: [
      { name: 'noise' },
      { name: 'answer stayed', numeric: true, percent: true },
      { name: 'from', numeric: true, percent: true },
      { name: 'to', numeric: true, percent: true },
      { name: 'tries', numeric: true },
      { name: 'noise alone', numeric: true, percent: true },
    ],
    rows: tried.map(({ noise, hard, noiseAlone }) => [
      noiseShown(noise),
      hard.kept / hard.draws,
      hard.draws > 1 ? hard.interval[0] : null,
      hard.draws > 1 ? hard.interval[1] : null,
      hard.draws,
      noiseAlone.kept / noiseAlone.draws,
    ]),
  };
}

const MEANING = {
  pass: 'Nothing was found that speaks for self-deception.',
  fail: 'At least one test says that this explanation could be self-deception.',
  inconclusive: 'At least one test cannot tell.',
} as const;

/** The self-deception battery; undefined where nothing was tested. */
export const verdictsOf = ({ verdict, tests }: Sanity): Verdicts | undefined =>
  tests.length === 0
    ? undefined
    : {
        type: 'verdicts',
        verdict,
        meaning: MEANING[verdict],
        tests: tests.map((t) => ({ name: t.name, verdict: t.verdict, finding: t.finding })),
      };

/** A probability in a table of answers. */
interface Predicted {
  readonly label: string;
  readonly probability: number;
}

/** The answer before and after, side by side; undefined for a value, which is one number. */
export function answersTable(
  answer: Answer,
  columns: readonly { readonly name: string; readonly prediction: readonly Predicted[] }[],
): Table | undefined {
  if (answer.task === 'value') return undefined;
  const labels = [...new Set(columns.flatMap(({ prediction }) => prediction.map((p) => p.label)))];
  return {
    type: 'table',
    caption: 'Probabilities; a dash where it is not among the most probable ones',
    columns: [{ name: 'answer' }, ...columns.map(({ name }) => ({ name, numeric: true }))],
    rows: labels.map((label) => [
      label,
      ...columns.map(({ prediction }) => {
        const found = prediction.find((p) => p.label === label)?.probability;
        return found === undefined ? null : Number(found.toFixed(4));
      }),
    ]),
  };
}

/** Steps that a curve of learning shows. */
const SHOWN = 200;

/** How the mask was learned; undefined where it was not. */
export function learningPlots(history: readonly { readonly loss: number; readonly maskMean: number }[]): Block[] {
  if (history.length < 2) return [];
  const every = Math.ceil(history.length / SHOWN);
  const thinned = history
    .map((h, step) => ({ ...h, step }))
    .filter(({ step }) => step % every === 0 || step === history.length - 1);
  const plot = (title: string, name: string, of: (h: (typeof thinned)[number]) => number, percent: boolean): Plot => ({
    type: 'plot',
    title,
    summary: `${name} from ${Number(of(thinned[0]!).toPrecision(3))} to ${Number(of(thinned.at(-1)!).toPrecision(3))} in ${history.length} steps.`,
    x: { label: 'step', whole: true },
    y: { label: name, ...(percent ? PERCENT : {}) },
    series: [
      { name, kind: 'line', x: thinned.map((h) => h.step), y: thinned.map((h) => (Number.isFinite(of(h)) ? of(h) : null)) },
    ],
  });
  return [
    plot('Loss while the mask was learned', 'loss', (h) => h.loss, false),
    plot('How much of the input the mask replaced', 'mean of the mask', (h) => h.maskMean, true),
  ];
}
