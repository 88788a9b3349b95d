// lan-onnx grid MODEL --objects D: accuracy for objects centred at every pixel, as a heat map, CSV and JSON.
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Classifier } from '../../model/open.js';
import { LanError } from '../../core/errors.js';
import { sizeOf } from '../../core/tensor.js';
import { version } from '../../core/version.js';
import { isImage } from '../../data/find-images.js';
import { decodePixels, decodeSprite, fit } from '../../data/images.js';
import { matchLabels } from '../../data/labels.js';
import { whileLocked } from '../../data/lock.js';
import { openDataset } from '../../data/open-dataset.js';
import { toPlanes } from '../../data/planes.js';
import { positionMap, type PositionMap } from '../../score/position-map.js';
import type { PlacedObject } from '../../score/placing.js';
import { classesOf, pictureSpec } from '../../score/score.js';
import { gridDocument, writeGrid } from '../../report/position-map-files.js';
import { countdown } from '../bar.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import type { grid as definition } from '../commands/grid.js';
import { interrupted, type Io } from '../io.js';
import { withModel } from '../model.js';
import { refusal } from '../option.js';
import { accuracyText } from './score.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Measures the position map and writes it. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const { stride, samples, clip, seed } = argv;
  const journal = join(argv.out, 'grid.jsonl');
  const bar = countdown(io, 'positions');
  await withModel(argv, io, { interrupted: `what is done stays in '${journal}'`, bar }, async (model, signal) => {
    if (!model.card)
      throw new LanError('data', `${argv.model}: its input [${model.inputs[0]!.shape.join(',')}] is not a picture.`);
    const { objects, notes } = await readObjects(argv, model);
    for (const note of notes) io.err(`note: ${note}\n`);
    await whileLocked(argv.out, async () => {
      const result = await positionMap(model, {
        size: argv.objectSize,
        stride,
        samples,
        clip,
        seed,
        objects,
        background: await readBackground(argv.background, model),
        journal,
        signal,
        onProgress: bar.step,
      });
      bar.stop();
      const subject = {
        model: { path: argv.model, sha256: model.source.sha256 },
        engine: model.engine.info,
        card: model.card,
        notes: [...model.notes, ...notes],
        version: version(),
      };
      const title = `${argv.objects.length === 1 ? basename(argv.objects[0]!) : `${objects.length} objects`} by ${basename(argv.model)}`;
      const files = await writeGrid(argv.out, result, subject, title);
      io.out(argv.json ? toJson(gridDocument(result, subject)) : describe(result, files));
      if (result.interrupted) interrupted(io, 'the same command goes on from there.');
    });
  });
}

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
  if (argv.objects.length !== 1) throw refusal('--objects', 'pictures, or one dataset', argv.objects.join(' '));
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
  if (index < 0 || index >= k) throw refusal('--label', `a class name or a number from 0 to ${k - 1}`, text);
  return index;
}

async function readBackground(text: string, classifier: Classifier): Promise<number | Uint8Array | 'noise'> {
  if (text === 'noise') return text;
  if (/^\d+$/.test(text) && Number(text) <= 255) return Number(text);
  try {
    statSync(text);
  } catch {
    throw refusal('--background', 'a number from 0 to 255, a picture, or noise', text);
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
