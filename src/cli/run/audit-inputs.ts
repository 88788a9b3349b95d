// What lan-onnx audit is given to explain: pictures, and tensors of the model's own input space.
import { basename, extname } from 'node:path';
import type { Classifier } from '../../model/open.js';
import { chooseConvention } from '../../model/conventions.js';
import { LanError } from '../../core/errors.js';
import { castTensor, sizeOf, type Tensor } from '../../core/tensor.js';
import { readBytes, sha256 } from '../../data/files.js';
import { readImage, type ImageSpec } from '../../data/images.js';
import { decodeNpy } from '../../data/npy.js';
import { audit as definition } from '../commands/audit.js';
import { inFlags } from '../flags.js';
import type { Io } from '../io.js';

interface InputArguments {
  readonly model: string;
  readonly image?: readonly string[];
  readonly tensor?: readonly string[];
}

/** One sample to explain. */
export interface AuditInput {
  readonly path: string;
  /** Its folder's name within --out. */
  readonly folder: string;
  readonly sha256: string;
  /** [1,...inputShape], pictures in pixel space. */
  readonly x: Tensor;
  readonly notes: readonly string[];
}

/** Shape of the first tensor, as it binds the axes that a model leaves open (the length of a text). */
export async function shapeOfFirst([path]: readonly string[] = []): Promise<readonly number[] | undefined> {
  return path === undefined ? undefined : decodeNpy(await readBytes(path, 'Tensor'), path).dims;
}

/**
 * The pictures and tensors that were given, and the classifier as it is to see them, on a card that was looked for where there is none; notes about them go to stderr. Throws LanErrors for other inputs without a value, LanError for a file
 * that is no sample of this model.
 */
export async function readInputs(
  argv: InputArguments,
  opened: Classifier,
  io: Io,
): Promise<{ readonly inputs: readonly AuditInput[]; readonly classifier: Classifier }> {
  let classifier = opened;
  const names = new Map<string, number>();
  const folderOf = (path: string): string => {
    const stem = basename(path, extname(path));
    const seen = names.get(stem) ?? 0;
    names.set(stem, seen + 1);
    return seen === 0 ? stem : `${stem}-${seen + 1}`;
  };
  const inputs: AuditInput[] = [];
  if (!classifier.hookPoint?.hasSkipPath) classifier.requireFeeds();
  const images = argv.image ?? [];
  if (images.length > 0 && !classifier.card)
    throw new LanError(
      'usage',
      `${argv.model}: its input [${classifier.input.shape.join(',')}] is not a picture. Give --tensor F.npy.`,
    );
  if (images.length > 0 && classifier.cardAssumed && classifier.inputShape[0] === 3) {
    const { tensor } = await readImage(images[0]!, imageSpec(classifier, 255));
    const chosen = await chooseConvention(classifier, tensor);
    classifier = chosen.classifier;
    io.err(`note: ${inFlags(chosen.note, { definition })}\n`);
  }
  for (const path of images) {
    const bytes = await readBytes(path, 'Image');
    const { tensor, note } = await readImage(path, imageSpec(classifier));
    if (note) io.err(`note: ${path}: ${note}\n`);
    inputs.push({ path, folder: folderOf(path), sha256: sha256(bytes), x: tensor, notes: note ? [note] : [] });
  }
  for (const path of argv.tensor ?? []) {
    const bytes = await readBytes(path, 'Tensor');
    const tensor = decodeNpy(bytes, path);
    const wanted = classifier.inputShape;
    if (sizeOf(tensor.dims) !== sizeOf(wanted))
      throw new LanError(
        'usage',
        `Tensor '${path}': expected one sample of shape [${wanted.join(',')}], received [${tensor.dims.join(',')}].`,
      );
    inputs.push({
      path,
      folder: folderOf(path),
      sha256: sha256(bytes),
      x: { ...castTensor(tensor, classifier.input.type), dims: [1, ...wanted] },
      notes: [],
    });
  }
  return { inputs, classifier };
}

function imageSpec(classifier: Classifier, range?: 1 | 255): ImageSpec {
  const card = classifier.card!;
  const [channels, height, width] = classifier.inputShape as [1 | 3, number, number];
  return { channels, height, width, resize: card.resize, crop: card.crop, resample: card.resample, range: range ?? card.range };
}
