// lan-onnx grid MODEL --objects D: accuracy for objects centred at every pixel, as a heat map, CSV and JSON.
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CommandModule } from 'yargs';
import { openModel, type Classifier } from '../model/open.js';
import { LanError } from '../core/errors.js';
import { sizeOf } from '../core/tensor.js';
import { version } from '../core/version.js';
import { decodePixels, decodeSprite, fit, isImage } from '../data/images.js';
import { matchLabels } from '../data/labels.js';
import { openDataset } from '../data/open-dataset.js';
import { toPlanes } from '../data/planes.js';
import { positionMap, type PositionMap } from '../score/position-map.js';
import type { PlacedObject } from '../score/placing.js';
import { classesOf, pictureSpec } from '../score/score.js';
import { gridDocument, writeGrid } from '../report/position-map-files.js';
import { countdown } from './bar.js';
import { interruptible, ioOf, toJson, usage } from './io.js';
import {
  MODEL_ARGUMENT,
  cardOptions,
  engineOptions,
  jsonOption,
  pairOf,
  seedOption,
  toOpenOptions,
  toWhole,
  type SharedArguments,
} from './options.js';
import { accuracyText } from './score.js';

interface Arguments extends SharedArguments {
  readonly model: string;
  readonly objects: readonly string[];
  readonly split?: string;
  readonly label?: string;
  readonly objectSize?: string;
  readonly background: string;
  readonly stride: string;
  readonly samples?: string;
  readonly clip: boolean;
  readonly out: string;
  readonly seed: string;
  readonly json: boolean;
}

export const gridCommand: CommandModule<object, Arguments> = {
  command: 'grid <model>',
  describe: 'accuracy for an object centred at each pixel: heat map, CSV, JSON',
  builder: (y) =>
    y
      .positional('model', MODEL_ARGUMENT)
      .options({
        objects: {
          type: 'string',
          array: true,
          requiresArg: true,
          demandOption: true,
          describe: 'what is placed: pictures (transparency is kept), or one dataset (see score --data)',
        },
        split: { type: 'string', requiresArg: true, describe: 'train, test or val, where the dataset has several' },
        label: {
          type: 'string',
          requiresArg: true,
          describe: 'class of the pictures, by name or number (default: the answer to the object centred)',
        },
        'object-size': { type: 'string', requiresArg: true, describe: 'height and width that objects are brought to: 7 or 7x9' },
        background: { type: 'string', default: '0', requiresArg: true, describe: 'pixel value 0 to 255, a picture, or noise' },
        stride: { type: 'string', default: '1', requiresArg: true, describe: 'pixels from one position to the next' },
        samples: {
          type: 'string',
          requiresArg: true,
          describe: 'objects a position, drawn by --seed (default: all, at most 256)',
        },
        clip: {
          type: 'boolean',
          default: true,
          describe: 'objects may stick out and are cut off; --no-clip: only where they fit',
        },
        out: {
          type: 'string',
          default: 'lan-onnx-grid',
          requiresArg: true,
          describe: 'folder for grid.png, grid.csv, grid.json',
        },
      })
      .options({ ...cardOptions, threads: engineOptions.threads, shape: engineOptions.shape, ...seedOption, ...jsonOption })
      .example('$0 grid m.onnx --objects mnist/ --object-size 7', 'digits of 7 x 7 at every pixel, on black')
      .example('$0 grid m.onnx --objects cat.png --background street.jpg --stride 8', 'a sprite on a photo')
      .epilogue('Ctrl-C keeps what is done in grid.jsonl; the same command goes on from there.'),
  async handler(argv) {
    const io = ioOf(argv);
    const settings = {
      size: argv.objectSize === undefined ? undefined : pairOf('--object-size', argv.objectSize),
      stride: toWhole('--stride', argv.stride, 1),
      samples: argv.samples === undefined ? undefined : toWhole('--samples', argv.samples, 1),
      clip: argv.clip,
      seed: toWhole('--seed', argv.seed),
    };
    const classifier = await openModel(argv.model, toOpenOptions(argv));
    const interrupt = interruptible(io, `what is done stays in '${join(argv.out, 'grid.jsonl')}'`);
    const bar = countdown(io, 'positions');
    try {
      if (!classifier.card)
        throw new LanError('usage', `${argv.model}: its input [${classifier.inputs[0]!.shape.join(',')}] is not a picture.`);
      for (const note of classifier.notes) io.err(`note: ${note}\n`);
      const { objects, notes } = await readObjects(argv, classifier);
      for (const note of notes) io.err(`note: ${note}\n`);
      const result = await positionMap(classifier, {
        ...settings,
        objects,
        background: await readBackground(argv.background, classifier),
        journal: join(argv.out, 'grid.jsonl'),
        signal: interrupt.signal,
        onProgress: bar.step,
      });
      bar.clear();
      const subject = {
        model: { path: argv.model, sha256: classifier.source.sha256 },
        engine: classifier.engine.info,
        card: classifier.card,
        notes: [...classifier.notes, ...notes],
        version: version(),
      };
      const title = `${argv.objects.length === 1 ? basename(argv.objects[0]!) : `${objects.length} objects`} by ${basename(argv.model)}`;
      const files = await writeGrid(argv.out, result, subject, title);
      io.out(argv.json ? toJson(gridDocument(result, subject)) : describe(result, files));
    } finally {
      bar.clear();
      interrupt.stop();
      await classifier.dispose();
    }
  },
};

