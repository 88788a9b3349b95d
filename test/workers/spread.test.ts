// score and grid on several processes: the same files byte for byte as on one, whichever dies on the way, and gone on with after a kill.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { packageFile } from '../../src/core/version.js';
import { random } from '../../src/core/random.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { PROGRAM } from '../support/built.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-spread-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const COUNT = 300;

/** A convolution of random weights, and five classes. */
beforeAll(() => {
  const g = new GraphBuilder();
  const normal = (n: number, stream: number): Float32Array => {
    const values = new Float32Array(n);
    random(5, stream).uniform(values, 0, -1.7, 1.7);
    return values;
  };
  const w = g.constant(float32(normal(8 * 27, 1), [8, 3, 3, 3]));
  const seen = g.op('Relu', [g.op('Conv', [g.input('x', 'float32', ['N', 3, 10, 10]), w], { pads: [1, 1, 1, 1] })]);
  const v = g.constant(float32(normal(5 * 800, 2), [800, 5]));
  g.output(g.op('Softmax', [g.op('MatMul', [g.op('Flatten', [seen], { axis: 1 }), v])], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 5] }); // prettier-ignore
  writeFileSync(at('m.onnx'), encodeModel(dialectModel(g.build())));
  writeFileSync(at('m.card.json'), JSON.stringify({ input: { range: 1, mean: [0.5], std: [20] } }));
  const pixels = Uint8Array.from(normal(COUNT * 300, 3), (v) => 128 + 40 * v);
  writeFileSync(at('images.npy'), encodeNpy({ type: 'uint8', dims: [COUNT, 3, 10, 10], data: pixels }));
  writeFileSync(at('labels.npy'), encodeNpy({ type: 'uint8', dims: [COUNT], data: Uint8Array.from({ length: COUNT }, (_, n) => n % 5) })); // prettier-ignore
  mkdirSync(at('few'));
  writeFileSync(at('few/images.npy'), encodeNpy({ type: 'uint8', dims: [40, 3, 5, 5], data: pixels.subarray(0, 40 * 75) }));
});

async function run(argv: readonly string[], options: string = ''): Promise<{ code: number | null; err: string }> {
  const [node, entry] = PROGRAM;
  const child = spawn(node, [entry, ...argv], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: options, LAN_ONNX_TRUST: '1' },
  });
  let err = '';
  child.stderr.on('data', (data) => (err += String(data)));
  child.stdout.resume();
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, err })));
}

/** Loaded into every process: the first of these workers that is given a task dies over it, with the signal that a native fault has. */
const dying = (program: string, name: string): string => {
  const text = `
    import { existsSync, writeFileSync } from 'node:fs';
    const on = process.on.bind(process);
    // A listener of our own would let the first messages come before the program's is there.
    if (/${program}\\.(js|ts)$/.test(process.argv[1] ?? ''))
      process.on = (event, listener) => on(event, event !== 'message' ? listener : (message, ...rest) => {
        if (message.task === undefined || existsSync('${at(name)}')) return listener(message, ...rest);
        writeFileSync('${at(name)}', '');
        process.kill(process.pid, 'SIGSEGV');
      });`;
  writeFileSync(at(`${name}.mjs`), text);
  return `--import ${pathToFileURL(at(`${name}.mjs`)).href}`;
};

const contents = (out: string, files: readonly string[]): string[] => files.map((file) => readFileSync(at(out, file), 'utf8').replace(/"throughput": \{[^}]*\}/, '')); // prettier-ignore

/** The command with one worker, and with `workers` of which one dies, writes the same files; gives those of the first. */
async function likeOne(argv: readonly string[], workers: number, files: readonly string[]): Promise<string[]> {
  const [command] = argv as [string];
  const start = (count: number, out: string, options?: string) => run([...argv, '--workers', `${count}`, '--out', out], options);
  expect(await start(1, `${command}-1`)).toEqual({ code: 0, err: expect.not.stringContaining('lan-onnx:') });
  const one = contents(`${command}-1`, files);
  const dead = await start(workers, `${command}-several`, dying(`${command}-worker`, `dead-${command}`));
  expect(dead.code).toBe(0);
  expect(contents(`${command}-several`, files)).toEqual(one);
  expect(dead.err).toContain('note: a worker ended (SIGSEGV); what it worked on is begun again\n');
  return one;
}

