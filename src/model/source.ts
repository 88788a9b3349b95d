// Finds and decodes a model given as bytes, a file or a Hugging Face folder.
import { basename, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { bytesOf } from '../core/tensor.js';
import { packageFile } from '../core/version.js';
import { readBytes, sha256 } from '../data/files.js';
import { exists, isFolder, namesIn } from '../data/places.js';
import { decodeModel } from '../onnx/codec.js';
import type { Model } from '../onnx/graph.js';
import { cardBeside, type PartialCard } from './card.js';
import { joinColumns, type Column } from './columns.js';
import { externalReader } from './external.js';
import { cardOfHuggingFace, folderAround } from './hugging-face.js';

/** A model as it was read: decoded, and its untouched bytes. */
export interface ModelSource {
  readonly model: Model;
  readonly bytes: Uint8Array;
  /** What messages and reports call it. */
  readonly name: string;
  readonly path?: string;
  /** Does it come with this package, so that it is known to be sound? */
  readonly packaged: boolean;
  /** Bytes of the file and of its external data, as far as the file says. */
  readonly size: number;
  /** Of `bytes`; computed when first asked for. */
  readonly sha256: string;
  /** What lies beside the model about its input and output. */
  readonly card?: PartialCard;
  /** The columns of its one input, where `joinColumns` made that of several; `file` is then what `bytes` hold, and `model` what was made of it. */
  readonly columns?: readonly Column[];
  readonly file?: Model;
}

/** Which of a folder's files is meant. */
export interface SourceOptions {
  /** Of a Hugging Face folder, `quantized` for `onnx/model_quantized.onnx`. Default: the one without, `model.onnx`, or the only one. */
  readonly variant?: string;
  /** What messages and reports call the model. Default: its path. */
  readonly named?: string;
  /**
   * Takes the inputs of a model that has one a column of a table ([N,1] each, as scikit-learn's pipelines of data frames are exported) as one, a row of that table.
   * Without effect on other models. Default: where one of them holds strings, or where what is explained is a row of a CSV file.
   */
  readonly joinColumns?: boolean;
}

/**
 * Reads and decodes a model. A folder is taken in Hugging Face layout (`onnx/model.onnx` or `model.onnx`); a bare name that is no file here is that of
 * a model which comes with the package (models/<name>/<name>.onnx). A card beside the file wins; else a Hugging Face folder, or the one around the file, says what it says.
 * Throws LanError when it does not exist, or is not a sound ONNX file.
 */
export async function readModel(source: string | Uint8Array, options: SourceOptions = {}): Promise<ModelSource> {
  const read = await asItIs(source, options);
  const strings = read.model.graph.inputs.some((i) => i.type === 'string');
  const joined = (options.joinColumns ?? strings) ? joinColumns(read.model) : undefined;
  return joined ? hashed({ ...read, ...joined, file: read.model }) : read;
}

async function asItIs(source: string | Uint8Array, { variant, named }: SourceOptions): Promise<ModelSource> {
  const folder = typeof source === 'string' && isFolder(source);
  if (variant !== undefined && !folder)
    throw new LanError(
      'usage',
      '`variant` names one of the files of a Hugging Face folder, and the model is none.',
      'Leave it out.',
    );
  if (typeof source !== 'string') {
    const model = decodeModel(source, 'Model');
    return hashed({ model, bytes: source, name: named ?? 'model', packaged: false, size: sizeOf(model, source) });
  }
  const path = !exists(source) && /^[\w-]+$/.test(source) ? packaged(source) : folder ? fileIn(source, variant) : source;
  const bytes = await readBytes(path, 'Model', { code: 'model' });
  const card = cardBeside(path) ?? (folder ? cardOfHuggingFace(source) : cardAround(path));
  const model = decodeModel(bytes, `Model '${path}'`, externalReader(path));
  const isPackaged = path !== source && !folder;
  return hashed({ model, bytes, name: named ?? source, path, card, packaged: isPackaged, size: sizeOf(model, bytes) });
}

function cardAround(path: string): PartialCard | undefined {
  const folder = folderAround(path);
  return folder === undefined ? undefined : cardOfHuggingFace(folder);
}

/** The file of a Hugging Face folder, where nobody says which the only one. Throws LanError (`input`) where it is not there, naming those that are. */
function fileIn(folder: string, variant: string | undefined): string {
  // What is typed may be the file's whole name.
  const own = variant === undefined ? undefined : /^(?:onnx\/)?model_(.+)\.onnx$/.exec(variant)?.[1];
  const name = variant === undefined ? 'model.onnx' : `model_${own ?? variant}.onnx`;
  const found = [join(folder, 'onnx', name), join(folder, name)].find((p) => exists(p));
  if (found) return found;
  const there = [folder, join(folder, 'onnx')].flatMap((f) => (exists(f) ? namesIn(f).map((file) => join(f, file)) : []));
  const others = there.filter((path) => /^model_.+\.onnx$/.test(basename(path)));
  if (variant === undefined && others.length === 1) return others[0]!;
  const variants = others.map((path) => basename(path).slice('model_'.length, -'.onnx'.length));
  const advice = variants.length > 0 ? `Say which with \`variant\`: ${variants.sort().join(', ')}.` : undefined;
  throw new LanError('input', `Model '${folder}': the folder holds neither onnx/${name} nor ${name}.`, advice);
}

/** At least the file; where weights lie in files of their own, what they come to. */
function sizeOf({ graph }: Model, bytes: Uint8Array): number {
  let weights = 0;
  for (const { type, dims } of graph.constants.values()) weights += bytesOf(type, dims) ?? 0;
  return Math.max(bytes.length, weights);
}

function hashed(source: Omit<ModelSource, 'sha256'>): ModelSource {
  let hash: string | undefined;
  return {
    ...source,
    get sha256() {
      return (hash ??= sha256(source.bytes));
    },
  };
}

/** Names of the models that come with the package. */
export function packagedModels(): string[] {
  const models = packageFile('models');
  if (!models || !exists(models)) return [];
  return namesIn(models).filter((name) => exists(join(models, name, `${name}.onnx`)));
}

function packaged(name: string): string {
  if (packagedModels().includes(name)) return packageFile('models', name, `${name}.onnx`)!;
  throw new LanError(
    'input',
    `Model '${name}': there is no such file or folder, and no model of this name comes with the package (those are: ${packagedModels().join(', ')}).`,
  );
}
