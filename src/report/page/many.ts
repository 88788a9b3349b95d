// The page of many audits: a gallery, worst first, and what they come to.
import { join } from 'node:path';
import { decodePixels } from '../../data/images.js';
import { resize } from '../../data/resize.js';
import { fourDigits, number } from '../format.js';
import { partOfAll } from '../plain.js';
import { summaryText, type ResultLine, type Summary } from '../summary.js';
import type { ColourMap } from '../drawing/colour.js';
import type { Block, Gallery, Plot, ReportDocument } from './document.js';
import { jpegUrl } from './images.js';
import { REPORT } from './template.js';

/** Inputs that the gallery shows: thousands of pictures are more than a page can hold. */
const MOST = 600;
/** Pixels of the longer side of a picture in it, and its quality: 4 kB each. */
const THUMB = 112;
const QUALITY = 70;

interface Card {
  readonly line: ResultLine;
  /** Name of the picture in its folder. */
  readonly overlay: string | undefined;
}

/** The greater, the worse: not explained, found by `failOn`, proving little, then by how little could be replaced. */
const badness = ({ line }: Card): number =>
  (line.error ? 8 : 0) + (line.fails?.length ? 4 : 0) + (line.provesLittle ? 2 : 0) + (1 - (line.replaceable ?? 0));

/** The worst inputs of any number, in their order where they are equally bad. */
export class Cards {
  private cards: Card[] = [];

  /** `overlay`: the name of its picture in its folder. */
  add(line: ResultLine, overlay?: string): void {
    this.cards.push({ line, overlay });
    if (this.cards.length >= 2 * MOST) this.cards = this.worst();
  }

  worst(): Card[] {
    return this.cards.toSorted((a, b) => badness(b) - badness(a)).slice(0, MOST);
  }
}

/** What the page says besides. */
export interface ManyContext {
  readonly title: string;
  readonly model: { readonly path: string; readonly sha256: string };
  readonly version: string;
  readonly repeat?: string;
  readonly colormap?: ColourMap;
}

/** The document; reads the pictures of the results below `folder`, and leaves one out that is not there. */
export async function manyReport(folder: string, summary: Summary, cards: Cards, context: ManyContext): Promise<ReportDocument> {
  const worst = cards.worst();
  const images: Record<string, string> = {};
  for (const { line, overlay } of worst) {
    if (overlay === undefined || line.folder === undefined) continue;
    const picture = await decodePixels(join(folder, line.folder, overlay)).catch(() => undefined);
    if (!picture) continue;
    const factor = THUMB / Math.max(picture.width, picture.height);
    const size = (side: number): number => Math.max(1, Math.round(side * Math.min(1, factor)));
    images[line.folder] = await jpegUrl(resize(picture, size(picture.height), size(picture.width)), QUALITY);
  }
  const { replaceable, explained, inputs, failed, provesLittle } = summary;
  const median = replaceable.quantiles.median;
  return {
    schema: 'lan-onnx/report@1',
    command: 'audit',
    version: context.version,
    title: context.title,
    claim: `Of ${inputs} inputs ${explained} were explained: for half of them, ${partOfAll(1 - median)} or less was enough for the answer.`,
    cautions: [
      ...(failed > 0 ? [`Not explained: ${number(failed, 'input')}.`] : []),
      ...(provesLittle > 0
        ? [`For ${number(provesLittle, 'input')} the claim proves little: noise alone gives the answer as often.`]
        : []),
      ...(summary.place?.onePlace ? ['Attention lies in one place whatever the input: this may be a shortcut. See below.'] : []),
    ],
    blocks: [
      { type: 'heading', text: 'The inputs' },
      ...(worst.length < inputs ? [{ type: 'text' as const, tone: 'quiet' as const, text: `The ${worst.length} worst of ${inputs}; all of them are in results.jsonl.` }] : []), // prettier-ignore
      gallery(worst, images),
      { type: 'heading', text: 'All of them together' },
      ...summaryText(summary).map((text): Block => ({ type: 'text', text: `${text[0]!.toUpperCase()}${text.slice(1)}.` })),
      histogram(summary),
      ...(summary.classes.length > 1 ? [classes(summary)] : []),
      { type: 'heading', text: 'How it was made' },
      ...(context.repeat === undefined ? [] : [{ type: 'code' as const, label: 'This repeats it:', text: context.repeat }]),
      { type: 'facts', facts: [['model', context.model.path], ['SHA-256 of the model', context.model.sha256], ['version', context.version]] }, // prettier-ignore
    ],
    images,
  };
}

const gallery = (cards: readonly Card[], images: Readonly<Record<string, string>>): Gallery => ({
  type: 'gallery',
  figures: [{ name: 'replaceable', percent: true }, { name: 'answer stayed', percent: true }, { name: 'noise alone', percent: true }, { name: 'probability' }], // prettier-ignore
  items: cards.map(({ line }) => ({
    title: line.path,
    ...(line.folder === undefined ? {} : { href: [line.folder, REPORT].map(encodeURIComponent).join('/') }),
    ...(line.folder !== undefined && images[line.folder] !== undefined ? { image: line.folder } : {}),
    captions: line.error ? [line.error.message] : [line.answer ?? '', ...(line.fails ?? [])],
    figures: [
      line.error ? null : (line.replaceable ?? 0),
      line.kept === undefined || line.draws === undefined ? null : line.kept / line.draws,
      line.noiseAlone ?? null,
      line.probability === undefined ? null : Number(fourDigits(line.probability)),
    ],
    tags: [
      ...(line.error ? ['not explained'] : []),
      ...(line.fails?.length ? ['fails'] : []),
      ...(line.provesLittle ? ['proves little'] : []),
      ...(line.actual !== undefined && line.actual !== line.index ? ['wrong answer'] : []),
    ],
  })),
});

const histogram = ({ replaceable: { histogram: counts } }: Summary): Plot => ({
  type: 'plot',
  title: 'How much could be replaced',
  summary: `Inputs by the fraction that could be replaced entirely, in tenths: ${counts.join(', ')}.`,
  x: { label: 'replaceable', percent: true, domain: [0, 1] },
  y: { label: 'inputs', whole: true },
  series: [{ name: 'inputs', kind: 'bars', x: counts.map((_, i) => (i + 0.5) / counts.length), y: counts }],
});

const placed = (all: Summary['classes']): boolean => all.some((c) => c.place !== undefined);

const classes = ({ classes: all }: Summary): Block => ({
  type: 'table',
  caption: 'By answer',
  columns: [
    { name: 'answer' },
    { name: 'inputs', numeric: true },
    { name: 'replaceable on average', numeric: true, percent: true },
    // Asked of classes with enough inputs only.
    ...(placed(all) ? [{ name: 'attention in one place' }] : []),
  ],
  rows: all.map((c) => [
    c.label,
    c.count,
    c.meanReplaceable,
    ...(placed(all) ? [c.place ? (c.place.onePlace ? 'yes' : 'no') : null] : []),
  ]),
});
