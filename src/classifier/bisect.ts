// Writes the smallest failing piece of a model as a case of ONNX's backend tests: a model, and test_data_set_0 beside it.
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically } from '../data/files.js';
import { encodeModel } from '../onnx/codec.js';
import { encodeTensorFile } from '../onnx/tensor-file.js';
import type { Cut } from './cut.js';
import { tensorFiles } from './given.js';

export interface Bisected {
  /** Where the model was written. */
  readonly model: string;
  /** The folder with its input_0.pb ... and output_0.pb, what onnxruntime computes. */
  readonly data: string;
  /** Its nodes: `Relu 'relu1'`, in order. */
  readonly nodes: readonly string[];
}

/** Writes the cut to `path`. Tensor files of an earlier case in the same folder are removed. Throws LanError where it can not be written. */
export async function writeCut(path: string, cut: Cut): Promise<Bisected> {
  const data = join(dirname(path), 'test_data_set_0');
  await writeAtomically(path, encodeModel(cut.model));
  for (const file of tensorFiles(data)) await rm(join(data, file));
  for (const [role, tensors] of [
    ['input', cut.inputs],
    ['output', cut.outputs],
  ] as const)
    // prettier-ignore
    for (const [i, { name, tensor }] of tensors.entries())
      await writeAtomically(join(data, `${role}_${i}.pb`), encodeTensorFile(tensor, name));
  return { model: path, data, nodes: cut.nodes };
}
