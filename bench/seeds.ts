// Does `check` cry wolf, and does it find what is wrong? Models at several seeds, and with 1 % of error planted in the gradient rule of each op in turn.
// Usage: npx tsx bench/seeds.ts MODEL.onnx... [--seeds 10] [--from 0] [--engine auto] [--plant] [--ops Conv,Relu]
// A process a model, so that none inherits another's memory; a line a result: model, op with the planted error or -, seed, verdict, seconds, what was found.
// Without --plant a disagreement is a false alarm; with it, anything else is an error that was missed, unless the op's gradient reaches nothing.
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { adapters } from '../adapters/index.js';
import type { OpAdapter } from '../adapters/op.js';
import { check } from '../src/check/check.js';
import { messageOf } from '../src/core/errors.js';
import { prepare } from '../src/model/prepare.js';
import { readModel } from '../src/model/source.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '0' },
    engine: { type: 'string', default: 'auto' },
    plant: { type: 'boolean', default: false },
    ops: { type: 'string' },
    one: { type: 'boolean', default: false },
  },
});
const OFF = 1.01;

if (values.one) await campaign(positionals[0]!);
else {
  const own = process.argv.slice(2).filter((a) => !positionals.includes(a));
  let wrong = 0;
  for (const model of positionals) {
    const argv = ['--import', 'tsx', import.meta.filename, '--one', ...own, model];
    const { status, signal } = spawnSync(process.execPath, argv, { stdio: 'inherit' });
    if (signal) process.stdout.write(`${basename(model)}\t-\t-\tended by ${signal}\n`);
    wrong += status ?? 1;
  }
  process.stdout.write(`${values.plant ? 'missed' : 'false alarms'}: ${wrong}\n`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

/** Checks the model as it is, or with each planted error; the exit code is how many verdicts were wrong. */
async function campaign(model: string): Promise<void> {
  const ops = values.plant ? (values.ops?.split(',') ?? (await plantable(model))) : [undefined];
  let wrong = 0;
  for (const op of ops)
    for (let seed = Number(values.from); seed < Number(values.from) + Number(values.seeds); seed++) {
      const start = performance.now();
      let verdict: string = 'failed';
      let found: string;
      try {
        const result = await check(model, {
          seed,
          engine: values.engine as 'auto',
          threads: 1,
          trust: true,
          ...(op === undefined ? {} : { adapters: off(op) }),
        });
        verdict = result.verdict;
        const rows = [...result.outputs, ...result.gradients.filter((g) => g.verdict !== 'agrees')];
        found = `worst ${Math.max(...rows.map((r) => r.maxError)).toExponential(1)}${result.blame ? `, ${result.blame.op} blamed in ${result.blame.engine}` : ''}`;
        if (op === undefined ? !result.agrees : result.agrees || result.blame?.op !== op) wrong++;
      } catch (error) {
        found = messageOf(error).split('\n')[0]!;
        wrong++;
      }
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      process.stdout.write(`${basename(model)}\t${op ?? '-'}\t${seed}\t${verdict}\t${seconds} s\t${found}\n`);
    }
  process.exitCode = Math.min(wrong, 255);
}

/** Ops of the static graph whose gradient rule can be wrong: those that have one and are no mere copies. */
async function plantable(model: string): Promise<string[]> {
  const { graph } = await prepare(await readModel(model));
  const moved = new Set(['Reshape', 'Transpose', 'Identity', 'Squeeze', 'Unsqueeze', 'Flatten', 'Cast']);
  const ruled = new Set(adapters.filter((a) => typeof a.vjp === 'function' && !a.domain).map((a) => a.op));
  return [...new Set(graph.nodes.map((n) => n.op))].filter((op) => ruled.has(op) && !moved.has(op)).sort();
}

/** The adapters with one whose gradients are 1 % too large. */
function off(op: string): OpAdapter[] {
  const { vjp, ...rest } = adapters.find((a) => a.op === op && !a.domain)!;
  if (typeof vjp !== 'function') throw new Error(`${op} has no gradient rule in which an error could be planted`);
  return [
    ...adapters,
    { ...rest, vjp: (d, attributes, b) => vjp(d, attributes, b).map((t) => (t === undefined ? t : b.mul(t, b.scalar(OFF)))) },
  ];
}
