// card(model): how pictures go into a model and what comes out, as far as it can be told, with a reason for each line.
import { basename, dirname, extname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { topK } from '../core/rows.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { exists } from '../data/places.js';
import { hasTokenizer } from '../data/tokenizer.js';
import { readCard, type InputCard, type ModelCard } from '../model/card.js';
import { settled, type Preprocessing } from '../model/guess.js';
import { imageMetadata } from '../model/image-metadata.js';
import { preprocessTensor } from '../model/preprocess.js';
import { INTEGER } from '../model/selection.js';
import { readModel } from '../model/source.js';
import { Steps } from '../model/steps.js';
import type { Classifier, OpenOptions } from '../model/open.js';
import { labelsByDefault } from '../model/labels-inside.js';
import { writeCard, type CardFiles, type Seen } from '../report/card-files.js';
import { inRange, readInput, sizeOfPicture } from './inputs.js';
import { isFile, withModel, type ModelLike } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** What `card` takes besides the options of opening. */
export interface CardOptions extends OpenOptions {
  /** Paths of pictures by which a convention is chosen where nobody says one; they are shown as the network sees them. */
  readonly images?: readonly string[];
}

/** One line of a card and who says so. */
export interface CardLine {
  readonly field: keyof InputCard | 'output' | 'task' | 'labels';
  /** As a card file has it; of labels their number and the first of them. */
  readonly value: string;
  /** 'said': by a card, a folder or an option; 'file': the ONNX file itself; 'guessed': by the pictures; 'assumed': nobody says. */
  readonly by: 'said' | 'file' | 'guessed' | 'assumed';
  readonly reason: string;
}

/** The card that was inferred. */
export interface CardResult {
  readonly model: string;
  readonly card: ModelCard;
  readonly lines: readonly CardLine[];
  readonly seen: readonly Seen[];
  readonly notes: readonly string[];
  /** What `--json` prints: schema `lan-onnx/card@1`. */
  toJSON(): object;
  /** Writes card.json, and where there are pictures seen.png, into `folder`. Throws LanError (`write`). */
  save(folder: string): Promise<CardFiles>;
}

/** Fields of pixel values, which are guessed together. */
const VALUES: ReadonlySet<string> = new Set(['channels', 'range', 'mean', 'std']);

/**
 * Infers the card of a model that takes pictures: from its folder, the card beside it, the file, else from `images`, as `audit` does. Throws LanError
 * (`data`) for a model that takes none, and what openModel throws.
 *
 * @example
 * const { card, lines, save } = await card('model.onnx', { images: ['cat.jpg'] });
 */
export async function card(model: ModelLike, options: CardOptions = {}): Promise<CardResult> {
  refuseUnknown('card', options, NAMES.card);
  const { images = [], ...opening } = options;
  if (typeof model === 'string' && (isTexts(model) || isTexts(dirname(model))) && (await takesTokens(model, opening)))
    throw new LanError(
      'data',
      `${model}: takes texts, by the tokenizer beside it, and a card says how pictures go in.`,
      'It needs none: audit takes a text as it is.',
    );
  const size = isFile(model) && images[0] !== undefined ? await sizeOfPicture(images[0]) : undefined;
  return withModel(model, { ...(size ? { pictureSize: size } : {}), ...opening }, async (opened) => {
    if (!opened.card)
      throw new LanError(
        'data',
        `${opened.source.name}: its input '${opened.input.name}' [${opened.input.shape.join(',')}] takes no picture, so that there is no card to infer.`,
        'Where it does, give its `size`, and `layout` or `channels`.',
      );
    const samples = [];
    for (const path of images) samples.push(await readInput(opened, path, 'picture'));
    const { classifier, preprocessing, note } = await settled(opened, samples.flatMap(({ pixels }) => pixels ?? [])); // prettier-ignore
    const said = typeof opening.card === 'string' ? readCard(opening.card) : opening.card;
    const lines = linesOf(classifier, preprocessing, said?.input ?? {}, said?.output !== undefined, said?.labels !== undefined);
    const unsure = lines.filter(({ by, value }) => (by === 'guessed' || by === 'assumed') && value !== 'none');
    const seen: Seen[] = [];
    for (const [i, path] of images.entries()) seen.push(await seenBy(classifier, path, samples[i]!.pixels!));
    const { card: input, outputKind, task, labels } = classifier;
    const whole: ModelCard = {
      input: input!,
      ...(task === 'regression' ? { task } : { output: outputKind }),
      ...(labels.length > 0 ? { labels } : {}),
    };
    const result = {
      model: classifier.source.name,
      card: whole,
      lines,
      seen,
      notes: [...classifier.notes, ...(note === undefined ? [] : [note])],
    };
    return {
      ...result,
      toJSON: () => ({
        schema: 'lan-onnx/card@1',
        ...result,
        seen: seen.map(({ path, answers }) => ({ path, answers })),
      }),
      save: (folder) => writeCard(folder, { ...result, assumed: unsure.map(({ field }) => field) }),
    };
  });
}

/** Is it a folder with a tokenizer, and nothing that prepares pictures? */
const isTexts = (folder: string): boolean => hasTokenizer(folder) && !exists(join(folder, 'preprocessor_config.json'));

/** Does a file take whole numbers and texts alone? A vocabulary may lie in a folder beside models of every kind. */
async function takesTokens(model: string, opening: OpenOptions): Promise<boolean> {
  const { inputs } = (await readModel(model, opening)).model.graph;
  return inputs.every(({ type = '' }) => type === 'string' || INTEGER.test(type));
}

/** Who says so, where nobody said it here. */
const BESIDE = 'the card beside the model, or its folder, says so';

/** Answers of the model that are told of a picture. */
const ANSWERS = 5;

async function seenBy(classifier: Classifier, path: string, pixels: Tensor): Promise<Seen> {
  const card = classifier.card!;
  const x = inRange(pixels, classifier);
  const steps = new Steps(classifier.plugins);
  const input = preprocessTensor(await steps.run(x, card), { ...card, layout: 'NCHW' });
  await steps.dispose();
  const located = await classifier.locate(x);
  const p = toFloat32(await located.classifier.predict(located.x));
  const answers = topK(p, Math.min(ANSWERS, p.length)).map((i) => ({
    index: i,
    label: classifier.labels[i] ?? `class ${i}`,
    probability: p[i]!,
  }));
  return { path, title: basename(path, extname(path)), x, input, answers };
}

/** Every field that is in force, in the order of a card. */
function linesOf(
  classifier: Classifier,
  preprocessing: Preprocessing | undefined,
  given: Partial<InputCard>,
  outputGiven: boolean,
  labelsGiven: boolean,
): CardLine[] {
  const { card, cardGiven, source, input, integers } = classifier;
  const beside = source.card?.input ?? {};
  const inside = imageMetadata(source.model, { ...input, dims: input.shape }, { ...beside, ...given }, !integers).input;
  const shape = `the input '${input.name}' is [${input.shape.join(',')}]`;
  const whoOf = (field: keyof InputCard): Pick<CardLine, 'by' | 'reason'> => {
    if (given[field] !== undefined) return { by: 'said', reason: 'it was given' };
    if (beside[field] !== undefined) return { by: 'said', reason: BESIDE };
    if (field === 'layout' || field === 'size') return { by: 'file', reason: shape };
    if (inside[field] !== undefined && String(inside[field]) === String(card![field]))
      return { by: 'file', reason: 'its metadata say so (Image.BitmapPixelFormat, Image.NominalPixelRange)' };
    if (VALUES.has(field) && integers)
      return { by: 'file', reason: `it takes whole numbers (${integers}), so that its preprocessing is inside` };
    if (VALUES.has(field) && preprocessing?.source === 'pictures') return { by: 'guessed', reason: guessText(preprocessing) };
    if (cardGiven[field] !== undefined) return { by: 'said', reason: 'it was given' };
    return { by: 'assumed', reason: VALUES.has(field) ? 'nobody says, and there is no picture to try it on' : 'nobody says' };
  };
  const fields = (['layout', 'size', 'resize', 'crop', 'resample', 'channels', 'range', 'mean', 'std'] as const).filter(
    (field) => card![field] !== undefined,
  );
  return [
    ...fields.map((field): CardLine => ({ field, value: JSON.stringify(card![field]), ...whoOf(field) })),
    outputLine(classifier, outputGiven),
    ...(classifier.task === 'regression' ? [] : [labelsLine(classifier, labelsGiven)]),
  ];
}

function guessText({ convention, score, runnerUp, because, pictures }: Preprocessing): string {
  const scored = `${score!.toFixed(2)} on ${pictures} picture(s)`;
  const other = runnerUp && `${runnerUp.convention} with ${runnerUp.score.toFixed(2)}`;
  if (because !== undefined) return `${convention} is the convention where the file is from (${because}); it scores ${scored}${other ? `, beside ${other}` : ''}`;
  if (runnerUp && runnerUp.score > score!) return `${convention} scores ${scored}; ${other} is passed over, as numbers that are too large make any network sure`;
  return `of the conventions, ${convention} makes it surest: ${scored}${other ? `, before ${other}` : ''}`;
} // prettier-ignore

function outputLine({ outputKind, output, source, task }: Classifier, given: boolean): CardLine {
  if (task === 'regression')
    return {
      field: 'task',
      value: JSON.stringify(task),
      by: 'said',
      reason: source.card?.task === task ? BESIDE : 'it was given',
    };
  const said = given || source.card?.output === outputKind;
  const reason = said ? (given ? 'it was given' : BESIDE) : `what '${output.name}' [${output.shape.join(',')}] is made by`;
  return { field: 'output', value: JSON.stringify(outputKind), by: said ? 'said' : 'file', reason };
}

function labelsLine({ labels, classes, source, picture }: Classifier, given: boolean): CardLine {
  const value =
    labels.length === 0
      ? 'none'
      : `${labels.length}: ${labels
          .slice(0, 3)
          .map((l) => l.split(',')[0])
          .join(' | ')}${labels.length > 3 ? ' ...' : ''}`;
  if (!given && source.card?.labels) return { field: 'labels', value, by: 'said', reason: BESIDE };
  if (labels.length === 0) return { field: 'labels', value, by: 'assumed', reason: `nobody names the ${classes} classes` };
  // A classifier that was opened before may have been given them there.
  const found = labelsByDefault(source.model, classes, picture?.channels === 3);
  if (given || !found?.labels.every((label) => labels.includes(label)))
    return { field: 'labels', value, by: 'said', reason: 'they were given' };
  return { field: 'labels', value, by: found.note.includes('assumed') ? 'assumed' : 'file', reason: found.note };
}
