// Where two engines fall on different sides of a bend: the one honest reason for which their gradients may differ in single elements.
import { adapters } from '../../adapters/index.js';
import { randomFeeds } from '../../src/model/random-inputs.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { toFloat32, type Tensor } from '../../src/core/tensor.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import type { Model, Node, ValueType } from '../../src/onnx/graph.js';

const { abs, floor, max, min } = Math;

/** The inner borders of the pieces of each op: ReLU at 0, hard sigmoid of slope 1/6 and hard swish at -3 and 3, ReLU6 at 0 and 6. */
const BENDS: Readonly<Record<string, readonly number[]>> = {
  Relu: [0],
  Clip: [0, 6],
  HardSigmoid: [-3, 3],
  HardSwish: [-3, 3],
};

export interface Kinks {
  /** Elements that could fall to another side: inputs of bent ops, windows of max pools. */
  readonly of: number;
  /** Those that do. */
  readonly flips: number;
  /** The largest distance between the two engines' values there, relative to the largest value of that tensor. */
  readonly apart: number;
}

/**
 * Compares the pieces that both engines take at the input that `check` draws first for a seed. Runs the model once per seed and engine;
 * `dispose` frees it.
 */
export async function kinksOf(
  model: Model,
  shapes: Readonly<Record<string, number[]>> = {},
): Promise<{ at(seed: number): Promise<Kinks>; dispose(): Promise<void> }> {
  const graph = await specialize(canonicalize(model, adapters), shapes, probe, adapters);
  const bent = graph.nodes.filter((n) => n.op in BENDS || n.op === 'MaxPool');
  const names = [...new Set(bent.map((n) => n.inputs[0]!))];
  const outputs = names.map((name) => ({ name, kind: 'tensor' as const, ...graph.types.get(name)! }));
  const engines = [createOrtEngine(adapters), await createTfEngine(adapters)];
  const programs = await Promise.all(engines.map((e) => e.compile({ ...graph, outputs })));
  return {
    async at(seed) {
      const feeds = randomFeeds(graph, 0, seed);
      const values: Record<string, Tensor>[] = [];
      for (const program of programs) values.push(await program.run(feeds));
      let [of, flips, apart] = [0, 0, 0];
      for (const node of bent) {
        const [a, b] = values.map((v) => toFloat32(v[node.inputs[0]!]!)) as [Float32Array, Float32Array];
        const pool = node.op === 'MaxPool';
        const [p, q] = [a, b].map((v) => (pool ? winners(node, graph.types, v) : pieces(BENDS[node.op]!, v)));
        const largest = a.reduce((most, v) => max(most, abs(v)), 0);
        p!.forEach((piece, i) => {
          if (piece === q![i]) return;
          flips++;
          // Of a pool: how far its two winners are from a tie; -1 stands for 0.
          const value = (at: number): number => (at < 0 ? 0 : a[at]!);
          const gap = pool ? value(piece) - value(q![i]!) : a[i]! - b[i]!;
          apart = max(apart, abs(gap) / largest);
        });
        of += p!.length;
      }
      return { of, flips, apart };
    },
    async dispose() {
      await Promise.all(programs.map((p) => p.dispose()));
    },
  };
}

const pieces = (bends: readonly number[], values: Float32Array): Float32Array =>
  values.map((v) => bends.filter((b) => v > b).length);

/**
 * Of each window the index of its first largest element; -1 where that is 0: of windows of zeros behind a ReLU either engine may take any, and
 * the ReLU stops what flows there.
 */
function winners(pool: Node, types: ReadonlyMap<string, ValueType>, x: Float32Array): Int32Array {
  const list = (name: string): number[] => pool.attributes[name]!.value as number[];
  const [kernel, stride, pad] = [list('kernel_shape'), list('strides'), list('pads')];
  const [, , height, width] = types.get(pool.inputs[0]!)!.dims as [number, number, number, number];
  const [batch, channels, rows, columns] = types.get(pool.outputs[0]!)!.dims as [number, number, number, number];
  const won: number[] = [];
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let window = 0; window < rows * columns; window++) {
      const top = floor(window / columns) * stride[0]! - pad[0]!;
      const left = (window % columns) * stride[1]! - pad[1]!;
      let best = -1;
      for (let i = max(top, 0); i < min(top + kernel[0]!, height); i++)
        for (let j = max(left, 0); j < min(left + kernel[1]!, width); j++) {
          const at = (plane * height + i) * width + j;
          if (best < 0 || x[at]! > x[best]!) best = at;
        }
      won.push(x[best]! > 0 ? best : -1);
    }
  }
  return Int32Array.from(won);
}
