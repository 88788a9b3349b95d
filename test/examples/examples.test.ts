// The examples do what they say (`make test-examples`): steps of the workflows and of the action run as typed, Python scripts where Python has what they need.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { exportGradient } from '../../src/api/export.js';
import { dialectModel } from '../../src/engine/ort.js';
import { float32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { refusalOf } from '../project/command-lines.js';
import { PROGRAM } from '../support/built.js';

const examples = resolve(import.meta.dirname, '../../examples');
const read = (path: string): string => readFileSync(join(examples, path), 'utf8');

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-onnx-examples-'));
  mkdirSync(join(folder, 'models'));
  mkdirSync(join(folder, 'bin'));
  cpSync(resolve(examples, '../models/tank/tank.onnx'), join(folder, 'models/classifier.onnx'));
  cpSync(resolve(examples, '../models/tank/tank.card.json'), join(folder, 'models/classifier.card.json'));
  mkdirSync(join(folder, 'pictures'));
  cpSync(resolve(examples, '../models/tank/pictures/tank/05.png'), join(folder, 'pictures/05.png'));
  // What an installation would bring; nothing is installed here.
  const bin = (name: string, script: string): void => {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  };
  bin('lan-onnx', `exec ${PROGRAM.map((w) => `'${w}'`).join(' ')} "$@"`);
  bin('npx', 'exec "$@"');
  // What `npm install --prefix FOLDER lan-onnx` leaves there.
  bin(
    'npm',
    'echo npm "$@"; if [ "$2" = --prefix ]; then mkdir -p "$3/node_modules/.bin"; ln -sf "$(command -v lan-onnx)" "$3/node_modules/.bin/lan-onnx"; fi',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A step's script in bash, as GitHub runs it: it ends at the first command that fails. */
function run(step: Step, env: Readonly<Record<string, string>> = {}): { code: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', step.run!], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, GITHUB_STEP_SUMMARY: join(folder, 'summary.md'), ...env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` }, // prettier-ignore
  });
  return { code: status, out: stdout + stderr };
}

/** `inputs.x` in the place of what the caller of an action gives. */
const given = (step: Step, inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, value.replace(/\$\{\{ inputs\.([a-z-]+) \}\}/, (_, i: string) => inputs[i]!)])); // prettier-ignore

describe('the workflows', () => {
  const steps = (file: string): Step[] =>
    Object.values((parse(read(`ci/${file}`)) as { jobs: Record<string, { steps: Step[] }> }).jobs).flatMap((job) => job.steps);

  test('of the models: checks, and audits the pictures', () => {
    const [install, check, audit] = steps('models.yml').filter((s) => s.run !== undefined);
    expect(run(install!)).toEqual({ code: 0, out: 'npm install --global lan-onnx\n' });
    expect(run(check!)).toMatchObject({ code: 0, out: expect.stringContaining('agrees   models/classifier.onnx') });
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('classifier.onnx');
    expect(readFileSync(join(folder, 'check.xml'), 'utf8')).toContain('<testsuite');
    expect(run(audit!)).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'audit'))).toContain('05');
  });

  test('of the newest onnxruntime: what was tested is kept, and held against what is newer', () => {
    const [tested, newest] = steps('newest-onnxruntime.yml').filter((s) => s.run !== undefined);
    expect(run(tested!)).toMatchObject({ code: 0 });
    expect(run(newest!)).toMatchObject({ code: 0 });
    // By what npm lets win over the version that lan-onnx names.
    expect(JSON.parse(readFileSync(join(folder, 'newest/package.json'), 'utf8'))).toEqual({
      overrides: { 'onnxruntime-node': 'latest', 'onnxruntime-common': 'latest' },
    });
    // An op that a newer version breaks: the same step with a model that agrees no more.
    const kept = JSON.parse(readFileSync(join(folder, 'tested.json'), 'utf8')) as {
      models: { outputs: { maxError: number }[] }[];
    };
    expect(kept.models).toHaveLength(1);
    writeFileSync(join(folder, 'models/broken.onnx'), 'no model');
    expect(run(newest!)).toMatchObject({ code: 2, out: expect.stringContaining('broken.onnx') });
    rmSync(join(folder, 'models/broken.onnx'));
  });
});

describe('the action', () => {
  const { inputs, runs } = parse(read('action/action.yml')) as {
    inputs: Record<string, { required?: boolean; default?: string }>;
    runs: { using: string; steps: Step[] };
  };
  const values = {
    models: 'models/*.onnx',
    images: 'pictures/',
    'fail-on': inputs['fail-on']!.default!,
    version: inputs['version']!.default!,
  };

  test('is composite, and each of its steps names its shell, as GitHub wants it', () => {
    expect(runs.using).toBe('composite');
    expect(runs.steps.map((s) => s.shell)).toEqual(['bash', 'bash', 'bash']);
    // What a caller gives is never pasted into a script.
    expect(runs.steps.filter((s) => s.run!.includes('${{'))).toEqual([]);
  });

  test('checks and audits, and fails where a claim does', () => {
    const [, check, audit] = runs.steps;
    expect(run(check!, given(check!, values))).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'lan-onnx-report/check.xml'))).toBe(true);
    expect(run(audit!, given(audit!, values))).toMatchObject({ code: 0 });
    const strict = { ...values, 'fail-on': 'replaceable<1' };
    expect(run(audit!, given(audit!, strict))).toMatchObject({ code: 1 });
    writeFileSync(join(folder, 'models/broken.onnx'), 'no model');
    expect(run(check!, given(check!, values))).toMatchObject({ code: 2 });
    rmSync(join(folder, 'models/broken.onnx'));
  });
});

