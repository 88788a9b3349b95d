// What several processes with one model take together: proportional set size (shared pages counted once in all) after a run, for each way of handing onnxruntime the weights.
// Usage: npx tsx bench/memory.ts [--processes 1,2,4]; Linux alone. The model: 8 convolutions of 512 x 512 x 3 x 3, 75 MB of weights.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { float32 } from '../src/core/tensor.js';
import { dialectModel, openSession } from '../src/engine/ort.js';
import { encodeApart } from '../src/onnx/apart.js';
import { GraphBuilder } from '../src/onnx/builder.js';
import { encodeModel } from '../src/onnx/codec.js';

const LAYERS = 8;
const WIDTH = 512;
const SIDE = 14;
const LENGTH = WIDTH * WIDTH * 9;

/** How a session is opened: its file, and further options of onnxruntime. */
const WAYS: Readonly<Record<string, { readonly file: string; readonly bytes?: boolean; readonly session?: Record<string, unknown> }>> = {
  'bytes of the file': { file: 'whole.onnx', bytes: true },
  'path of the file': { file: 'whole.onnx' },
  'path, weights in a file beside it': { file: 'apart.onnx' },
  'the same, weights not packed anew': { file: 'apart.onnx', session: { extra: { session: { disable_prepacking: '1' } } } },
  'the same, graph as it is': { file: 'apart.onnx', session: { graphOptimizationLevel: 'disabled', extra: { session: { disable_prepacking: '1' } } } },
}; // prettier-ignore

async function measured(folder: string, way: string): Promise<void> {
  process.on('message', () => process.exit(0));
  if (way === 'none') return void process.send!({ milliseconds: 0 });
  const { file, bytes, session } = WAYS[way]!;
  const path = join(folder, file);
  const program = await openSession(bytes ? readFileSync(path) : path, { threads: 1, ...(session ? { session } : {}) });
  await program.run({ x: float32(new Float32Array(WIDTH * SIDE * SIDE), [1, WIDTH, SIDE, SIDE]) });
  (globalThis as { gc?: () => void }).gc?.();
  const start = performance.now();
  await program.run({ x: float32(new Float32Array(WIDTH * SIDE * SIDE), [1, WIDTH, SIDE, SIDE]) });
  process.send!({ milliseconds: performance.now() - start });
  // Nothing that it has opened is given back before it was measured.
  process.once('exit', () => void program);
}

function writeModels(folder: string): void {
  const g = new GraphBuilder();
  let x = g.input('x', 'float32', [1, WIDTH, SIDE, SIDE]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const w = Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(i * (layer + 1)) / 100);
    x = g.op('Relu', [g.op('Conv', [x, g.constant(float32(w, [WIDTH, WIDTH, 3, 3]))], { pads: [1, 1, 1, 1] })]);
  }
  g.output(x, 'y');
  const model = dialectModel(g.build());
  writeFileSync(join(folder, 'whole.onnx'), encodeModel(model));
  const { bytes, files } = encodeApart(model);
  writeFileSync(join(folder, 'apart.onnx'), bytes);
  for (const { path, data } of files) writeFileSync(join(folder, path), data);
}

/** Megabytes of a process: its part of what it shares, and what is its own. */
function memoryOf(pid: number): { readonly proportional: number; readonly own: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)![1]) / 1024;
  return { proportional: of('Pss'), own: of('Private_Clean') + of('Private_Dirty') };
}

async function compared(processes: readonly number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-memory-'));
  try {
    writeModels(folder);
    for (const way of [undefined, ...Object.keys(WAYS)]) {
      const found: string[] = [];
      for (const width of processes) {
        const children = Array.from({ length: width }, () =>
          fork(import.meta.filename, [folder, way ?? 'none'], { execArgv: ['--import', 'tsx', '--expose-gc'] }),
        );
        const times = await Promise.all(children.map(async (child) => ((await once(child, 'message'))[0] as { milliseconds: number }).milliseconds)); // prettier-ignore
        const memory = children.map((child) => memoryOf(child.pid!));
        const sum = (of: 'proportional' | 'own'): string => memory.reduce((total, m) => total + m[of], 0).toFixed(0);
        found.push(`${width}: ${sum('proportional')} MB, ${sum('own')} their own${way === undefined ? '' : `, a run ${Math.min(...times).toFixed(0)} ms`}`); // prettier-ignore
        for (const child of children) child.send('end');
        await Promise.all(children.map((child) => once(child, 'exit')));
      }
      process.stdout.write(`${way ?? 'no model'}\n${found.map((line) => `  ${line}\n`).join('')}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [folder, way] = process.argv.slice(2);
if (process.send && folder !== undefined) await measured(folder, way!);
else {
  const { values } = parseArgs({ options: { processes: { type: 'string', default: '1,2,4' } } });
  await compared(values.processes.split(',').map(Number));
}