/** Objects of a dataset are held in memory. */
const MOST_BYTES = 2 ** 29;

async function readObjects(argv: Arguments, classifier: Classifier): Promise<{ objects: PlacedObject[]; notes: string[] }> {
  const k = classesOf(classifier);
  const given = argv.label === undefined ? undefined : toLabel(argv.label, classifier.labels, k);
  if (argv.objects.every((path) => isImage(path))) {
    const objects: PlacedObject[] = [];
    for (const path of argv.objects) {
      const sprite = await decodeSprite(path);
      objects.push({ ...sprite, channels: 3, pixels: toPlanes(sprite, 3), label: given });
    }
    return { objects, notes: [] };
  }
  if (argv.objects.length !== 1) throw usage('--objects', 'pictures, or one dataset', argv.objects.join(' '));
  const dataset = await openDataset(argv.objects[0]!, { split: argv.split });
  try {
    const matched = dataset.labels ? matchLabels(dataset, classifier.labels, k) : undefined;
    const notes = [...dataset.notes, ...(matched ? [matched.note] : [])];
    const spec = dataset.shape ? undefined : pictureSpec(classifier);
    const shape = dataset.shape ?? [spec!.channels, spec!.height, spec!.width];
    const [channels, height, width] = shape as [1 | 3, number, number];
    const most = Math.floor(MOST_BYTES / sizeOf(shape));
    if (dataset.length > most) notes.push(`the first ${most} of ${dataset.length} objects`);
    const all = Array.from({ length: Math.min(dataset.length, most) }, (_, i) => i);
    const { x, indices, unreadable } = await dataset.read(all, spec);
    if (x.type !== 'uint8' || shape.length !== 3 || (channels !== 1 && channels !== 3))
      throw new LanError(
        'usage',
        `Dataset '${dataset.name}': its samples are no pictures of bytes, which are what can be placed.`,
      );
    if (unreadable.length > 0)
      notes.push(`${unreadable.length} object(s) could not be read; the first: ${unreadable[0]!.reason}`);
    const per = channels * height * width;
    const objects = indices.map((index, i) => ({
      channels,
      height,
      width,
      pixels: (x.data as Uint8Array).subarray(i * per, (i + 1) * per),
      label: given ?? matched?.labels[index],
    }));
    return { objects, notes };
  } finally {
    await dataset.close();
  }
}

function toLabel(text: string, names: readonly string[], k: number): number {
  const found = names.findIndex((name) => name === text || name.split(',').some((part) => part.trim() === text));
  const index = found >= 0 ? found : /^\d+$/.test(text) ? Number(text) : -1;
  if (index < 0 || index >= k) throw usage('--label', `a class name or a number from 0 to ${k - 1}`, text);
  return index;
}

async function readBackground(text: string, classifier: Classifier): Promise<number | Uint8Array | 'noise'> {
  if (text === 'noise') return text;
  if (/^\d+$/.test(text) && Number(text) <= 255) return Number(text);
  try {
    statSync(text);
  } catch {
    throw usage('--background', 'a number from 0 to 255, a picture, or noise', text);
  }
  const spec = pictureSpec(classifier)!;
  return toPlanes(fit(await decodePixels(text), spec, text), spec.channels);
}

function describe(r: PositionMap, files: readonly string[]): string {
  const all = r.rows.length * r.columns.length;
  if (r.positions.length === 0) return 'interrupted before the first position.\n';
  const sorted = [...r.positions].sort((a, b) => a.accuracy - b.accuracy);
  const [worst, best] = [sorted[0]!, sorted.at(-1)!];
  const at = (p: { row: number; column: number }): string => `row ${p.row}, column ${p.column}`;
  return [
    `${r.positions.length}${r.interrupted ? ` of ${all}` : ''} positions of ${r.samples} sample(s)${r.interrupted ? ', interrupted' : ''}`,
    `  overall  ${accuracyText(r.total)}`,
    `  best     ${accuracyText(best)} at ${at(best)}`,
    `  worst    ${accuracyText(worst)} at ${at(worst)}`,
    `  files: ${files.join(', ')}`,
    '',
  ].join('\n');
}
