// Tables 1 to 4: documents, and the words that masks of them keep.
import type { Newsgroups } from './data/newsgroups.js';
import type { ExplainedDocument } from './run.js';
import { topWords } from './word-statistics.js';

/** Of the paper's tables, in their order: 1 and 2 are of masks by the LAN, 3 and 4 of masks of single documents. */
const TOPICS = ['comp.sys.mac.hardware', 'soc.religion.christian', 'comp.sys.ibm.pc.hardware', 'talk.religion.misc'];
/** Different words of a document that fits a table: those of the paper have 18 to 51. */
const FIT = { least: 15, most: 55 };

/** Test documents for the tables, by number: of each topic the first of a fitting length, else the first; of other data the first groups. */
export function shownDocuments({ test, groups }: Newsgroups): number[] {
  const known = TOPICS.filter((topic) => groups.includes(topic));
  const topics = known.length > 0 ? known : groups.slice(0, TOPICS.length);
  return topics.map((topic) => {
    const own = Array.from(test.labels.keys()).filter((i) => groups[test.labels[i]!] === topic);
    const lengthOf = (i: number): number => test.counts.starts[i + 1]! - test.counts.starts[i]!;
    return own.find((i) => lengthOf(i) >= FIT.least && lengthOf(i) <= FIT.most) ?? own[0]!;
  });
}

/** Documents with their masks, which lie in `masks` from number `first` on. */
export interface Shown {
  /** Test documents, by number. */
  readonly documents: readonly number[];
  readonly first: number;
  /** [n,width] each. */
  readonly masks: { readonly lan: Float32Array; readonly specific: Float32Array };
  /** Of all n: the group that the classifier says. */
  readonly answers: ArrayLike<number>;
  /** Words to show. */
  readonly top: number;
}

/** The documents in words. */
export const explained = (
  { test, groups, vocabulary }: Newsgroups,
  { documents, first, masks, answers, top }: Shown,
): ExplainedDocument[] =>
  documents.map((i, k) => {
    const { starts, columns } = test.counts;
    const own = Array.from(columns.subarray(starts[i], starts[i + 1]));
    const width = vocabulary.length;
    const by = (of: Float32Array) => {
      const mask = of.subarray((first + k) * width, (first + k + 1) * width);
      return topWords(mask, top).map((w) => ({
        word: vocabulary[w]!,
        mask: Number(mask[w]!.toPrecision(4)),
        inDocument: own.includes(w),
      }));
    };
    return {
      name: test.names[i]!,
      topic: groups[test.labels[i]!]!,
      answer: groups[answers[first + k]!]!,
      words: own.map((w) => vocabulary[w]!),
      masks: [
        { by: 'one LAN for all documents (Eq. 3)', top: by(masks.lan) },
        { by: 'a mask for this document alone (Eq. 4)', top: by(masks.specific) },
      ],
    };
  });
