// The campaign of `make faults` in small: kills of one command, and what makes the others safe.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { LOCK_NAME } from '../../src/data/lock.js';
import { isAlive } from '../../src/data/processes.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/data/safetensors.js';
import { openExplainer } from '../../src/explain/explainer.js';
import { openModel } from '../../src/model/open.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { dialectModel } from '../../src/engine/ort.js';
import { PROGRAM } from '../support/built.js';
import { cli } from '../support/command.js';
import { runToEnd, type Program } from './child.js';
import { makeCommands } from './commands.js';
import { brokenBecause } from './folders.js';
import { killCampaign, unbroken } from './kills.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-faults-test-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const commands = makeCommands(at('materials'));
const program: Program = PROGRAM;

test('a grid that was killed goes on, and ends as one that was not', async () => {
  const reference = await unbroken(program, commands.grid, at('unbroken'));
  const tally = await killCampaign(program, commands.grid, at('kills'), reference, {
    kills: 8,
    seed: 3,
    enough: ({ hit }) => hit >= 2,
  });
  // A kill comes too late where the machine has become faster since the unbroken run.
  expect([tally.hit >= 2, tally.violations]).toEqual([true, []]);
}, 120_000);

test('a process that has ended counts as ended, also where nobody has asked how', async () => {
  // The shell becomes a sleep, which asks about no child: the one that has ended stays in the system's list.
  const shell = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const pid = Number(await new Promise<string>((done) => shell.stdout.once('data', (data: Buffer) => done(data.toString()))));
    const until = Date.now() + 5000;
    while (isAlive(pid) && Date.now() < until) await new Promise((done) => setTimeout(done, 10));
    expect([isAlive(pid), isAlive(shell.pid!), isAlive(process.pid)]).toEqual([false, true, true]);
  } finally {
    shell.kill('SIGKILL');
  }
});

test('the campaign sees files that are not whole', async () => {
  const bad = {
    'a.json': '{"a": 1',
    'b.jsonl': '{"a": 1\n{"a": 2}\n',
    'c.npy': 'x',
    'd.onnx': 'x',
    'e.png': 'x',
    'f.csv': 'a,b',
  };
  for (const [name, text] of Object.entries(bad)) {
    writeFileSync(at(name), text);
    expect([name, await brokenBecause(at(name))]).toEqual([name, expect.any(String)]);
  }
  writeFileSync(at('b.jsonl'), '{"a": 1}\n{"a": ');
  expect(await brokenBecause(at('b.jsonl'))).toBeUndefined();
});

test('train: a checkpoint is replaced only by the run that goes on from it; NaN in it, and junk, are refused', async () => {
  const out = at('train');
  mkdirSync(out);
  expect((await cli(...commands.train.argv(out))).code).toBe(0);
  const checkpoint = join(out, 'lan.checkpoint');
  const before = readFileSync(checkpoint);
  const again = await cli(...commands.train.argv(out));
  expect(again).toMatchObject({
    code: 2,
    err: expect.stringMatching(/Checkpoint '.*' *: is there from an earlier run.*--resume/s),
  });
  expect(readFileSync(checkpoint).equals(before)).toBe(true);
  const { tensors, metadata } = decodeSafetensors(before, checkpoint);
  const [name, tensor] = Object.entries(tensors)[0]!;
  const spoilt = Float32Array.from(tensor.data as Float32Array);
  spoilt[0] = NaN;
  const damaged = {
    'not finite': encodeSafetensors({ ...tensors, [name]: { ...tensor, data: spoilt } }, metadata),
    'steps, identity or sums': encodeSafetensors(tensors, { ...metadata, sums: 'null' }),
    'step 121': encodeSafetensors(tensors, { ...metadata, steps: '121' }),
  };
  for (const [what, bytes] of Object.entries(damaged)) {
    writeFileSync(checkpoint, bytes);
    const { code, err } = await cli(...commands.train.again(out));
    expect([what, code, err.includes(what)]).toEqual([what, 2, true]);
  }
});

test('train: where a save fails, it says what is true of the checkpoint', async () => {
  const { train } = await import('../../src/lan/train.js');
  const place = at('vanishing');
  mkdirSync(place);
  const state = { steps: 0, tensors: {} };
  const job = (steps: number) => ({
    settings: { iterations: 9, learningRate: 1, schedule: 'constant' as const },
    identity: {},
    descent: {
      reset: () => undefined,
      step: () => Promise.resolve({ loss: float32([1], []) }),
      get: () => new Float32Array(),
      save: () => ({ ...state, steps }),
      restore: () => undefined,
      dispose: () => Promise.resolve(),
    } as never,
    initial: () => ({}),
    feeds: () => ({}),
    metrics: ['loss'],
    files: { checkpoint: join(place, 'c'), metrics: join(place, 'm'), every: 0, resume: true },
  });
  // The metrics' place is taken by a folder after the first save, then the whole folder goes.
  for (const whole of [true, false]) {
    let step = 0;
    const running = train({
      ...job(1),
      onStep: () => {
        if (++step !== 3) return;
        rmSync(whole ? join(place, 'm') : place, { recursive: true });
        if (whole) mkdirSync(join(place, 'm'));
      },
    });
    await expect(running).rejects.toMatchObject({
      code: 'write',
      advice: expect.stringContaining(whole ? 'is whole' : 'no checkpoint'),
    });
    expect(existsSync(join(place, 'c'))).toBe(whole);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
  }
});

