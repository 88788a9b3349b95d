// What noise is drawn from, where its description names something to be read: other inputs, other documents, other rows, one token.
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { castTensor, float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { wholeRows } from '../data/table.js';
import { readTexts, type Text } from '../data/text-files.js';
import { bootstrapSamples } from '../explain/bootstrap-noise.js';
import { createGenerator, drawsOf, fitGenerator } from '../lan/generator.js';
import { bootstrapPath, noiseParts } from '../lan/noise.js';
import { samplesOf } from '../lan/samples.js';
import type { Classifier } from '../model/open.js';
import { columnsOf, requireNumbers, tableAt, type Reading } from './named-inputs.js';
import type { Graph } from '../onnx/graph.js';
import { idsTensor, inLength, tokenNamed } from './token-inputs.js';

/** Samples [n,...sampleShape] where the mask lies, and what to tell about them. */
export interface NoiseSamples {
  readonly samples: Tensor;
  readonly notes: readonly string[];
}

/** Documents and rows at most. */
const MOST = 1024;
/** Of a table that may hold the input as well: its row counts among the rows, and is no noise (lan/noise.ts). */
const NEVER_OWN = '; the input itself is never drawn';
/** Texts that are drawn word by word, for `unigram`. */
const DRAWN = 64;

/** Noise that keeps to what each feature is among other inputs, where those are known (lan/columns.ts). */
const BY_FEATURE = new Set(['uniform', 'gaussian', 'mean']);

/**
 * The samples of `noise`, a description as createNoise takes it; undefined where it needs none. `own`: the noise that suits the input, whose table says what each feature is
 * elsewhere. Throws LanError for what cannot be read or does not fit, and (`usage`) for noise of another kind of input: words where there are none.
 */
export async function noiseSamples(
  noise: string,
  classifier: Classifier,
  reading: Reading,
  seed: number,
  own = '',
): Promise<NoiseSamples | undefined> {
  const [family, rest = ''] = noiseParts(noise);
  const table = bootstrapPath(own);
  if (table !== undefined && BY_FEATURE.has(family) && (rest === '' || rest === 'columns')) {
    const { samples, notes } = await fromData(table, classifier, reading, seed);
    return { samples, notes: notes.map((note) => note.replace('the noise is', 'what each feature is elsewhere is told by')) };
  }
  if (family === 'token') return oneToken(noise, rest, classifier, reading);
  if (family === 'unigram') return unigram(noise, rest, classifier, reading, seed);
  if (family === 'learned') {
    if (rest === '')
      throw new LanError(
        'usage',
        "`noise` 'learned': there is no data to learn it from.",
        'Say which: learned:<path of a dataset>.',
      );
    const { samples, notes } = await fromData(rest, classifier, reading, seed);
    const own = await learnedSamples(samples, classifier, seed);
    return {
      samples: own.samples,
      notes: [...notes.map((note) => note.replace('the noise is', 'the noise is learned from')), ...own.notes],
    };
  }
  const path = bootstrapPath(noise);
  return path === undefined ? undefined : fromData(path, classifier, reading, seed, NEVER_OWN);
}

/** The samples of the data at `path`: rows of a table, texts, or a dataset. `never`: what is said of a table's rows besides. */
function fromData(path: string, classifier: Classifier, reading: Reading, seed: number, never = ''): Promise<NoiseSamples> {
  if (/\.csv$/i.test(path) && !classifier.card && !classifier.hookPoint?.tokens) return rows(path, classifier, reading, seed, never); // prettier-ignore
  if (encoder(classifier, reading) && !/\.npy$/i.test(path)) return documents(path, classifier, reading, seed);
  return bootstrapSamples(path, classifier, seed);
}

/**
 * Draws of a generator that is fitted to `samples` [n,...sampleShape] (see fitGenerator), and how near to them it stays. Throws LanError (`usage`) where the mask
 * lies on vectors of tokens, between which there is nothing, and (`data`) for samples that are all the same.
 */
export async function learnedSamples(samples: Tensor, classifier: Classifier, seed: number): Promise<NoiseSamples> {
  if (classifier.hookPoint?.tokens)
    throw new LanError('usage', "`noise` 'learned': gives values between those of the data, and between the vectors of two tokens there is no third one.", 'Choose tokens, token or bootstrap:<data>.'); // prettier-ignore
  const data = samplesOf(toFloat32(samples), samples.dims.slice(1));
  const compiling = { engine: classifier.engine, specialize: (graph: Graph) => classifier.specialize(graph) };
  const generator = await createGenerator(data, seed);
  const { parameters, distance } = await fitGenerator(generator, data, seed, compiling);
  const draws = await drawsOf(generator, parameters, Math.min(MOST, Math.max(64, data.count)), seed, compiling);
  const note = `the generator's draws are ${Math.max(0, distance).toPrecision(2)} away from the data (energy distance in units of the mean distance of two samples: 0 = alike)`;
  return { samples: draws, notes: [note] };
}

/** What is to be known where noise without samples is drawn over one range, though the numbers of the input may have little in common; else undefined. */
export function oneRangeNote(noise: string, { card, hookPoint, inputShape }: Classifier): string | undefined {
  const count = sizeOf(inputShape);
  if (card || hookPoint || count < 2 || !['', 'uniform', 'gaussian'].includes(noise)) return undefined;
  return `noise is drawn over one range for all ${count} numbers of the input, since nothing says what each may be; \`noise: 'bootstrap:<data>'\` takes each from other inputs`;
}

/** How a text becomes a sample of the input, [inputShape]; undefined where nothing makes one of it. */
function encoder({ hookPoint, inputShape }: Classifier, { words, tokenizer }: Reading): ((text: string) => Float32Array) | undefined {
  if (hookPoint?.tokens) return tokenizer && ((text) => Float32Array.from(inLength(tokenizer, tokenizer.encode(text).ids, sizeOf(inputShape)).ids));
  return words && ((text) => words.count(text).counts);
} // prettier-ignore

/** `n` of the numbers below `count`, drawn by `seed` without repetition, in order. */
function drawn(count: number, n: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  if (count <= n) return order;
  const stream = random(seed, STREAMS.bootstrap);
  for (let i = 0; i < n; i++) {
    const j = i + stream.integer(count - i, 0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, n).sort((a, b) => a - b);
}

async function rows(path: string, classifier: Classifier, reading: Reading, seed: number, never: string): Promise<NoiseSamples> {
  requireNumbers(classifier, path);
  const table = await tableAt(path, reading);
  const width = sizeOf(classifier.inputShape);
  const { columns, categories } = columnsOf(classifier, table, reading);
  const { values, leftOut } = wholeRows(table, columns, categories);
  const count = values.length / width;
  const chosen = drawn(count, MOST, seed);
  const inputs = chosen.map((i) => values.subarray(i * width, (i + 1) * width));
  const missing = leftOut === 0 ? '' : `; ${leftOut} with a missing value are left out`;
  return { samples: await located(classifier, inputs), notes: [`the noise is ${inputs.length} of the ${count} rows of '${path}'${missing}${never}`] };
} // prettier-ignore

async function documents(path: string, classifier: Classifier, reading: Reading, seed: number): Promise<NoiseSamples> {
  const encode = encoder(classifier, reading)!;
  const texts = await readTexts(path);
  const chosen = drawn(texts.length, MOST, seed).map((i) => texts[i]!);
  const inputs = knownTexts(chosen, encode, path).map(({ values }) => values);
  return { samples: await located(classifier, inputs), notes: [`the noise is ${inputs.length} of the ${texts.length} texts of '${path}'`] };
} // prettier-ignore

/** Texts with their samples, without those that come to nothing. Throws LanError (`data`) where none is left. */
function knownTexts(texts: readonly Text[], encode: (text: string) => Float32Array, path: string): { readonly values: Float32Array }[] {
  const known = texts.map(({ text }) => ({ values: encode(text) })).filter(({ values }) => values.some((v) => v !== 0));
  if (known.length === 0) throw new LanError('data', `Texts '${path}': none of ${texts.length} holds a word that the model knows.`);
  return known;
} // prettier-ignore

/** Words drawn one by one, each as often as it stands in the texts. */
async function unigram(
  noise: string,
  path: string,
  classifier: Classifier,
  reading: Reading,
  seed: number,
): Promise<NoiseSamples> {
  const { hookPoint, inputShape } = classifier;
  const { words, tokenizer } = reading;
  if (!(hookPoint?.tokens ? tokenizer : words) || path === '')
    throw new LanError(
      'usage',
      `\`noise\` '${noise}': draws words as often as they stand in texts, as unigram:<texts>, which takes a model of texts.`,
      hookPoint?.tokens ? 'Give `tokenizer`.' : 'Give `vocabulary`, and the path of texts.',
    );
  const texts = await readTexts(path);
  const stream = random(seed, STREAMS.unigram);
  const notes = [`the noise is words drawn as often as they stand in the ${texts.length} texts of '${path}'`];
  const length = sizeOf(inputShape);
  if (hookPoint?.tokens) {
    const all = texts.flatMap(({ text }) => tokenizer!.encode(text, { special: false }).ids);
    if (all.length === 0) throw new LanError('data', `Texts '${path}': hold no token.`);
    const inputs = Array.from({ length: DRAWN }, (_, n) => Float32Array.from({ length }, (_, i) => all[stream.integer(all.length, n, i)]!));
    return { samples: await located(classifier, inputs), notes };
  } // prettier-ignore
  const counted = knownTexts(texts, (text) => words!.count(text).counts, path);
  const totals = counted.map(({ values }) => values.reduce((a, b) => a + b, 0));
  const ends = new Float64Array(length);
  for (const { values } of counted) for (let i = 0; i < length; i++) ends[i]! += values[i]!;
  for (let i = 1; i < length; i++) ends[i]! += ends[i - 1]!;
  const total = ends[length - 1]!;
  const inputs = Array.from({ length: 4 * DRAWN }, (_, n) => {
    // As long as one of the texts is.
    const own = new Float32Array(length);
    const long = totals[stream.integer(totals.length, 2 * n, 0)]!;
    for (let k = 0; k < long; k++) own[place(ends, stream.integer(Math.max(1, Math.round(total)), 2 * n + 1, k))]!++;
    return own;
  });
  return { samples: await located(classifier, inputs), notes };
}

/** The first place whose cumulated count is above `at`. */
function place(ends: Float64Array, at: number): number {
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Every token the same: the mask or pad token, or whichever was named. */
async function oneToken(noise: string, name: string, classifier: Classifier, { tokenizer }: Reading): Promise<NoiseSamples> {
  if (!classifier.hookPoint?.tokens)
    throw new LanError('usage', `\`noise\` '${noise}': the mask does not lie on tokens.`, 'Choose uniform, gaussian or constant:<c>.');
  const { id, text } = tokenNamed(name, tokenizer, noise);
  const ids = new Float32Array(sizeOf(classifier.inputShape)).fill(id);
  return { samples: await located(classifier, [ids]), notes: [`the noise is the token ${text} everywhere`] };
} // prettier-ignore

/** Samples of the input, taken to where the mask lies. */
async function located(classifier: Classifier, inputs: readonly Float32Array[]): Promise<Tensor> {
  const { inputShape, sampleShape, hookPoint, input } = classifier;
  const per = sizeOf(sampleShape);
  const data = new Float32Array(inputs.length * per);
  for (const [i, values] of inputs.entries()) {
    const sample = hookPoint?.tokens ? idsTensor(values, inputShape) : float32(values, [1, ...inputShape]);
    const { x } = await classifier.locate(hookPoint ? castTensor(sample, input.type) : sample);
    data.set(toFloat32(x), i * per);
  }
  return float32(data, [inputs.length, ...sampleShape]);
}
