// What a check of a model of 100 MB costs: seconds and peak memory, a process each; outputs alone, with gradients, with every value.
// Usage: npx tsx bench/check.ts [--megabytes 100] [--engine auto]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeModel } from '../src/onnx/codec.js';
import { Net } from '../test/nets/net.js';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '100' },
    engine: { type: 'string', default: 'auto' },
    model: { type: 'string' },
    flags: { type: 'string', default: '' },
  },
});

/**
 * Convolutions of 512 channels (9.4 MB each) on small maps, then a layer of 4096 units and one of 1000 classes. Smooth
 * activations: of a million ReLUs one lies on its bend, and then the time would be that of looking for the op to blame.
 */
function build(megabytes: number): Uint8Array {
  const net = new Net('check');
  let x = net.conv(net.input(1, 3, 56), 64, 7, { stride: 2, pad: 3, act: 'silu' });
  x = net.conv(x, 512, 3, { stride: 2, act: 'silu' });
  const fixed = 4 * (512 * 4096 + 4096 * 1000 + 64 * 512 * 9);
  const layers = Math.max(1, Math.round((megabytes * 1e6 - fixed) / (4 * 512 * 512 * 9)));
  for (let i = 0; i < layers; i++) x = net.conv(x, 512, 3, { act: 'silu' });
  const { g } = net;
  const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [x.name])], { axis: 1 });
  const gemm = (from: string, n: number, m: number): string =>
    g.op('Gemm', [from, net.weight([m, n], Math.sqrt(2 / n)), net.weight([m], 0.05)], { transB: 1 });
  g.output(gemm(g.op('Tanh', [gemm(pooled, 512, 4096)]), 4096, 1000), 'logits');
  return encodeModel({
    irVersion: 8,
    producer: 'bench',
    opsets: new Map([['', 18]]),
    metadata: {},
    functions: [],
    graph: g.build(),
  });
}

if (values.model === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-bench-'));
  try {
    const model = join(folder, 'model.onnx');
    writeFileSync(model, build(Number(values.megabytes)));
    process.stdout.write(`${(statSync(model).size / 1e6).toFixed(0)} MB, 2 random inputs, engine ${values.engine}\n`);
    for (const flags of ['', 'gradients', 'nodes', 'nodes,gradients']) {
      const argv = ['--import', 'tsx', import.meta.filename, '--model', model, '--flags', flags, '--engine', values.engine];
      const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
      process.stdout.write(status === 0 ? `  outputs${flags && `,${flags}`}: ${stdout}` : stderr);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  const { check } = await import('../src/check/check.js');
  const flags = values.flags.split(',');
  const phases: string[] = [];
  let last = performance.now();
  let doing = 'reading';
  const told = (next: string): void => {
    phases.push(`${doing} ${((performance.now() - last) / 1000).toFixed(1)}`);
    last = performance.now();
    doing = next;
  };
  const { seconds, agrees } = await check(values.model, {
    engine: values.engine as 'auto',
    gradients: flags.includes('gradients'),
    nodes: flags.includes('nodes'),
    onProgress: told,
  });
  told('');
  const peak = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(
    `${seconds.toFixed(1)} s, peak ${peak.toFixed(0)} MiB, agrees: ${agrees} (${phases.slice(1).join(', ')})\n`,
  );
}
