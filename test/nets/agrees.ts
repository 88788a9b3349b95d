// What a whole network has to show: outputs like onnxruntime's, gradients alike in both engines and like central differences.
import { expect } from '@jest/globals';
import { check, TOLERANCES } from '../../src/check/check.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { kinksOf } from './kinks.js';

/**
 * Of a million activations about one lies within float32 rounding of its ReLU's bend (or of a tie in its pool) and falls to different sides in
 * the two engines, each of which then has the right gradient of another piece. So where the check can not tell, it has to be for such bends.
 */
export async function expectAgreement(model: Model, shapes: Readonly<Record<string, number[]>> = {}): Promise<void> {
  const report = await check(encodeModel(model), { samples: 1, seed: 0, shapes, blame: false });
  expect(report.notes).toEqual([]);
  expect(report.outputs.map((row) => row.engine)).toEqual(['onnxruntime', expect.stringContaining('tfjs')]);
  for (const row of report.outputs) expect([row, row.maxError <= TOLERANCES.forward]).toEqual([row, true]);
  const [between, ...differences] = report.gradients;
  expect(differences.map((row) => [row, row.verdict])).toEqual(differences.map((row) => [row, 'agrees']));
  expect(differences).toHaveLength(2);
  expect([between, between!.ok]).toEqual([between, true]);
  if (between!.verdict === 'agrees') return;
  const kinks = await kinksOf(model, shapes);
  try {
    const here = await kinks.at(0);
    expect([between, here, here.flips > 0 && here.apart < 1e-6]).toEqual([between, here, true]);
  } finally {
    await kinks.dispose();
  }
}
