// Feeds and results between float32, which everything but the file itself computes in, and the float types of the file.
import { isIeeeFloat, toFloatType, type Tensor } from '../core/tensor.js';
import type { OrtProgram } from '../engine/ort.js';
import type { Model } from '../onnx/graph.js';
import { holdsPixels, rounded } from './picture.js';

/** float16 and float64 tensors as float32. */
export const widened = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, isIeeeFloat(t.type) ? toFloatType(t, 'float32') : t]));

/** A program of the file's graph, or of one with the same inputs, that takes and gives float32 where the file has another float type. */
export const inFloat32 = (program: OrtProgram, model: Model): OrtProgram => ({
  ...program,
  run: async (feeds, wanted) => widened(await program.run(inOwnTypes(feeds, model), wanted)),
});

/** Feeds in the types that the file's inputs have: floats of its own width, and pictures rounded where it takes whole numbers. */
export function inOwnTypes(feeds: Readonly<Record<string, Tensor>>, { graph }: Model): Record<string, Tensor> {
  const types = new Map(graph.inputs.map((i) => [i.name, i.type]));
  const own = Object.entries(feeds).map(([name, t]): [string, Tensor] => {
    const type = types.get(name);
    if (isIeeeFloat(type)) return [name, toFloatType(t, type)];
    return [name, type && t.type === 'float32' && holdsPixels(type) ? rounded(t, type) : t];
  });
  return Object.fromEntries(own);
}

/** Feeds rounded to what the file's inputs can hold, so that the reference and the engines get the very same numbers. */
export const representable = (feeds: Readonly<Record<string, Tensor>>, { graph }: Model): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, t]) => [
      name,
      graph.inputs.find((i) => i.name === name)?.type === 'float16' ? toFloatType(toFloatType(t, 'float16'), 'float32') : t,
    ]),
  );
