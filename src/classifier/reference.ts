// The reference: onnxruntime on the original, untouched bytes, in the float types of the file behind a float32 surface.
import { LanError, messageOf } from '../core/errors.js';
import { toFloatType, type DType, type Tensor } from '../core/tensor.js';
import { dialectModel, openSession, type OrtOptions, type OrtProgram } from '../engine/ort.js';
import { encodeModel } from '../onnx/codec.js';
import type { Graph, Model } from '../onnx/graph.js';
import { withoutMaps } from './labels.js';
import type { ModelSource } from './source.js';

export interface Reference {
  /** Takes floats in float32 (or the file's type) and gives them in float32. */
  readonly program: OrtProgram;
  /** What it runs: the file's model, or the canonical form. */
  readonly model: Model;
  /** Set where onnxruntime can not run the file: why, in its words. `program` then runs the canonical form. */
  readonly refused?: string;
}

/** Opens the original in onnxruntime (without its maps), or, where that refuses it, the canonical graph. */
export async function openReference(source: ModelSource, canonical: Graph, options: OrtOptions): Promise<Reference> {
  const { graph } = source.model;
  const cut = withoutMaps(source.model);
  try {
    // onnxruntime's JavaScript tensors know no bfloat16.
    const closed = [...graph.inputs, ...graph.outputs].find((v) => v.type === 'bfloat16');
    if (closed) throw new LanError(`onnxruntime takes no bfloat16 from JavaScript ('${closed.name}').`);
    const bytes = cut === source.model ? (source.path ?? source.bytes) : encodeModel(cut);
    const program = await openSession(bytes, options);
    return { program: inFloat32(program, source.model), model: cut };
  } catch (error) {
    const model = dialectModel(canonical);
    return { program: await openSession(encodeModel(model), options), model, refused: messageOf(error) };
  }
}

/** A program of the file's graph, or of one with the same inputs, that takes and gives float32 where the file has another float type. */
export function inFloat32(program: OrtProgram, { graph }: Model): OrtProgram {
  const types = new Map(graph.inputs.map((i) => [i.name, i.type]));
  return {
    ...program,
    async run(feeds, wanted) {
      const own = Object.entries(feeds).map(([name, t]): [string, Tensor] => [
        name,
        isFloat(types.get(name)) ? toFloatType(t, types.get(name) as 'float16') : t,
      ]);
      const results = await program.run(Object.fromEntries(own), wanted);
      return widened(results);
    },
  };
}

/** float16 and float64 tensors as float32. */
export const widened = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, isFloat(t.type) ? toFloatType(t, 'float32') : t]));

const isFloat = (type: DType | undefined): boolean => type === 'float16' || type === 'float32' || type === 'float64';

/** Feeds rounded to what the file's inputs can hold, so that the reference and the engines are asked about the same point. */
export const representable = (feeds: Readonly<Record<string, Tensor>>, { graph }: Model): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, t]) => [
      name,
      graph.inputs.find((i) => i.name === name)?.type === 'float16' ? toFloatType(toFloatType(t, 'float16'), 'float32') : t,
    ]),
  );
