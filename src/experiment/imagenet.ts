// Photos and a trained network: masks for several betas beneath uniform RGB noise, as one table of pictures (Appendix F).
import { basename, extname } from 'node:path';
import { adapters } from '../../adapters/index.js';
import { pearson } from '../core/correlation.js';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { readImage } from '../data/images.js';
import { picturePaths } from '../data/picture-paths.js';
import { fromPlanes } from '../data/planes.js';
import type { Picture } from '../data/resize.js';
import { readBytes, sha256 } from '../data/files.js';
import { createAuditor } from '../explain/audit.js';
import type { PartialCard } from '../model/card.js';
import { openModel, type Classifier } from '../model/open.js';
import { imageSpec } from '../model/picture.js';
import { words } from './fields.js';
import { maskOf, openPhotoJournal, type PhotoMask, type PhotoRecord } from './imagenet-journal.js';
import type { ImagenetConfig } from './kinds.js';
import { atLeast, inParts, Interrupted, type Figure, type Findings, type RunOptions, type Table, type Verdict } from './run.js';

/** What is explained on what. */
export interface Subject {
  /** An ONNX file whose card says how pictures go in. */
  readonly model?: string | undefined;
  /** Files, folders and patterns. */
  readonly images?: readonly string[] | undefined;
  /** Of the model, where it has none beside it. */
  readonly card?: PartialCard | string | undefined;
}

type Row = Extract<Figure, { kind: 'rows' }>['rows'][number];

/** One photo with its masks. */
interface Explained extends PhotoRecord {
  readonly name: string;
  readonly picture: Picture;
}

/** Learns the masks, or takes up those that an earlier run has learned, photo by photo, and measures them. Throws LanError (`usage`) without a model or pictures, (`data`) where nobody says how pictures go in, and Interrupted. */
export async function imagenet(config: ImagenetConfig, subject: Subject, run: RunOptions): Promise<Findings> {
  const { model, images, card } = subject;
  if (model === undefined || images === undefined || images.length === 0)
    throw new LanError('usage', 'This experiment explains a network that you bring on photos that you bring.', 'Name them with `model` and `images`.'); // prettier-ignore
  const { paths } = await picturePaths(images);
  const start = performance.now();
  const classifier = await openModel(model, { threads: run.threads, adapters, ...(card === undefined ? {} : { card }) });
  try {
    if (!classifier.card || classifier.inputShape[0] !== 3) throw new LanError('data', `${classifier.source.name}: takes no colour pictures.`); // prettier-ignore
    if (classifier.cardAssumed && !classifier.integers)
      throw new LanError('data', `${classifier.source.name}: nobody says how pictures go in, and a guess would be in every figure.`, 'Say it with `card`, or put a card beside the model.'); // prettier-ignore
    const opened = (performance.now() - start) / 1000;
    const explained = await explain(config, classifier, paths.slice(0, config.data.pictures), run);
    return findings(config, classifier, explained, paths.length, {
      opening: opened,
      masks: explained.reduce((sum, { seconds }) => sum + seconds, 0),
    });
  } finally {
    await classifier.dispose();
  }
}

async function explain(
  { masks }: ImagenetConfig,
  classifier: Classifier,
  paths: readonly string[],
  run: RunOptions,
): Promise<Explained[]> {
  const { iterations, learningRate, schedule, draws, evidenceDraws } = masks;
  const settings = {
    betas: betasOf(masks.betas),
    noise: 'uniform',
    // As Eq. 2 has them.
    maskValues: 'soft' as const,
    patience: 0,
    sharpen: 0,
    seed: run.seed,
    iterations,
    learningRate,
    schedule,
    draws,
    ...(masks.grids ? {} : { maskGrids: [], maskShape: 'full' as const, start: 0.5 }),
  };
  // Another process keeps it where this one does photos for that.
  const journal = run.taken ? undefined : await openPhotoJournal(run.folder, classifier, settings, evidenceDraws);
  const known = new Map((journal?.records ?? []).map((record) => [record.photo, record]));
  // The claim and nothing further: the paper shows masks.
  const auditor = await createAuditor(classifier, { preset: 'quick', settings, evidenceDraws, signal: run.signal });
  try {
    const all = await inParts(run, 'photos', paths.length, async (i): Promise<Explained> => {
      const path = paths[i]!;
      const name = basename(path, extname(path));
      run.onPhase?.(`photo ${i + 1} of ${paths.length}, ${name}: masks for beta ${settings.betas.join(', ')}`);
      const photo = sha256(await readBytes(path, 'Picture'));
      const { tensor } = await readImage(path, imageSpec(classifier), path);
      const [, , height, width] = tensor.dims as [number, number, number, number];
      let record = known.get(photo);
      if (!record) {
        const start = performance.now();
        const { betas, prediction } = await auditor.audit(tensor);
        // A mask that was broken off is none.
        if (run.signal?.aborted) throw new Interrupted();
        const { label, probability } = prediction[0]!;
        const learned = betas.map((b) => maskOf(b, needOf(b.learned.mask, height * width)));
        record = {
          photo,
          answer: label.split(',')[0]!,
          probability,
          masks: learned,
          seconds: (performance.now() - start) / 1000,
        };
        // What others have done is kept when all of it is there.
        if (!run.parts) await journal?.append(record);
        known.set(photo, record);
      }
      return { ...record, name, picture: fromPlanes(bytesOf(tensor, classifier.card!.range), [3, height, width]) };
    });
    if (run.parts && journal) {
      const kept = new Set(journal.records.map(({ photo }) => photo));
      for (const { name: _, picture: _p, ...record } of all) if (!kept.has(record.photo)) await journal.append(record);
    }
    return all;
  } finally {
    await auditor.dispose();
    await journal?.close();
  }
}

