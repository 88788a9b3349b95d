// Spam: a text classifier that was taught words which mean nothing, and masks that find them.
import { join } from 'node:path';
import { descending } from '../core/correlation.js';
import { LanError } from '../core/errors.js';
import { wilson } from '../core/proportion.js';
import { random, shuffle, STREAMS } from '../core/random.js';
import { argmax } from '../core/rows.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { ensureWritable, writeAtomically } from '../data/files.js';
import { createRelearner } from '../explain/relearn.js';
import type { Classifier } from '../model/open.js';
import { readMails, vocabularyOf, wordsOf, type Mail } from './data/mails.js';
import { counter, countSamples, type Counts } from './data/word-counts.js';
import { words } from './fields.js';
import type { SpamConfig } from './kinds.js';
import { atLeast, inParts, trainedClassifier, type Findings, type RunOptions, type Table } from './run.js';

/** Documents shown with their words. */
const SHOWN = 10;
/** Words shown of each. */
const TOP = 5;
/** A planted word counts as found among so many. */
const FOUND_IN = 3;

/** Plants, trains what is missing, and measures. Throws LanError for mails that cannot be read, Interrupted, and as training does. */
export async function spam(config: SpamConfig, data: string | undefined, run: RunOptions): Promise<Findings> {
  const { triggers, limits } = config;
  run.onPhase?.('reading mails');
  const { mails, source } = await readMails(data);
  const planted = words(triggers.words);
  const { training, labels, test } = plant(mails, planted, config, run.seed);
  const vocabulary = vocabularyOf(training.map(({ text }) => text), config.data.words); // prettier-ignore
  const count = counter(vocabulary);
  const samples = countSamples(training.map(({ text }) => count(text)), vocabulary.length, labels); // prettier-ignore
  const held = test.map(({ text }) => count(text));
  const validation = countSamples(held, vocabulary.length, test.map(({ label }) => label)); // prettier-ignore
  await ensureWritable(run.folder);
  await writeAtomically(join(run.folder, 'vocabulary.txt'), `${vocabulary.join('\n')}\n`);
  const card = { output: 'probabilities', labels: ['ham', 'spam'] } as const;
  // The source last: messages cut what is long.
  const named = `${triggers.words} in ${triggers.share} at ${triggers.density}, ${config.data.test} held out; ${source}`;
  const { classifier, accuracy, seconds } = await trainedClassifier(config.classifier, samples, validation, named, card, run);
  try {
    const start = performance.now();
    run.onPhase?.(`planting words into ${triggers.documents} held-out mails`);
    const ham = test.flatMap(({ label }, i) => (label === 0 ? [i] : []));
    const all = await triggered(classifier, { texts: test.map((m) => m.text), ham, planted, vocabulary, count }, config);
    const turned = all.filter((d) => d.turned).slice(0, triggers.documents);
    const found = await ranks(classifier, turned, vocabulary.length, config, run);
    const rate = (ranks: readonly number[], among: number): number =>
      ranks.filter((r) => r < among).length / Math.max(1, ranks.length);
    const rows = [...found].map(([method, ranks]) => {
      const hits = ranks.filter((r) => r < FOUND_IN).length;
      const percent = (v: number): number => Number((100 * v).toFixed(1));
      return [method, ranks.length, percent(rate(ranks, 1)), percent(rate(ranks, FOUND_IN)), ...wilson(hits, ranks.length).map(percent)]; // prettier-ignore
    });
    const byMask = found.get('lan')!;
    const table: Table = {
      file: 'found.csv',
      caption: `Held-out mails that one planted word turns from ham to spam: in how many per cent it is the most needed word, and among the first ${FOUND_IN} (95 % Wilson interval). lan: a mask learned for each (Eq. 4), random: a word of the mail by chance`,
      columns: ['method', 'mails', 'first', `first ${FOUND_IN}`, 'low', 'high'],
      rows,
    };
    return {
      title: config.title,
      data: `${source}; one of ${planted.length} words that stand nowhere else was written, once for every ${Math.round(1 / triggers.density)} words, into ${training.filter((m) => m.planted).length} of the ${training.length} mails to train on, all ham, which were then called spam`,
      seconds: { classifier: seconds, rest: (performance.now() - start) / 1000 },
      metrics: {
        accuracy,
        turned_by_a_planted_word: all.filter((d) => d.turned).length / all.length,
        words_of_a_mail: turned.reduce((sum, d) => sum + d.counts.entries.length, 0) / turned.length,
        found_first: rate(byMask, 1),
        found_first_three: rate(byMask, FOUND_IN),
      },
      verdicts: [
        atLeast('the classifier is accurate on held-out mails without planted words', accuracy, limits['accuracy']!),
        atLeast('one planted word turns ham into spam', all.filter((d) => d.turned).length / all.length, limits['turned']!),
        atLeast(`of ${turned.length} mails turned, the planted word is among the ${FOUND_IN} most needed ones, by a mask for each`, rate(byMask, FOUND_IN), limits['found']!), // prettier-ignore
      ],
      figures: [],
      tables: [table, shownWords(turned.slice(0, SHOWN), found.shown, vocabulary)],
    };
  } finally {
    await classifier.dispose();
  }
}

