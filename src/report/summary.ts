// What many audits come to: how much could be replaced, the worst first, where attention lies by class, and whether it is one place.
import { choose, random, STREAMS } from '../core/random.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Deletion } from '../evidence/replaceability.js';
import { placeOf, thinned, type Place, type PlaceMap } from '../evidence/place.js';
import type { AuditDocument } from './audit-files.js';
import { percent, provesLittle } from './claims.js';
import { fourDigits } from './format.js';

/** One input of many, as results.jsonl has it: a line. */
export interface ResultLine {
  readonly path: string;
  /** Within the folder of all results; absent where the input failed. */
  readonly folder?: string;
  readonly run?: string;
  /** What is claimed to be kept, in words. */
  readonly answer?: string;
  /** The most probable class, where the answer is no value. */
  readonly index?: number;
  readonly probability?: number;
  /** The class that the data says, an index of the model's outputs. */
  readonly actual?: number;
  /** The fraction that could be replaced entirely; null where none could. */
  readonly replaceable?: number | null;
  /** On how many of `draws` the answer was kept so, and the 95 % Wilson interval. */
  readonly kept?: number;
  readonly draws?: number;
  readonly interval?: readonly [number, number];
  /** The same with the mask mixed into noise. */
  readonly soft?: { readonly fraction: number; readonly kept: number; readonly draws: number };
  /** Where that was looked for: the smallest fraction whose loss changed the answer, on how many of `draws`; null where none did. */
  readonly lost?: { readonly fraction: number; readonly changed: number; readonly draws: number } | null;
  /** How often noise alone gives the answer, in [0,1]. */
  readonly noiseAlone?: number;
  /** Does it do so about as often as the claim? */
  readonly provesLittle?: boolean;
  /** What `failOn` found. */
  readonly fails?: readonly string[];
  /** Why it could not be explained. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** What the attention of one class comes to. */
export interface ClassSummary {
  readonly index: number;
  readonly label: string;
  readonly count: number;
  /** Of the fraction that could be replaced, none counting as 0. */
  readonly meanReplaceable: number;
  readonly place?: Place;
}

/** The document of schema lan-onnx/summary@1, of summary.json. */
export interface Summary {
  readonly schema: 'lan-onnx/summary@1';
  readonly inputs: number;
  readonly explained: number;
  readonly failed: number;
  /** Where `failOn` was given: inputs that it found. */
  readonly negative?: number;
  /** Right answers, where the data has labels. */
  readonly accuracy?: { readonly correct: number; readonly count: number };
  /** The fraction of an input that could be replaced entirely, none counting as 0. */
  readonly replaceable: {
    readonly none: number;
    readonly mean: number;
    readonly quantiles: Readonly<Record<'min' | 'q10' | 'q25' | 'median' | 'q75' | 'q90' | 'max', number>>;
    /** Inputs by tenths: [0,0.1), ... [0.9,1]. */
    readonly histogram: readonly number[];
  };
  /** Inputs whose claim proves little, since noise alone gives the answer about as often. */
  readonly provesLittle: number;
  /** Least replaceable first. */
  readonly worst: readonly Pick<ResultLine, 'path' | 'folder' | 'answer' | 'replaceable'>[];
  readonly classes: readonly ClassSummary[];
  /** Of all inputs. */
  readonly place?: Place;
}

/** Inputs that the summary names. */
const WORST = 20;
/** Maps that are compared: all, or so many drawn by seed. */
const COMPARED = 1024;
/** Rows and columns of a map that is compared, and of a mean map. */
const PLACES = 16;
const MEAN = 64;

interface Sums {
  readonly label: string;
  count: number;
  replaceable: number;
  readonly map: Float64Array;
}

/** Adds up results one by one; what it holds does not grow with their number, but for one number an input. */
export class Summing {
  private readonly fractions: number[] = [];
  private readonly worst: (Pick<ResultLine, 'path' | 'folder' | 'answer'> & { replaceable: number | null })[] = [];
  private readonly classes = new Map<number, Sums>();
  private readonly kept: { readonly map: PlaceMap; readonly index: number }[] = [];
  private shape: readonly [number, number] | undefined;
  private readonly slots: ReadonlySet<number>;
  private seen = 0;
  private failures = 0;
  private negative = 0;
  private little = 0;
  private readonly right = { correct: 0, count: 0 };