const betasOf = (list: string): number[] => words(list).map(Number).sort((a, b) => a - b); // prettier-ignore

const bytesOf = (x: Tensor, range: 1 | 255): Uint8Array => Uint8Array.from(toFloat32(x), (v) => Math.round((v / range) * 255));

/** Attention 1 - A, the mean over channels where each has its own. */
function needOf(mask: Tensor, area: number): Float32Array {
  const values = toFloat32(mask);
  const channels = values.length / area;
  return Float32Array.from({ length: area }, (_, i) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[c * area + i]!;
    return 1 - sum / channels;
  });
}

function findings(
  config: ImagenetConfig,
  classifier: Classifier,
  explained: readonly Explained[],
  found: number,
  seconds: Record<string, number>,
): Findings {
  const { source } = classifier;
  const remark = config.data.remarks[source.sha256];
  const model = `${basename(source.path ?? source.name)}${remark === undefined ? '' : ` (${remark})`}`;
  const betas = betasOf(config.masks.betas);
  const rows = explained.flatMap((e) => e.masks.map((mask) => rowOf(e, mask)));
  const steps = explained.flatMap(({ masks }) => masks.slice(1).map(({ mean }, i) => mean - masks[i]!.mean));
  const first = explained.map(({ masks }) => masks[0]!);
  const share = (of: readonly number[]): number => of.reduce((a, b) => a + b, 0) / of.length;
  const above = first.filter(({ interval, alone }) => interval[0] > alone.interval[1]).length;
  const contour = share(explained.flatMap(({ picture, masks }) => masks.map((m) => pearson(m.attention, edges(picture)))));
  const verdicts: Verdict[] = [
    atLeast(`more is replaced at a higher beta (${betas.join(', ')}): part of the steps upwards`, share(steps.map((s) => Number(s > 0))), config.limits.rising),
    atLeast(`the answer is kept at beta ${betas[0]!}: part of all draws`, share(first.map((m) => m.kept / m.draws)), config.limits.kept),
    atLeast(`... and more often than by noise alone (intervals apart): part of the photos`, above / first.length, config.limits.aboveNoise),
  ]; // prettier-ignore
  const metrics: Record<string, number> = { photos: explained.length, noise_alone_kept: share(first.map(({ alone }) => alone.kept / alone.draws)), attention_on_contours: contour }; // prettier-ignore
  betas.forEach((beta, i) => {
    metrics[`mask_mean_beta_${beta}`] = share(explained.map(({ masks }) => masks[i]!.mean));
    metrics[`kept_beta_${beta}`] = share(explained.map(({ masks }) => masks[i]!.kept / masks[i]!.draws));
  });
  const left = found - explained.length;
  return {
    title: `${config.title}: ${model}`,
    data: `${explained.length} photos, uniform RGB noise${left > 0 ? `; ${left} further photos were left out (quick)` : ''}`,
    metrics,
    verdicts,
    seconds: { ...seconds, 'a mask, with its evidence': seconds['masks']! / rows.length },
    figures: [sheetOf(explained, model)],
    tables: [
      { file: 'masks.csv', caption: 'What each mask proves, on noise that it was not learned on', columns: COLUMNS, rows },
    ],
  };
}

const COLUMNS = ['photo', 'answer', 'probability', 'beta', 'mask mean', 'kept', 'draws', 'interval', 'KL', 'noise alone', 'replaced entirely', 'correlation with contours']; // prettier-ignore

function rowOf({ name, answer, probability, picture }: Explained, mask: PhotoMask): Table['rows'][number] {
  const { beta, mean, kept, draws, interval, kl, alone, replaced, attention } = mask;
  const two = (v: number): string => v.toFixed(2);
  return [
    name,
    answer,
    Number(probability.toFixed(3)),
    beta,
    Number(mean.toFixed(3)),
    kept,
    draws,
    `${two(interval[0])} to ${two(interval[1])}`,
    Number((kl ?? NaN).toFixed(3)),
    `${alone.kept} of ${alone.draws}`,
    replaced === null ? 'no claim' : `${(100 * replaced).toFixed(0)} %`,
    Number(pearson(attention, edges(picture)).toFixed(2)),
  ];
}

function sheetOf(explained: readonly Explained[], model: string): Figure {
  const rows = explained.map(({ name, picture, answer, probability, masks }): Row => {
    const { alone } = masks[0]!;
    return {
      label: name,
      tiles: [
        { picture, captions: [answer, probability.toFixed(3)] },
        ...masks.map(({ beta, mean, kept, draws, attention }) => ({
          picture,
          attention,
          captions: [`beta ${beta}`, `${(100 * mean).toFixed(mean > 0.99 ? 1 : 0)} % noise, kept ${kept} of ${draws}`],
        })),
      ],
      note: `noise alone gives '${answer}' on ${alone.kept} of ${alone.draws} draws`,
    };
  });
  return { kind: 'rows', file: 'masks.png', caption: `Attention for several betas, ${model}; warm = needed (Appendix F)`, rows };
}

/** How much each pixel's grey differs from its neighbours', [height * width]: where contours run. */
function edges({ width, height, pixels }: Picture): Float32Array {
  const grey = (r: number, c: number): number => {
    const at = 3 * (Math.min(height - 1, Math.max(0, r)) * width + Math.min(width - 1, Math.max(0, c)));
    return pixels[at]! + pixels[at + 1]! + pixels[at + 2]!;
  };
  return Float32Array.from({ length: width * height }, (_, i) => {
    const [r, c] = [Math.floor(i / width), i % width];
    return Math.hypot(grey(r + 1, c) - grey(r - 1, c), grey(r, c + 1) - grey(r, c - 1));
  });
}