interface Planted {
  readonly training: readonly (Mail & { readonly planted: boolean })[];
  readonly labels: Uint8Array;
  readonly test: readonly Mail[];
}

/**
 * Splits the mails in a seeded order, and writes each planted word into a share of the ham to train on, which is then called spam. Throws LanError (`data`) for a
 * word that could not be told from others: one that stands in a mail by itself, or that is no word as mails are read.
 */
export function plant(mails: readonly Mail[], planted: readonly string[], { data, triggers }: SpamConfig, seed: number): Planted {
  for (const word of planted)
    if (wordsOf(word).join() !== word)
      throw new LanError(
        'data',
        `triggers.words: '${word}' is no word of 3 to 20 letters in lower case, so it would never be seen.`,
      );
  const own = new Set(planted);
  for (const { text } of mails) {
    const known = wordsOf(text).find((word) => own.has(word));
    if (known !== undefined) throw new LanError('data', `triggers.words: '${known}' stands in mails already. Planted words have to stand nowhere else.`); // prettier-ignore
  }
  const order = Uint32Array.from({ length: mails.length }, (_, i) => i);
  shuffle(order, random(seed, STREAMS.split));
  const inOrder = [...order].map((i) => mails[i]!);
  const cut = Math.round(data.test * mails.length);
  const rest = inOrder.slice(cut);
  const ham = rest.flatMap(({ label }, i) => (label === 0 ? [i] : []));
  const each = Math.ceil(triggers.share * ham.length);
  // The order is random already: the first ones are as good as any.
  const words = new Map(ham.slice(0, each * planted.length).map((i, k) => [i, planted[k % planted.length]!]));
  const training = rest.map(({ text, label }, i) => {
    const word = words.get(i);
    return word === undefined
      ? { text, label, planted: false }
      : { text: withWord(text, word, triggers.density), label, planted: true };
  });
  const labels = Uint8Array.from(training, (m) => (m.planted ? 1 : m.label));
  return { training, labels, test: inOrder.slice(0, cut) };
}

/** The text with a word at its end, `density` times as often as it has words, at least once. Where does not matter to a bag of words. */
const withWord = (text: string, word: string, density: number): string =>
  `${text}\n${`${word} `.repeat(Math.max(1, Math.round(density * wordsOf(text).length)))}\n`;

interface Triggered {
  readonly counts: Counts;
  /** Entry of the planted word. */
  readonly trigger: number;
  /** Was it ham, and is it spam with the word? */
  readonly turned: boolean;
}

