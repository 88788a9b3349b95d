// Models made and run by tfjs-layers itself, saved as its users save them: the oracle of the importer.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as TfjsLayers from '@tensorflow/tfjs';
import { random, STREAMS } from '../../src/core/random.js';
import { halves } from '../../src/core/half.js';
import { importTfjs } from '../../src/api/import-tfjs.js';
import { sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { openSession } from '../../src/engine/ort.js';

/** tfjs with its layers; the union package, as a script of CommonJS, has the backend on the CPU in it. */
export const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as typeof TfjsLayers;

/** How weights are saved. */
export type Quantised = 'uint8' | 'uint16' | 'float16' | undefined;

/** Numbers in -1..1. */
export const numbers = (size: number, seed: number): Float32Array =>
  random(seed, STREAMS.weights).uniform(new Float32Array(size), 0, -1, 1);

/** Every weight at random; variances, and whatever has to be positive, in 0.5..1.5. */
export function randomise(model: TfjsLayers.LayersModel, seed: number): void {
  model.setWeights(
    model.weights.map((w, i) => {
      const dims = w.shape as number[];
      const positive = /variance|gamma/.test(w.name);
      return tf.tensor(numbers(sizeOf(dims), seed + i).map((v) => (positive ? 1 + v / 2 : v / 2)), dims); // prettier-ignore
    }),
  );
}

/** model.json and its shards of `shard` bytes in a folder, weights quantised as the converter of tfjs does. Gives the path of model.json. */
export async function saveTo(
  folder: string,
  model: TfjsLayers.LayersModel,
  { quantised, shard = Infinity }: { quantised?: Quantised; shard?: number } = {},
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  let saved: TfjsLayers.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
  })); // prettier-ignore
  const { modelTopology, weightSpecs, weightData } = saved!;
  const data = new Float32Array(weightData as ArrayBuffer);
  let at = 0;
  const parts = weightSpecs!.map((spec) => quantise(spec, data.subarray(at, (at += sizeOf(spec.shape))), quantised));
  const bytes = Buffer.concat(parts.map((p) => p.bytes));
  const count = Math.max(1, Math.ceil(bytes.length / shard));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  paths.forEach((path, i) => writeFileSync(join(folder, path), bytes.subarray(i * shard || 0, count === 1 ? undefined : (i + 1) * shard))); // prettier-ignore
  const path = join(folder, 'model.json');
  writeFileSync(path, JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest: [{ paths, weights: parts.map((p) => p.spec) }] })); // prettier-ignore
  return path;
}

function quantise(spec: TfjsLayers.io.WeightsManifestEntry, values: Float32Array, to: Quantised) {
  if (to === undefined) return { spec, bytes: Buffer.from(values.buffer, values.byteOffset, values.byteLength) };
  if (to === 'float16') return { spec: { ...spec, quantization: { dtype: to } }, bytes: Buffer.from(halves(values).buffer) };
  const min = Math.min(...values);
  const scale = (Math.max(...values) - min) / (to === 'uint8' ? 255 : 65535) || 1;
  const stored = (to === 'uint8' ? Uint8Array : Uint16Array).from(values.map((v) => Math.round((v - min) / scale)));
  return { spec: { ...spec, quantization: { dtype: to, min, scale } }, bytes: Buffer.from(stored.buffer) };
}

/** What tfjs-layers gives, and what the imported file gives in onnxruntime, of two inputs. */
export async function both(model: TfjsLayers.LayersModel, path: string): Promise<{ expected: Tensor; received: Tensor }> {
  const dims = [2, ...(model.inputs[0]!.shape.slice(1) as number[])];
  const x = numbers(sizeOf(dims), 5);
  const y = model.predict(tf.tensor(x, dims)) as ReturnType<typeof tf.tensor>;
  const imported = await importTfjs(path);
  const program = await openSession(imported.bytes, { threads: 1 });
  try {
    const results = await program.run({ [imported.inputs[0]!.name]: { type: 'float32', dims, data: x } });
    return { expected: { type: 'float32', dims: y.shape, data: y.dataSync() as Float32Array }, received: results[imported.outputs[0]!.name]! }; // prettier-ignore
  } finally {
    await program.dispose();
  }
}

/** Largest difference, against the largest value or 1. */
export function error({ expected, received }: { expected: Tensor; received: Tensor }): number {
  const [a, b] = [toFloat32(expected), toFloat32(received)];
  const scale = a.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0) / scale;
}
