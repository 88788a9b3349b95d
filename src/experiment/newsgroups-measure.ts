// What the masks of documents say: how many of the words that they keep are in the document, and how many of the others are words of its group.
import { bootstrap, meanOf } from '../evidence/metric.js';
import type { Newsgroups } from './data/newsgroups.js';
import type { NewsgroupsConfig } from './newsgroups-config.js';
import { atLeast, type Findings, type Table } from './run.js';
import { count, strongWords, topWords } from './word-statistics.js';

/** Test documents by number, and masks [n,width] of theirs, in the same order (there may be more). */
export interface Masked {
  readonly documents: readonly number[];
  readonly masks: { readonly lan: Float32Array; readonly specific: Float32Array };
}

/** Metrics, verdicts and the table of both kinds of masks. */
export function measureWords(
  { words: { top, strong }, limits }: NewsgroupsConfig,
  { train, test, groups, vocabulary }: Newsgroups,
  { documents, masks }: Masked,
  accuracy: number,
  seed: number,
): Pick<Findings, 'metrics' | 'verdicts' | 'tables'> {
  const width = vocabulary.length;
  const own = strongWords(train.counts, train.labels, groups.length, strong);
  const { starts, columns } = test.counts;
  const of = (mask: Float32Array) => {
    const found = documents.map((i, k) => {
      const inside = new Set(columns.subarray(starts[i], starts[i + 1]));
      return count(topWords(mask.subarray(k * width, (k + 1) * width), top), (w) => inside.has(w), own[test.labels[i]!]!);
    });
    const others = found.reduce((sum, { others: n }) => sum + n, 0);
    const inDocument = meanOf(found.map((c) => c.inDocument), seed); // prettier-ignore
    return {
      counts: found.map((c) => c.inDocument),
      inDocument,
      share: others === 0 ? NaN : found.reduce((sum, c) => sum + c.strong, 0) / others,
      others,
    };
  };
  const [lan, specific] = [of(masks.lan), of(masks.specific)];
  const ratio = ratioOf(specific.counts, lan.counts, seed);
  /** Were words drawn from the whole vocabulary. */
  // UNK, the first column, is no word.
  const chance = own.reduce((sum, words) => sum + words.size, 0) / groups.length / (width - 1);
  const interval = ({ inDocument: { value, interval: [low, high] = [value, value] } }: typeof lan): number[] => [value, low, high].map((v) => Number(v.toFixed(2))); // prettier-ignore
  const table: Table = {
    file: 'words.csv',
    caption: `Of the ${top} words that masks of ${documents.length} test documents keep: how many are in the document (mean and 95 % interval), and which part of the others is among the ${strong} words of its group by chi-square (of words drawn at random ${(100 * chance).toFixed(1)} %)`,
    columns: ['masks', 'in the document', 'low', 'high', 'others', 'strong words of the group, %'],
    rows: [
      ['one LAN for all (Eq. 3)', ...interval(lan), lan.others, Number((100 * lan.share).toFixed(1))],
      ['one for each document (Eq. 4)', ...interval(specific), specific.others, Number((100 * specific.share).toFixed(1))],
    ],
  };
  return {
    metrics: {
      accuracy,
      lan_words_in_document: lan.inDocument.value,
      specific_words_in_document: specific.inDocument.value,
      ratio_low: ratio.interval[0],
      ratio_high: ratio.interval[1],
      lan_others_strong: lan.share,
      specific_others_strong: specific.share,
      strong_by_chance: chance,
    },
    verdicts: [
      atLeast('the classifier tells the groups of test documents', accuracy, limits['accuracy']!),
      atLeast(`words in the document among the ${top} most important: masks of single documents against those of the LAN (95 % interval ${ratio.interval.map((v) => v.toFixed(2)).join(' to ')}, over documents)`, ratio.value, limits['ratio']!), // prettier-ignore
      atLeast("words of the LAN's masks that are not in the document: share that are strong words of its group, against words at random", lan.share / chance, limits['strong']!), // prettier-ignore
    ],
    tables: [table],
  };
}

/** The ratio of two means over the same documents, and its 95 % interval by resampling documents; infinite where the second has none. */
export function ratioOf(
  above: readonly number[],
  below: readonly number[],
  seed: number,
): { readonly value: number; readonly interval: readonly [number, number] } {
  const over = (draws: Uint32Array): number => {
    let [a, b] = [0, 0];
    for (const i of draws) {
      a += above[i]!;
      b += below[i]!;
    }
    return a / b;
  };
  const value = over(Uint32Array.from(above.keys()));
  return { value, interval: bootstrap(above.length, over, seed) ?? [value, value] };
}
