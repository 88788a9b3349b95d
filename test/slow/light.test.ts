// Legacy graphs of the conformance archive with random weights agree with onnxruntime. `make test-slow`; skipped where the archive is absent.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { check, TOLERANCES } from '../../src/check/check.js';
import { random } from '../../src/core/random.js';
import { float32, sizeOf, toIntegers, type Tensor } from '../../src/core/tensor.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';

const SHARED = process.env['LAN_ONNX_SHARED'] ?? resolve(import.meta.dirname, '../../../shared');
const archive = join(SHARED, 'conformance/onnx-conformance.tar.gz');
const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-light-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The graph with random weights in place of the constant ones, scaled so that activations keep their size (He et al., 2015). */
function reseed(model: Model): Model {
  const { graph } = model;
  const constants = new Map<string, Tensor>(graph.constants);
  const roles = new Map<string, { op: string; index: number }>();
  for (const n of graph.nodes) n.inputs.forEach((x, index) => roles.set(x, { op: n.op, index }));
  const nodes = graph.nodes.filter((n, k) => {
    const shape = graph.constants.get(n.inputs[0] ?? '');
    if (n.op !== 'ConstantOfShape' || !shape) return true;
    const dims = toIntegers(shape);
    const data = random(11, k).normal(new Float32Array(sizeOf(dims)), 0);
    const { op, index } = roles.get(n.outputs[0]!) ?? { op: '', index: 0 };
    const fan = sizeOf(dims.slice(1));
    const scale = dims.length > 1 ? Math.sqrt(2 / fan) : 0.1;
    // A batch normalisation's scale and variance are positive.
    const positive = op === 'BatchNormalization' && (index === 1 || index === 4);
    for (let i = 0; i < data.length; i++) data[i] = positive ? 0.5 + Math.abs(data[i]!) : scale * data[i]!;
    constants.set(n.outputs[0]!, float32(data, dims));
    return false;
  });
  return { ...model, graph: { ...graph, nodes, constants } };
}

if (!existsSync(archive)) test.skip(`legacy graphs: ${archive} is absent`, () => undefined);
else {
  test.each(['squeezenet', 'inception_v1', 'resnet50'])(
    'light_%s with random weights',
    async (name) => {
      const path = `onnx-conformance/light/light_${name}.onnx`;
      execFileSync('tar', ['-xzf', archive, '-C', folder, path]);
      const bytes = encodeModel(reseed(decodeModel(readFileSync(join(folder, path)))));
      const report = await check(bytes, { samples: 1, gradients: true });
      expect(report.outputs.map((row) => [row.engine, row.ok])).toEqual(report.outputs.map((row) => [row.engine, true]));
      const [between, ...slopes] = report.gradients;
      for (const row of slopes) expect([row.what, row.maxError < TOLERANCES.finiteDifference]).toEqual([row.what, true]);
      expect(slopes).toHaveLength(2);
      // Of a million random activations some lie within float32 rounding of a kink (ReLU at 0, ties in max pooling) and fall to different
      // sides in the two engines, which changes single elements; so the direction is what is compared here.
      expect(between!.cosine).toBeGreaterThan(TOLERANCES.cosine);
    },
    240_000,
  );
}