  /** `total`: inputs that there will be at most. */
  constructor(
    total: number,
    private readonly seed: number,
    private readonly judged: boolean,
  ) {
    this.slots = new Set(
      total <= COMPARED ? Array.from({ length: total }, (_, i) => i) : choose(total, COMPARED, random(seed, STREAMS.reservoir)),
    );
  }

  /** A line, with the mask that it is about ([1,...], 1 = replaceable) and the class that the model answered; lines in the order of the inputs. */
  add(line: ResultLine, mask?: Tensor, label?: string): void {
    const slot = this.seen++;
    if (line.error) {
      this.failures++;
      return;
    }
    const { path, folder, answer, replaceable = null, index } = line;
    const fraction = replaceable ?? 0;
    this.fractions.push(fraction);
    this.worst.push({ path, folder, answer, replaceable });
    this.worst.sort((a, b) => (a.replaceable ?? 0) - (b.replaceable ?? 0));
    this.worst.splice(WORST);
    if (line.fails?.length) this.negative++;
    if (line.provesLittle) this.little++;
    if (line.actual !== undefined) {
      this.right.count++;
      if (line.actual === index) this.right.correct++;
    }
    if (!mask) return;
    const map = needMap(mask);
    const mean = thinned(map, MEAN);
    this.shape ??= [mean.rows, mean.columns];
    if (mean.values.length !== this.shape[0] * this.shape[1]) return;
    const at = index ?? -1;
    let sums = this.classes.get(at);
    if (!sums) this.classes.set(at, (sums = { label: label ?? '', count: 0, replaceable: 0, map: new Float64Array(mean.values.length) })); // prettier-ignore
    sums.count++;
    sums.replaceable += fraction;
    mean.values.forEach((v, i) => (sums.map[i]! += v));
    if (this.slots.has(slot)) this.kept.push({ map: thinned(map, PLACES), index: at });
  }

  /** Mean attention maps, most frequent classes first; of -1 where there are no classes. */
  meanMaps(): { readonly index: number; readonly label: string; readonly count: number; readonly map: PlaceMap }[] {
    const [rows, columns] = this.shape ?? [0, 0];
    return this.byCount().map(([index, { label, count, map }]) => ({
      index,
      label,
      count,
      map: { rows, columns, values: Float32Array.from(map, (v) => v / count) },
    }));
  }

  private byCount(): [number, Sums][] {
    return [...this.classes].sort(([a, x], [b, y]) => y.count - x.count || a - b);
  }

