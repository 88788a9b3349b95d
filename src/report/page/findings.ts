// The page of an experiment: which of the paper's claims hold, with its figures.
import type { Figure, Findings } from '../../experiment/run.js';
import type { Picture } from '../../data/resize.js';
import { short } from '../format.js';
import { bracketed } from '../word-tables.js';
import { about } from './about.js';
import type { Block, ReportDocument } from './document.js';
import { pngUrl } from './images.js';

/** The document. `drawn`: each figure; `version` of the package. */
export async function findingsReport(
  { title, data, metrics, verdicts, figures, tables = [], documents = [] }: Findings,
  drawn: (figure: Figure) => Picture,
  settings: Readonly<Record<string, unknown>>,
  version: string,
  repeat?: string,
): Promise<ReportDocument> {
  const holds = verdicts.filter((v) => v.holds).length;
  const images: Record<string, string> = {};
  for (const figure of figures) images[figure.file] = await pngUrl(drawn(figure));
  return {
    schema: 'lan-onnx/report@1',
    command: 'reproduce',
    version,
    title,
    claim: `${holds === verdicts.length ? `All ${holds}` : `${holds} of ${verdicts.length}`} claims of the paper hold here.`,
    cautions: [],
    blocks: [
      { type: 'text', text: `Data: ${data}.` },
      { type: 'heading', text: 'The claims' },
      {
        type: 'verdicts',
        verdict: holds === verdicts.length ? 'pass' : 'fail',
        meaning: holds === verdicts.length ? 'Every claim holds.' : 'Not every claim holds.',
        tests: verdicts.map((v) => ({
          name: v.claim,
          verdict: v.holds ? 'pass' : 'fail',
          finding: `${short(v.value)}, asked for ${v.asked}`,
        })),
      },
      ...tables.map(tableOf),
      ...documents.map(({ name, topic, answer, words, masks }): Block => ({
        type: 'table',
        caption: `${name}: ${topic}; the classifier says ${answer}. The most important words, those in the document in brackets`,
        columns: [{ name: 'what' }, { name: 'words' }],
        rows: [['words of the document', words.join(', ')], ...masks.map((mask) => [mask.by, bracketed(mask)])],
      })),
      ...(figures.length > 0 ? [{ type: 'heading' as const, text: 'Figures' }] : []),
      ...figures.map((f): Block => ({
        type: 'pictures',
        wide: true,
        pictures: [{ image: f.file, alt: f.caption, captions: [f.caption] }],
      })),
      { type: 'heading', text: 'All metrics' },
      {
        type: 'table',
        caption: 'Metrics',
        columns: [{ name: 'metric' }, { name: 'value', numeric: true }],
        rows: Object.entries(metrics),
      },
      ...about({ repeat, models: [], version, facts: { data }, settings }),
    ],
    images,
  };
}

/** Columns in which no row has a value are left out. */
function tableOf({ caption, columns, rows }: NonNullable<Findings['tables']>[number]): Block {
  const known = columns.flatMap((name, i) => (rows.some((row) => row[i] !== '' && row[i] !== null) ? [{ name, i }] : []));
  return {
    type: 'table',
    caption,
    columns: known.map(({ name, i }) => ({ name, numeric: rows.every((row) => typeof row[i] !== 'string') })),
    rows: rows.map((row) => known.map(({ i }) => row[i]!)),
  };
}
