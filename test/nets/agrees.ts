// What a whole network has to show: outputs like onnxruntime's, gradients alike in both engines and like central differences.
import { expect } from '@jest/globals';
import { check, TOLERANCES, type CheckResult } from '../../src/check/check.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { kinksOf } from './kinks.js';

/** Inputs tried before giving up on one free of kinks: a network of ten million ReLUs has on average a few at every input. */
const INPUTS = 40;

/**
 * Of a million activations about one lies within float32 rounding of its ReLU's bend (or of a tie in its pool) and falls to different sides in
 * the two engines, each of which then has the right gradient of another piece. So where single elements of the gradients differ at the first
 * input, it has to be for a kink, and the direction has to agree all the same; where that does not, everything at the next input without kinks.
 */
export async function expectAgreement(model: Model, shapes: Readonly<Record<string, number[]>> = {}): Promise<void> {
  const bytes = encodeModel(model);
  const checked = (seed: number): Promise<CheckResult> => check(bytes, { samples: 1, seed, shapes, blame: false });
  const first = await checked(0);
  const between = expectAllBut(first);
  if (between.ok) return;
  const kinks = await kinksOf(model, shapes);
  try {
    const here = await kinks.at(0);
    expect([between, here, here.flips > 0 && here.apart < 1e-6]).toEqual([between, here, true]);
    if (between.cosine! >= TOLERANCES.cosine) return;
    let seed = 1;
    while ((await kinks.at(seed)).flips > 0) if (++seed === INPUTS) throw new Error(`none of ${INPUTS} inputs is free of kinks`);
    const clear = expectAllBut(await checked(seed));
    expect([seed, clear, clear.ok]).toEqual([seed, clear, true]);
  } finally {
    await kinks.dispose();
  }
}

/** Everything but the engines' gradients against each other, which it gives. */
function expectAllBut(report: CheckResult): CheckResult['gradients'][number] {
  expect(report.notes).toEqual([]);
  expect(report.outputs.map((row) => row.engine)).toEqual(['onnxruntime', expect.stringContaining('tfjs')]);
  const [between, ...slopes] = report.gradients;
  expect(slopes).toHaveLength(2);
  for (const row of report.outputs) expect([row, row.maxError <= TOLERANCES.forward]).toEqual([row, true]);
  for (const row of slopes) expect([row, row.maxError <= TOLERANCES.finiteDifference]).toEqual([row, true]);
  return between!;
}