test('an explainer whose mask is none is refused', async () => {
  const classifier = await openModel(at('materials', 'tank.onnx'), { threads: 1 });
  const x = float32(new Float32Array(3 * 64 * 64), [1, 3, 64, 64]);
  /** An explainer's file in name, which gives one value everywhere. */
  const giving = (value: number, dims: number[], takes = 'x'): Uint8Array => {
    const g = new GraphBuilder('lan');
    const input = g.input(takes, 'float32', ['batch', 3, 64, 64]);
    const zero = g.op('ReduceMean', [g.mul(input, g.scalar(0))], { keepdims: 0 });
    const full = g.constant(float32(new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value), dims));
    g.output(g.add(full, zero), 'mask', { type: 'float32', dims });
    const model = decodeModel(encodeModel(dialectModel(g.build())), 'lan');
    const metadata = {
      'lan-onnx.kind': 'explainer',
      'lan-onnx.sha256': classifier.source.sha256,
      'lan-onnx.settings': JSON.stringify({ beta: 1, noise: 'uniform' }),
    };
    return encodeModel({ ...model, metadata });
  };
  try {
    for (const [value, dims, what] of [
      [0.5, [1, 1, 64, 64], undefined],
      [1, [1, 3, 64, 64], undefined],
      [5, [1, 1, 64, 64], /the value 5/],
      [-3, [1, 1, 64, 64], /the value -3/],
      [NaN, [1, 1, 64, 64], /the value NaN/],
      [0.5, [1, 1, 1, 1], /a mask \[1,1,1,1\] for an input \[1,3,64,64\]/],
    ] as const) {
      const explainer = await openExplainer(giving(value, [...dims]), classifier, { threads: 1 });
      const asked = explainer.explain(x);
      if (what === undefined) expect((await asked).dims).toEqual(dims);
      else await expect(asked).rejects.toThrow(what);
      await explainer.dispose();
    }
    const otherName = openExplainer(giving(0.5, [1, 1, 64, 64], 'pixels'), classifier, { threads: 1 });
    await expect(otherName).rejects.toThrow("Explainer: takes 'pixels' and gives 'mask'; an explainer takes 'x' and gives 'mask'."); // prettier-ignore
  } finally {
    await classifier.dispose();
  }
});

test('results never replace what they are made from, and are refused before any work where they cannot be written', async () => {
  const [model, pictures] = [at('materials', 'tank.onnx'), at('materials', 'pictures')];
  const before = readFileSync(model);
  symlinkSync(model, at('link.onnx'));
  mkdirSync(at('folder.onnx'));
  const train = ['train', model, '--data', pictures, '--iterations', '1', '--lan', 'FC(2, lrelu), FC(mask, sigmoid)'];
  const isInput = /it is an input of the same run/;
  for (const [argv, said] of [
    [[...train, '--out', model], isInput],
    [[...train, '--out', at('link.onnx')], isInput],
    [['check', model, '--junit', model], isInput],
    [['check', model, '--save', model], isInput],
    [['check', model, '--markdown', at('link.onnx')], isInput],
    [['check', model, '--bisect', model], isInput],
    [['score', model, '--data', pictures, '--csv', model], isInput],
    [['export-gradient', model, '--out', at('link.onnx')], isInput],
    [[...train, '--out', at('folder.onnx')], /it is a directory/],
    [['check', model, '--junit', at('folder.onnx')], /it is a directory/],
    [['score', model, '--data', pictures, '--csv', at('folder.onnx')], /it is a directory/],
  ] as const) {
    const { code, out, err } = await cli(...argv);
    expect([argv.join(' '), code, out]).toEqual([argv.join(' '), 2, '']);
    expect(err).toMatch(said);
    // No step was learned.
    expect(err).not.toMatch(/steps\/s/);
    expect(readFileSync(model).equals(before)).toBe(true);
  }
});

test('a run that was told to stop ends with 2 in every command, and a folder that another run works in is refused', async () => {
  const stopped = async (argv: readonly string[]): Promise<number> => {
    const before = process.listenerCount('SIGTERM');
    // The signal comes as soon as the command listens for it.
    const timer = setInterval(() => {
      if (process.listenerCount('SIGTERM') > before) process.emit('SIGTERM');
      if (process.listenerCount('SIGTERM') > before) clearInterval(timer);
    }, 1);
    const { code } = await cli(...argv);
    clearInterval(timer);
    return code;
  };
  for (const name of ['audit', 'train', 'grid', 'score', 'reproduce'] as const) {
    const out = at('stopped', name);
    expect([name, await stopped(commands[name].argv(out))]).toEqual([name, 2]);
    // Process 1 of the system never ends.
    writeFileSync(join(out, LOCK_NAME), JSON.stringify({ pid: 1, host: hostname() }));
    const second = await cli(...commands[name].again(out));
    expect([name, second.code, second.err]).toEqual([name, 2, expect.stringContaining('process 1 works in it')]);
    rmSync(join(out, LOCK_NAME));
  }
});

(existsSync('/dev/full') ? test : test.skip)(
  'standard output on a full disk: the results are there, one sentence, exit code 2',
  async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { code, err } = await runToEnd(program, commands.score.argv(at('full')), { stdout: full });
      expect(code).toBe(2);
      expect(err).toMatch(/^lan-onnx: Cannot write to standard output: no space left on device\.$/m);
      expect(err).not.toMatch(/\n\s+at /);
      expect(existsSync(at('full', 'score.json'))).toBe(true);
    } finally {
      closeSync(full);
    }
  },
  60_000,
);
