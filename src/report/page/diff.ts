// The page of two models on the same inputs: what they answer, and whether their attention moved.
import type { Picture } from '../../data/resize.js';
import { number } from '../format.js';
import { about } from './about.js';
import type { Block, ReportDocument } from './document.js';
import { pngUrl } from './images.js';

/** What is shown of a comparison of two models. */
export interface DiffShown {
  readonly models: readonly { readonly path: string; readonly sha256: string }[];
  readonly answers: number;
  readonly moved: number;
  readonly findings: readonly {
    readonly input: string;
    readonly verdict: string;
    readonly sameAnswer: boolean;
    readonly attention: { readonly moved: boolean; readonly between: number; readonly within: number; readonly p: number };
    /** The sheet of this input, where it is a picture. */
    readonly sheet?: Picture | undefined;
  }[];
  readonly failures: readonly string[];
  readonly seeds: number;
  readonly seed: number;
  readonly version: string;
  readonly repeat?: string;
}

/** The document: inputs on which something changed first. */
export async function diffReport(shown: DiffShown): Promise<ReportDocument> {
  const { models, answers, moved, findings, failures, version } = shown;
  const images: Record<string, string> = {};
  const worst = findings.toSorted((a, b) => weight(b) - weight(a));
  const blocks: Block[] = [];
  for (const [i, { input, verdict, sheet }] of worst.entries()) {
    blocks.push({ type: 'heading', text: input }, { type: 'text', text: `${verdict}.` });
    if (!sheet) continue;
    images[`input ${i}`] = await pngUrl(sheet);
    blocks.push({ type: 'pictures', wide: true, pictures: [{ image: `input ${i}`, alt: `The input, the attention of each model, and their difference. ${verdict}.`, captions: ['the input, what each model needed, and the difference'] }] }); // prettier-ignore
  }
  return {
    schema: 'lan-onnx/report@1',
    command: 'diff',
    version,
    title: models.map((m) => m.path).join(' and '),
    claim: `On ${number(findings.length, 'input')} the answers differ ${times(answers)}, and what was needed for them moved ${times(moved)} by more than chance explains.`,
    cautions: failures.map((text) => `Left out: ${text}`),
    blocks: [
      { type: 'heading', text: 'All inputs' },
      {
        type: 'table',
        caption: 'Inputs, those with changes first',
        columns: [
          { name: 'input' },
          { name: 'answer' },
          { name: 'attention' },
          { name: 'distance between models', numeric: true },
          { name: 'between seeds', numeric: true },
          { name: 'p', numeric: true },
        ],
        rows: worst.map((f) => [f.input, f.sameAnswer ? 'same' : 'differs', f.attention.moved ? 'moved' : 'same', f.attention.between, f.attention.within, f.attention.p]), // prettier-ignore
      },
      ...blocks,
      ...about({
        repeat: shown.repeat,
        models,
        version,
        facts: { 'masks of each model': shown.seeds, 'first seed': shown.seed },
      }),
    ],
    images,
  };
}

const weight = (f: DiffShown['findings'][number]): number => (f.sameAnswer ? 0 : 2) + (f.attention.moved ? 1 : 0);

const times = (n: number): string => (n === 0 ? 'nowhere' : n === 1 ? 'on one' : `on ${n}`);
