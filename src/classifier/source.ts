// Finds and decodes a model given as bytes, a file or a Hugging Face folder.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LanError } from '../core/errors.js';
import { readBytes, sha256 } from '../data/files.js';
import { decodeModel } from '../onnx/codec.js';
import { externalReader } from '../onnx/external.js';
import type { Model } from '../onnx/graph.js';
import { cardBeside, cardOfHuggingFace, type PartialCard } from './card.js';

export interface ModelSource {
  readonly model: Model;
  readonly bytes: Uint8Array;
  /** What messages and reports call it. */
  readonly name: string;
  readonly path?: string;
  /** Of `bytes`; computed when first asked for. */
  readonly sha256: string;
  /** What lies beside the model about its input and output. */
  readonly card?: PartialCard;
}

/**
 * Reads and decodes a model. A folder is taken in Hugging Face layout (`onnx/model.onnx` or `model.onnx`).
 * Throws LanError when it does not exist, or is not a sound ONNX file.
 */
export async function readModel(source: string | Uint8Array): Promise<ModelSource> {
  if (typeof source !== 'string') {
    return hashed({ model: decodeModel(source, 'Model'), bytes: source, name: 'model' });
  }
  const folder = existsSync(source) && statSync(source).isDirectory();
  const path = folder ? [join(source, 'onnx', 'model.onnx'), join(source, 'model.onnx')].find((p) => existsSync(p)) : source;
  if (!path) throw new LanError(`Model '${source}': the folder holds neither onnx/model.onnx nor model.onnx.`);
  const bytes = await readBytes(path, 'Model');
  const card = folder ? cardOfHuggingFace(source) : cardBeside(path);
  return hashed({ model: decodeModel(bytes, `Model '${path}'`, externalReader(path)), bytes, name: source, path, card });
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