test('the pre-commit hook is a command line that the program takes, with the file behind it', async () => {
  const { repos } = parse(read('ci/pre-commit-config.yaml')) as {
    repos: { hooks: { entry: string; files: string; language: string }[] }[];
  };
  const [hook] = repos[0]!.hooks;
  expect('models/a.onnx').toMatch(new RegExp(hook!.files));
  expect(await refusalOf(`${hook!.entry} models/a.onnx`)).toBeUndefined();
  expect(run({ run: `${hook!.entry} models/classifier.onnx` })).toMatchObject({ code: 0 });
});

test('the Dockerfile installs without the CUDA part, runs as no root, and its lines of use are typed right', async () => {
  const text = read('Dockerfile');
  const words = text.split('\n').flatMap((line) => /^([A-Z]+) /.exec(line)?.[1] ?? []);
  expect(words).toEqual(['FROM', 'ENV', 'ARG', 'RUN', 'USER', 'WORKDIR', 'ENTRYPOINT', 'CMD']);
  expect(text).toContain('ENV ONNXRUNTIME_NODE_INSTALL=skip');
  const [, line] = /-v "\$PWD":\/work (lan-onnx .*)/.exec(text) ?? [];
  expect(await refusalOf(line!)).toBeUndefined();
});

describe('from Python', () => {
  const python = process.env['LAN_ONNX_PYTHON'] ?? 'python3';
  const has = (...modules: string[]): boolean =>
    spawnSync(python, ['-c', `import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in ${JSON.stringify(modules)}))`]).status === 0; // prettier-ignore
  /** A test that is skipped, saying so, where a package is not installed. */
  const withModules = (modules: string[], name: string, body: () => void | Promise<void>): void =>
    has(...modules) ? test(name, body, 240_000) : test.skip(`${name}: ${modules.join(', ')} not installed`, () => undefined);
  const script = (name: string, ...args: string[]): string =>
    execFileSync(python, [join(examples, 'python', name), ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, KERAS_BACKEND: 'torch' } }); // prettier-ignore
  const agrees = (...files: string[]): void => {
    const { code, out } = run({ run: `lan-onnx check ${files.join(' ')}` });
    expect([code, out.match(/^agrees /gm)?.length]).toEqual([0, files.length]);
  };

  withModules(['onnxruntime', 'numpy'], 'the exported gradient, by plain onnxruntime', async () => {
    // p = softmax(W x): the gradient of -log p_2 by x is W^T (p - e_2).
    const g = new GraphBuilder();
    const w = g.constant(float32([1, -2, 0.5, 0, 1, 3], [3, 2]));
    g.output(g.op('Gemm', [g.input('x', 'float32', [1, 2]), w], { transB: 1 }), 'logits');
    await (await exportGradient(encodeModel(dialectModel(g.build())))).save(join(folder, 'gradient.onnx'));
    const [x0, x1] = [0.25, 0.5];
    writeFileSync(join(folder, 'input.npy'), encodeNpy(float32([x0, x1], [1, 2])));
    const out = script('run_gradient.py', 'gradient.onnx', '2', 'input.npy');
    const logits = [x0 - 2 * x1, 0.5 * x0, x0 + 3 * x1];
    const total = logits.reduce((a, v) => a + Math.exp(v), 0);
    const p = logits.map((v) => Math.exp(v) / total);
    const d = [p[0]!, p[1]!, p[2]! - 1];
    const gradient = [d[0]! + 0.5 * d[1]! + d[2]!, -2 * d[0]! + 3 * d[2]!];
    const [, loss, largest] = /loss ([\d.]+), gradient \[1, 2\], largest ([\d.]+)/.exec(out)!.map(Number);
    expect(loss).toBeCloseTo(-Math.log(p[2]!), 4);
    expect(largest).toBeCloseTo(Math.max(...gradient.map(Math.abs)), 4);
    expect(out).toContain('target');
  });

  withModules(['torch', 'onnxscript'], 'PyTorch by both exporters', () => {
    script('export_pytorch.py', 'torch');
    agrees('torch/dynamo.onnx', 'torch/torchscript.onnx');
  });

  withModules(['sklearn', 'skl2onnx'], 'scikit-learn', () => {
    script('export_sklearn.py', 'sklearn');
    agrees('sklearn/pipeline.onnx', 'sklearn/forest.onnx');
    expect(run({ run: 'lan-onnx audit sklearn/forest.onnx --csv sklearn/rows.csv --row 1 --engine forward --quick --out forest' })).toMatchObject({ code: 0 }); // prettier-ignore
  });

  withModules(['keras', 'torch'], 'Keras, channels last', () => {
    script('export_keras.py', 'keras');
    agrees('keras/keras.onnx');
  });
});
