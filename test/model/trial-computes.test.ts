// A trial is watched by what it computes for: threads that wait for others do not count.
import { afterAll, expect, test } from '@jest/globals';
import { startBeside } from '../../src/core/child.js';
import { float32 } from '../../src/core/tensor.js';
import { computedFor } from '../../src/data/processes.js';
import { dialectModel } from '../../src/engine/ort.js';
import { tryModel } from '../../src/model/tried.js';
import type { TrialRequest } from '../../src/model/trial.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** Twenty convolutions, of which each is shared out to all threads. */
function layers(): Uint8Array {
  const g = new GraphBuilder('layers');
  let x = g.input('x', 'float32', [1, 8, 64, 64]);
  const kernel = g.constant(float32(new Float32Array(8 * 8 * 9).fill(0.01), [8, 8, 3, 3]));
  for (let i = 0; i < 20; i++) x = g.op('Relu', [g.op('Conv', [x, kernel], { pads: [1, 1, 1, 1] })]);
  g.output(g.op('ReduceMean', [x, g.ints([2, 3])], { keepdims: 0 }), 'y', { type: 'float32', dims: [1, 8] });
  return encodeModel(dialectModel(g.build()));
}

const child = startBeside(new URL('../../src/model/trial.ts', import.meta.url).href, 'trial-process');
afterAll(() => void child.kill('SIGKILL'));
const answer = (): Promise<unknown> => new Promise((resolve) => child.once('message', resolve));

test('a trial with more threads than cores computes for less than the same in a process whose threads spin', async () => {
  if (computedFor(process.pid) === undefined) return;
  const options = { threads: 16, trust: true } as const;
  const request: TrialRequest = { source: layers(), what: 'run', options, memory: 2 ** 31 };
  await answer();
  const times: [child: number, own: number][] = [];
  for (let i = 0; i < 4; i++) {
    const before = computedFor(child.pid!)!;
    child.send(request);
    await answer();
    const middle = process.cpuUsage();
    const spent = computedFor(child.pid!)! - before;
    await tryModel(request.source, request.what, options);
    const { user, system } = process.cpuUsage(middle);
    times.push([spent, (user + system) / 1e6]);
  }
  // The first of each also compiles this program.
  const [asked, own] = [0, 1].map((k) => Math.min(...times.slice(1).map((t) => t[k]!))) as [number, number];
  expect(asked).toBeLessThan(0.8 * own);
});