  summary(): Summary {
    const sorted = this.fractions.toSorted((a, b) => a - b);
    const n = sorted.length;
    /** The smallest value that at least a fraction `q` of all do not exceed. */
    const quantile = (q: number): number => (n === 0 ? 0 : sorted[Math.min(n - 1, Math.max(0, Math.ceil(q * n) - 1))]!);
    const histogram = new Array<number>(10).fill(0);
    for (const f of sorted) histogram[Math.min(9, Math.floor(10 * f + 1e-9))]!++;
    const maps = (index?: number): PlaceMap[] =>
      this.kept.filter((k) => index === undefined || k.index === index).map((k) => k.map);
    const place = placeOf(maps(), this.seed);
    return {
      schema: 'lan-onnx/summary@1',
      inputs: this.seen,
      explained: n,
      failed: this.failures,
      ...(this.judged ? { negative: this.negative } : {}),
      ...(this.right.count > 0 ? { accuracy: { ...this.right } } : {}),
      replaceable: {
        none: sorted.filter((f) => f === 0).length,
        mean: n === 0 ? 0 : sorted.reduce((a, b) => a + b, 0) / n,
        quantiles: {
          min: quantile(0),
          q10: quantile(0.1),
          q25: quantile(0.25),
          median: quantile(0.5),
          q75: quantile(0.75),
          q90: quantile(0.9),
          max: quantile(1),
        },
        histogram,
      },
      provesLittle: this.little,
      worst: this.worst,
      classes: this.byCount().map(([index, { label, count, replaceable }]) => {
        const own = placeOf(maps(index), this.seed);
        return { index, label, count, meanReplaceable: replaceable / count, ...(own ? { place: own } : {}) };
      }),
      ...(place ? { place } : {}),
    };
  }
}

/** Need 1 - mask as a map: of a picture the mean over channels, of anything else one row. */
export function needMap(mask: Tensor): PlaceMap {
  const values = toFloat32(mask);
  const picture = mask.dims.length === 4;
  const [rows, columns] = picture ? (mask.dims.slice(-2) as [number, number]) : [1, values.length];
  const area = rows * columns;
  const channels = values.length / area;
  const need = new Float32Array(area);
  for (let i = 0; i < area; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[c * area + i]!;
    need[i] = 1 - sum / channels;
  }
  return { rows, columns, values: need };
}

/** The line about a document. `folder`: its name within that of all results. */
export function lineOf(
  path: string,
  folder: string,
  document: AuditDocument,
  answer: string,
  more: Pick<ResultLine, 'actual' | 'fails'>,
): ResultLine {
  const { hard, soft, noiseAlone, deletion } = document.betas[0]!.evidence;
  const [top] = document.prediction;
  return {
    path,
    folder,
    run: document.run,
    answer,
    ...(top ? { index: top.index, probability: top.probability } : {}),
    ...(more.actual === undefined ? {} : { actual: more.actual }),
    replaceable: hard?.fraction ?? null,
    ...(hard ? { kept: hard.kept, draws: hard.draws, interval: hard.interval } : {}),
    soft: { fraction: soft.fraction, kept: soft.kept, draws: soft.draws },
    ...(deletion ? { lost: deletion.found ? lostOf(deletion.found) : null } : {}),
    noiseAlone: noiseAlone.kept / noiseAlone.draws,
    provesLittle: provesLittle(document.betas[0]!.evidence),
    ...(more.fails ? { fails: more.fails } : {}),
  };
}

const lostOf = ({ fraction, changed, draws }: NonNullable<Deletion['found']>): NonNullable<ResultLine['lost']> => ({
  fraction,
  changed,
  draws,
});

/** The summary in words, for a terminal. */
export function summaryText(s: Summary): string[] {
  const { quantiles: q, none, mean } = s.replaceable;
  const lines = [
    `${s.explained} of ${s.inputs} inputs explained${s.failed ? `, ${s.failed} could not be` : ''}`,
    ...(s.accuracy ? [`right answers: ${s.accuracy.correct} of ${s.accuracy.count}`] : []),
    `replaced entirely with the answer kept: median ${percent(q.median)}, mean ${percent(mean)}, from ${percent(q.min)} (q10 ${percent(q.q10)}) to ${percent(q.max)} (q90 ${percent(q.q90)})${none === 0 ? '' : `; nothing of ${none} of them`}`,
  ];
  if (s.provesLittle > 0) lines.push(`caution: for ${s.provesLittle} of them noise alone gives the answer about as often`);
  const worst = s.worst.slice(0, 3).map((w) => `${w.path} (${w.answer}: ${w.replaceable === null || w.replaceable === undefined ? 'none' : percent(w.replaceable)})`); // prettier-ignore
  if (worst.length > 0) lines.push(`least replaceable: ${worst.join(', ')}`);
  if (s.place) lines.push(placeText('all inputs', s.place));
  for (const c of s.classes) if (c.place?.onePlace && s.classes.length > 1) lines.push(placeText(`'${c.label}'`, c.place));
  if (s.negative !== undefined) lines.push(`negative findings: ${s.negative} of ${s.explained}`);
  return lines;
}

function placeText(what: string, { correlation, moved, p, peak, grid, onePlace, maps }: Place): string {
  const figures = `two maps correlate by ${correlation.toFixed(2)} (${moved.toFixed(2)} where they are moved anywhere; p ${fourDigits(p)}, ${maps} maps)`;
  return onePlace
    ? `shortcut suspicion: the attention of ${what} lies in one place whatever the input, at row ${peak[0] + 1} and column ${peak[1] + 1} of ${grid.join(' x ')}: ${figures}. Is there a mark, a border, a habit of the camera?`
    : `place: the attention of ${what} does not lie in one place whatever the input: ${figures}`;
}
