// The page of a score: how often a classifier was right, by class, and what it took for what.
import { number } from '../format.js';
import type { ScoreResult } from '../../score/score.js';
import type { ScoreContext } from '../contexts.js';
import { about } from './about.js';
import type { ReportDocument, Table } from './document.js';

const percent = (fraction: number): string => `${Number((100 * fraction).toFixed(1))} %`;

/** Confusions that the table shows, the most frequent first. */
const MOST = 200;

/** The document. */
export function scoreReport(result: ScoreResult, context: ScoreContext, repeat?: string): ReportDocument {
  const { top1, top5, classes, confusion, dataset, split } = result;
  const seen = classes.filter((c) => c.count > 0);
  const worst = seen.toSorted((a, b) => a.accuracy - b.accuracy);
  const mixed = confusion.filter((c) => c.actual !== c.predicted).toSorted((a, b) => b.count - a.count);
  const name = (index: number): string => classes[index]?.label ?? `class ${index}`;
  return {
    schema: 'lan-onnx/report@1',
    command: 'score',
    version: context.version,
    title: `${context.model.path} on ${dataset}`,
    claim: `The model was right on ${top1.correct} of ${top1.count} samples, ${percent(top1.accuracy)}; with 95 % confidence its accuracy lies between ${percent(top1.interval[0])} and ${percent(top1.interval[1])}.`,
    cautions: [
      ...(result.interrupted ? ['This was interrupted: not all samples were counted.'] : []),
      ...(result.unreadable.length > 0 ? [`Not readable and left out: ${number(result.unreadable.length, 'sample')}.`] : []),
    ],
    blocks: [
      { type: 'heading', text: 'By class, worst first' },
      {
        type: 'plot',
        title: 'Accuracy of each class',
        summary: `From ${percent(worst[0]?.accuracy ?? 0)} for ${worst[0]?.label ?? 'no class'} to ${percent(worst.at(-1)?.accuracy ?? 0)} for ${worst.at(-1)?.label ?? 'no class'}; bars are 95 % intervals.`,
        x: { label: 'class, by accuracy', whole: true },
        y: { label: 'accuracy', percent: true, domain: [0, 1] },
        series: [
          {
            name: 'accuracy',
            kind: 'points',
            x: worst.map((_, i) => i + 1),
            y: worst.map((c) => c.accuracy),
            low: worst.map((c) => c.interval[0]),
            high: worst.map((c) => c.interval[1]),
          },
        ],
      },
      accuracyTable(worst),
      ...(mixed.length === 0
        ? []
        : [
            { type: 'heading' as const, text: 'What was taken for what' },
            {
              type: 'table' as const,
              caption: `Confusions, the most frequent first${mixed.length > MOST ? `: ${MOST} of ${mixed.length}` : ''}`,
              columns: [{ name: 'it was' }, { name: 'the model said' }, { name: 'samples', numeric: true }],
              rows: mixed.slice(0, MOST).map((c) => [name(c.actual), name(c.predicted), c.count]),
            },
          ]),
      ...about({
        repeat,
        notes: result.notes,
        models: [context.model],
        engine: context.engine,
        version: context.version,
        facts: {
          data: `${dataset}${split === undefined ? '' : ` (${split})`}`,
          'top-5': classes.length > 5 ? percent(top5.accuracy) : undefined,
          'cross-entropy': `${result.crossEntropy.toFixed(4)} nats`,
        },
        settings: { card: context.card, preprocessing: context.preprocessing },
      }),
    ],
    images: {},
  };
}

const accuracyTable = (classes: ScoreResult['classes']): Table => ({
  type: 'table',
  caption: 'Classes',
  columns: [
    { name: 'class' },
    { name: 'samples', numeric: true },
    { name: 'right', numeric: true },
    { name: 'accuracy', numeric: true, percent: true },
    { name: 'from', numeric: true, percent: true },
    { name: 'to', numeric: true, percent: true },
  ],
  rows: classes.map((c) => [c.label, c.count, c.correct, c.accuracy, c.interval[0], c.interval[1]]),
});