test('score: three workers, one of which dies, write what one writes', async () => {
  const files = ['score.json', 'classes.csv', 'confusion.csv', 'predictions.csv'];
  const [document, , , predictions] = await likeOne(['score', 'm.onnx', '--data', 'images.npy', '--batch', '4'], 3, files);
  expect(document).toMatch(/"threads": 1\b/);
  expect(predictions!.trimEnd().split('\n').length).toBe(COUNT + 1);
}, 180_000);

test('grid: two workers, one of which dies, write what one writes', async () => {
  const argv = ['grid', 'm.onnx', '--objects', 'few', '--background', 'noise', '--label', '2'];
  const [, csv] = await likeOne(argv, 2, ['grid.json', 'grid.csv']);
  expect(csv!.split('\n').length).toBeGreaterThan(100);
}, 180_000);

test('reproduce: two workers, one of which dies, write what this process writes', async () => {
  const config = JSON.parse(readFileSync(packageFile('models', 'imagenet', 'experiment.json')!, 'utf8')) as { masks: object };
  Object.assign(config.masks, { iterations: 4, evidenceDraws: 8, betas: '2' });
  writeFileSync(at('few.json'), JSON.stringify(config));
  const photos = ['05', '07'].map((n) => packageFile('models', 'tank', 'pictures', 'tank', `${n}.png`)!);
  const reproduce = (workers: string, out: string, options?: string) =>
    run(['reproduce', 'few.json', '--model', packageFile('models', 'tank', 'tank.onnx')!, '--images', ...photos, '--workers', workers, '--out', out], options); // prettier-ignore
  const [one, two] = await Promise.all([reproduce('1', 'few-1'), reproduce('2', 'few-2', dying('reproduce-worker', 'dead-reproduce'))]); // prettier-ignore
  expect([one.code, two.code]).toEqual([one.code, one.code]);
  const files = ['masks.csv', 'masks.svg', 'metrics.json', 'summary.md'];
  expect(contents('few-2', files)).toEqual(contents('few-1', files));
  expect(two.err).toContain('note: a worker ended (SIGSEGV); what it worked on is begun again\n');
}, 180_000);

test('no more processes are started than there are pieces for', async () => {
  const text = `
    import { appendFileSync } from 'node:fs';
    if (/score-worker\\.(js|ts)$/.test(process.argv[1] ?? '')) appendFileSync('${at('started')}', 'x');`;
  writeFileSync(at('counting.mjs'), text);
  const argv = ['score', 'm.onnx', '--data', 'images.npy', '--limit', '30', '--batch', '10', '--workers', '8'];
  expect((await run(argv, `--import ${pathToFileURL(at('counting.mjs')).href}`)).code).toBe(0);
  expect(readFileSync(at('started'), 'utf8')).toBe('xxx');
}, 60_000);

test('auto tells why it takes this process for what is done in no time; what workers cannot be handed is refused', async () => {
  const auto = await run(['score', 'm.onnx', '--data', 'images.npy', '--workers', 'auto', '--out', 'auto']);
  expect(auto.code).toBe(0);
  expect(auto.err).toMatch(/^note: workers: this process does [\d.e+]+ samples a second, and the 300 take it less than 5 s; taken: workers 1$/m); // prettier-ignore
  const none = await run(['score', 'm.onnx', '--data', 'images.npy', '--workers', '0']);
  expect([none.code, none.err]).toEqual([2, "lan-onnx: --workers: expected a whole number of at least 1, received '0'.\n"]);
  expect(existsSync(at('auto/score.jsonl'))).toBe(false);
}, 180_000);