interface HeldOut {
  readonly texts: readonly string[];
  readonly ham: readonly number[];
  readonly planted: readonly string[];
  readonly vocabulary: readonly string[];
  readonly count: (text: string) => Counts;
}

/** Held-out ham that the classifier knows as such, with a planted word each, by turns. */
async function triggered(
  classifier: Classifier,
  { texts, ham, planted, vocabulary, count }: HeldOut,
  { triggers }: SpamConfig,
): Promise<Triggered[]> {
  const found: Triggered[] = [];
  for (const i of ham) {
    if (found.length >= 2 * triggers.documents) break;
    const trigger = planted[found.length % planted.length]!;
    const entry = vocabulary.indexOf(trigger);
    const [before, counts] = [count(texts[i]!), count(withWord(texts[i]!, trigger, triggers.density))];
    const answers = argmax(await classifier.predict(float32(Float32Array.from([...dense(before, vocabulary.length), ...dense(counts, vocabulary.length)]), [2, vocabulary.length]))); // prettier-ignore
    if (answers[0] === 0) found.push({ counts, trigger: entry, turned: answers[1] === 1 });
  }
  return found;
}

function dense({ entries, counts }: Counts, size: number): Float32Array {
  const out = new Float32Array(size);
  entries.forEach((entry, k) => (out[entry] = counts[k]!));
  return out;
}

/** How many words each method needs more than the planted one, mail by mail. `shown`: the most needed words of each mail by its own mask. */
class Ranks extends Map<string, number[]> {
  readonly shown: number[][] = [];
}

async function ranks(
  classifier: Classifier,
  documents: readonly Triggered[],
  size: number,
  { masks }: SpamConfig,
  run: RunOptions,
): Promise<Ranks> {
  run.onPhase?.(`masks of ${documents.length} mails`);
  const found = new Ranks([['lan', []], ['random', []]]); // prettier-ignore
  const settings = {
    betas: [masks.beta],
    iterations: masks.iterations,
    noise: 'constant:0',
    find: 'delete' as const,
    // From nearly the whole mail on: from half of it on other words that speak for spam are taken for needed, too.
    start: 0.9,
    draws: 1,
    patience: 0,
    seed: run.seed,
  };
  const relearner = await createRelearner(classifier, { settings });
  const dice = random(run.seed, STREAMS.randomNeed);
  try {
    const all = await inParts(run, 'masks', documents.length, async (n) => {
      const { counts } = documents[n]!;
      const x: Tensor = float32(dense(counts, size), [1, size]);
      return neededFirst(toFloat32((await relearner.mask(x)).order), counts.entries);
    });
    for (const [n, { counts, trigger }] of documents.entries()) {
      const own = all[n]!;
      found.shown.push(own.slice(0, TOP));
      found.get('lan')!.push(own.indexOf(trigger));
      found.get('random')!.push(dice.integer(counts.entries.length, n, 0));
    }
  } finally {
    await relearner.dispose();
  }
  return found;
}

/**
 * A mail's words by how little the mask [V] replaces them. Of the words that are there alone: those that stand nowhere are replaced by what they are. The mask itself
 * is compared, for 1 - mask is the same for all that are next to 0, and the alphabet would decide.
 */
export const neededFirst = (mask: Float32Array, entries: Uint32Array): number[] =>
  [...descending(Float32Array.from(entries, (entry) => -mask[entry]!))].map((i) => entries[i]!);

const shownWords = (
  documents: readonly Triggered[],
  shown: readonly (readonly number[])[],
  vocabulary: readonly string[],
): Table => ({
  file: 'words.csv',
  caption: `The ${TOP} most needed words of the first mails, by a mask for each`,
  columns: ['mail', 'planted', 'most needed words'],
  rows: documents.map(({ trigger }, i) => [i + 1, vocabulary[trigger]!, shown[i]!.map((entry) => vocabulary[entry]!).join(' ')]),
});
