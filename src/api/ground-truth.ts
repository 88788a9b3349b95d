// What a person has marked as needed, read for one input: a picture or an .npy file, a folder of either, or a Tensor.
import { extname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { readBytes } from '../data/files.js';
import { readImage } from '../data/images.js';
import { decodeNpy } from '../data/npy.js';
import { exists, isFolder } from '../data/places.js';
import { marked } from '../evidence/localisation.js';
import type { Classifier } from '../model/open.js';
import { imageSpec } from '../model/picture.js';
import type { Sample } from './inputs.js';

/** Endings that are looked for in a folder, in this order. */
const ENDINGS = ['.png', '.npy', '.bmp', '.jpg'];

/**
 * The ground truth of one input, undefined where none was given. A picture is resized and cropped as the input is; in a folder the file with the input's
 * name is taken. Throws LanError (`data`) for one that is missing or cannot be read, and for pictures one of another size or that marks nothing.
 */
export async function groundTruthOf(
  classifier: Classifier,
  groundTruth: string | Tensor | undefined,
  { title, x }: Sample,
): Promise<Tensor | undefined> {
  if (groundTruth === undefined) return undefined;
  const truth = typeof groundTruth === 'string' ? await read(classifier, fileOf(groundTruth, title)) : groundTruth;
  // What can be told before a mask is learned is told then.
  if (classifier.card && !classifier.hookPoint) marked(truth, x);
  return truth;
}

function fileOf(path: string, title: string): string {
  if (!isFolder(path)) return path;
  const found = ENDINGS.map((ending) => join(path, `${title}${ending}`)).find((file) => exists(file));
  if (found !== undefined) return found;
  throw new LanError(
    'data',
    `\`groundTruth\`: the folder '${path}' has nothing for '${title}'.`,
    `Expected ${title}.png or ${title}.npy.`,
  );
}

async function read(classifier: Classifier, path: string): Promise<Tensor> {
  const bytes = await readBytes(path, 'Ground truth');
  if (extname(path).toLowerCase() === '.npy') return decodeNpy(bytes, path);
  if (!classifier.card)
    throw new LanError(
      'data',
      `\`groundTruth\` '${path}': ${classifier.source.name} takes no pictures.`,
      'Give an .npy file with one value for each element of the mask.',
    );
  return (await readImage(bytes, imageSpec(classifier), path)).tensor;
}
