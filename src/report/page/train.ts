// The page of a trained explainer: its loss curves and figures.
import { about, type Made } from './about.js';
import type { Block, Plot, ReportDocument } from './document.js';

/** One line of the metrics of a training: a step and what was measured by then. */
export type MetricsLine = Readonly<Record<string, number>>;

/** What is shown of a training. */
export interface TrainShown extends Made {
  readonly title: string;
  readonly steps: number;
  readonly samples: number;
  readonly last: Readonly<Record<string, number>>;
  readonly validation?: Readonly<Record<string, number>>;
  readonly lines: readonly MetricsLine[];
}

/** The lines of NAME.metrics.jsonl; what is no line of metrics is left out. */
export const metricsIn = (text: string): MetricsLine[] =>
  text.split('\n').flatMap((line) => {
    try {
      const value = JSON.parse(line) as unknown;
      return typeof value === 'object' && value !== null && typeof (value as MetricsLine)['step'] === 'number'
        ? [value as MetricsLine]
        : [];
    } catch {
      return [];
    }
  });

/** Points of a curve. */
const SHOWN = 300;

const NAMES: Readonly<Record<string, string>> = { loss: 'objective', output_loss: 'output loss', mask_mean: 'mean of the mask' };

/** The document. */
export function trainReport(shown: TrainShown): ReportDocument {
  const { title, steps, samples, last, validation, lines, version } = shown;
  const mask = validation?.['validation_mask_mean'] ?? last['mask_mean'];
  return {
    schema: 'lan-onnx/report@1',
    command: 'train',
    version,
    title,
    claim: `An explainer was trained in ${steps} steps on ${samples} samples${mask === undefined ? '' : `; on average its masks replace ${Number((100 * mask).toFixed(1))} % of an input`}.`,
    cautions: validation ? [] : ['No samples were kept for validation: the figures are those of the samples it was trained on.'],
    blocks: [
      { type: 'heading', text: 'While it was trained' },
      ...Object.entries(NAMES).map(([name, what]): Block => curve(name, what, lines)),
      { type: 'heading', text: 'At the end' },
      {
        type: 'table',
        caption: 'Metrics',
        columns: [{ name: 'metric' }, { name: 'value', numeric: true }],
        rows: Object.entries({ ...last, ...validation }).map(([name, value]) => [name, value]),
      },
      ...about(shown),
    ],
    images: {},
  };
}

function curve(name: string, what: string, lines: readonly MetricsLine[]): Plot {
  const of = (key: string, label: string): Plot['series'][number][] => {
    const known = lines.filter((l) => Number.isFinite(l[key]));
    const every = Math.ceil(known.length / SHOWN);
    const thinned = known.filter((_, i) => i % every === 0 || i === known.length - 1);
    return thinned.length === 0
      ? []
      : [{ name: label, kind: 'line', x: thinned.map((l) => l['step']!), y: thinned.map((l) => l[key]!) }];
  };
  const series = [...of(name, 'training'), ...of(`validation_${name}`, 'validation')];
  const ends = series.map((s) => `${s.name} from ${Number(s.y[0]!.toPrecision(3))} to ${Number(s.y.at(-1)!.toPrecision(3))}`);
  return {
    type: 'plot',
    title: what,
    summary: `${what}: ${ends.join('; ') || 'not recorded'}.`,
    x: { label: 'step', whole: true },
    y: { label: what },
    series,
  };
}
