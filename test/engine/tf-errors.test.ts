// What goes wrong inside tfjs is a LanError that names the node, and leaves the backend as it was.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { LanError } from '../../src/core/errors.js';
import { float32, int64, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { probe } from '../../src/engine/ort.js';
import { TF_BACKENDS } from '../../src/engine/tf-backend-names.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

/** The op with x [3], int64 indices i and, where it scatters, updates u [2]; the sum of what it gives is the loss. */
async function programOf(backend: string, op: string, gradient: boolean) {
  const g = new GraphBuilder('index');
  const x = g.input('x', 'float32', [3]);
  const nd = op.endsWith('ND');
  const i = g.input('i', 'int64', nd ? [2, 1] : [2]);
  const u = op.startsWith('Scatter') ? [g.input('u', 'float32', [2])] : [];
  g.output(g.reduceSum(g.op(op, [x, i, ...u]), [0], false), 'loss');
  const graph = await specialize(g.build(), {}, probe, adapters);
  const engine = await createTfEngine(adapters, { backend });
  const program = gradient ? await engine.gradient(graph, 'loss', ['x']) : await engine.compile(graph);
  const run = (at: number): Promise<Record<string, Tensor>> =>
    program.run({
      x: float32([1, 2, 3], [3]),
      i: { ...int64([0, at]), dims: nd ? [2, 1] : [2] },
      ...(u.length > 0 ? { u: float32([10, 20], [2]) } : {}),
    });
  return { run, dispose: () => program.dispose() };
}

describe.each(TF_BACKENDS.filter((b) => b !== 'tensorflow'))('%s', (backend) => {
  const OPS = { Gather: 3, GatherElements: 3, GatherND: 3, ScatterElements: 33, ScatterND: 33 };
  describe.each(Object.entries(OPS))('%s', (op, right) => {
    test.each([false, true])('an index past the end, gradient: %p', async (gradient) => {
      const program = await programOf(backend, op, gradient);
      for (const at of [7, 3, -4, 1000000000]) {
        const error: unknown = await program.run(at).then(() => undefined, (e: unknown) => e); // prettier-ignore
        expect(error).toBeInstanceOf(LanError);
        expect((error as LanError).problem).toContain(op);
        expect((error as LanError).problem).toContain(`index ${at} is outside of an axis of 3 elements`);
      }
      expect(toFloat32((await program.run(op.startsWith('Scatter') ? -2 : 1)).loss!)[0]).toBe(right);
      await program.dispose();
    });
  });
});
