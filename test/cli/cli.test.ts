// The command line in this process: what is printed where, exit codes, and the words of every refusal; and agreement of broken adapters.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { none, type OpAdapter } from '../../adapters/op.js';
import { check } from '../../src/check/check.js';
import { main } from '../../src/cli/main.js';
import { random } from '../../src/core/random.js';
import { float32, sizeOf } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { PROGRAM } from '../support/built.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-cli-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void delete process.env['LAN_ONNX_DEBUG']);

let draw = 0;
const weights = (...dims: number[]) => float32(random(1, 5).normal(new Float32Array(sizeOf(dims)), draw++, 0, 0.5), dims);

/** [1,3,6,8] -> Conv, Relu, GlobalAveragePool, Flatten, Gemm, Softmax -> [1,5]. */
function network(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', ['batch', 3, 6, 8]);
  const c = (name: string, ...dims: number[]): string => {
    g.constants.set(name, weights(...dims));
    return name;
  };
  g.append('Conv', [x, c('w', 4, 3, 3, 3), c('b', 4)], ['conv1'], { pads: [1, 1, 1, 1] });
  g.append('Relu', ['conv1'], ['relu1']);
  g.append('GlobalAveragePool', ['relu1'], ['pooled']);
  g.append('Flatten', ['pooled'], ['flat'], { axis: 1 });
  g.append('Gemm', ['flat', c('v', 5, 4), c('d', 5)], ['logits'], { transB: 1 });
  g.append('Softmax', ['logits'], ['probabilities'], { axis: 1 });
  g.output('probabilities');
  return encodeModel(dialectModel(g.build()));
}

function unsupported(): Uint8Array {
  const g = new GraphBuilder();
  g.input('x', 'float32', [1, 4]);
  g.append('Frobnicate', ['x'], ['a']);
  g.append('Relu', ['a'], ['b']);
  g.append('Gizmo', ['b'], ['y'], {}, 'com.example');
  g.output('y');
  const model = dialectModel(g.build());
  return encodeModel({ ...model, opsets: new Map([...model.opsets, ['com.example', 1]]) });
}

beforeAll(() => {
  writeFileSync(at('net.onnx'), network());
  writeFileSync(at('odd.onnx'), unsupported());
  writeFileSync(at('broken.onnx'), network().subarray(0, 700));
});

describe('usage', () => {
  test('--help names the commands and the exit codes', async () => {
    const { code, out, err } = await cli('--help');
    expect([code, err]).toEqual([0, '']);
    for (const words of [
      'lan-onnx inspect <model>',
      'lan-onnx check <models..>',
      'lan-onnx audit <model>',
      'lan-onnx export-gradient <model>',
      'lan-onnx export-step <model>',
      'Exit code: 0 fine, 1',
    ]) {
      expect(out).toContain(words);
    }
  });

  test.each(['inspect', 'check', 'audit', 'export-gradient', 'export-step'])('%s --help has examples', async (command) => {
    const { code, out } = await cli(command, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`Examples:\n  lan-onnx ${command} `);
  });

  test('--version is the version of package.json, and what it runs on', async () => {
    const { version, optionalDependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      version: string;
      optionalDependencies: Record<string, string>;
      peerDependencies: Record<string, string>;
    };
    const engines = `onnxruntime ${optionalDependencies['onnxruntime-node']}\ntfjs ${peerDependencies['@tensorflow/tfjs-core']}`;
    const out = `${version}\n${engines}\nNode ${process.versions.node}, ${process.platform}-${process.arch}\n`;
    expect(await cli('--version')).toEqual({ code: 0, out, err: '' });
  });

  test('--quiet leaves errors alone on stderr', async () => {
    const loud = await cli('check', at('net.onnx'), at('none.onnx'), '--samples', '1', '--no-gradients');
    const quiet = await cli('check', at('net.onnx'), at('none.onnx'), '--samples', '1', '--no-gradients', '-q');
    expect(loud.err).toMatch(/^\[1\/2\] .*net\.onnx \.\.\.\n/);
    expect(quiet.err).toMatch(/^lan-onnx: .*none\.onnx: [^\n]*\n$/);
    expect([quiet.code, loud.code]).toEqual([2, 2]);
    expect(quiet.out.replace(/[\d.]+ s\)/, '')).toBe(loud.out.replace(/[\d.]+ s\)/, ''));
  });

  test('--shape and --feed take several behind each other, and leave the model alone', async () => {
    const shapes = async (...argv: string[]): Promise<string> => (await cli('inspect', ...argv)).err;
    const [a, b] = ["lan-onnx: A shape is given for 'a', but the inputs are: image.\n", "lan-onnx: A shape is given for 'b', but the inputs are: image.\n"]; // prettier-ignore
    expect(await shapes('--shape', 'image=1,3,6,8', 'b=2', at('net.onnx'))).toBe(b);
    expect(await shapes(at('net.onnx'), '--shape', 'image=1,3,6,8', 'b=2')).toBe(b);
    expect(await shapes(at('net.onnx'), '--shape=image=1,3,6,8', 'b=2', '--json')).toBe(b);
    expect(await shapes(at('net.onnx'), '--shape', 'image=1,3,6,8', '--shape', 'a=2')).toBe(a);
    expect(await shapes('--shape', 'image=1,3,6,8', at('net.onnx'))).toBe('');
  });

  test('completion: commands, options and their choices, in bash', async () => {
    const script = at('completion.sh');
    writeFileSync(script, (await cli('completion', 'bash')).out);
    const complete = (...words: string[]): string[] => {
      const line = `source ${script}; COMP_WORDS=(${words.map((w) => `'${w}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _lan_onnx; echo "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', line], { encoding: 'utf8' }).trim().split(' ');
    };
    expect(complete('lan-onnx', 'co')).toEqual(['compare', 'completion']);
    expect(complete('lan-onnx', 'audit', 'm.onnx', '--mask-')).toEqual(['--mask-shape', '--mask-values', '--mask-grid']);
    expect(complete('lan-onnx', 'check', '--engine', '')).toEqual(['auto', 'onnxruntime', 'tfjs']);
    expect(complete('lan-onnx', 'audit', 'm')).toEqual(['']);
    expect((await cli('completion', 'fish')).out).toContain("-l engine -x -a 'auto onnxruntime tfjs'");
    // What is typed without dashes is named without them.
    expect((await cli('completion', 'zs')).err).toMatch(/^lan-onnx: shell: expected .*zsh.*, received 'zs'\.$/m);
  });

  test.each([
    ['', 'Name a command.\nSee: lan-onnx --help'],
    ['frobnicate', 'Unknown argument: frobnicate\nSee: lan-onnx --help'],
    ['inspcet net.onnx', 'Unknown arguments: inspcet, net.onnx. Did you mean inspect?\nSee: lan-onnx --help'],
    ['audit net.onnx --mask-shap full', 'Unknown argument: mask-shap. Did you mean --mask-shape?\nSee: lan-onnx audit --help'],
    ['check net.onnx --no-gradient', 'Unknown argument: gradient. Did you mean --gradients?\nSee: lan-onnx check --help'],
    ['check net.onnx --grid', 'Unknown argument: grid\nSee: lan-onnx check --help'],
    ['check', 'MODEL is missing: received 0, need at least 1.\nSee: lan-onnx check --help'],
    ['diff a.onnx', 'Two models are needed, A and B: received 1, need at least 2.\nSee: lan-onnx diff --help'],
    ['reproduce', 'EXPERIMENT is missing: received 0, need at least 1.\nSee: lan-onnx reproduce --help'],
    ['check net.onnx --frob', 'Unknown argument: frob\nSee: lan-onnx check --help'],
    ['inspect a.onnx b.onnx', 'Unknown argument: b.onnx\nSee: lan-onnx inspect --help'],
    ['check net.onnx --layout HWC', "--layout: expected NCHW or NHWC, received 'HWC'."],
    ['check net.onnx --samples 0', "--samples: expected a whole number of at least 1, received '0'."],
    ['check net.onnx --tolerance tight', "--tolerance: expected a number of at least 0, received 'tight'."],
    ['check net.onnx --shape 1,3,6,8', "--shape: expected NAME=1,3,224,224, received '1,3,6,8'."],
    ['check net.onnx --size 6x8x3', "--size: expected 224 or 224x320 (height x width), received '6x8x3'."],
    ['check net.onnx --mean 1 x', "--mean: expected a number, received 'x'."],
    ['check net.onnx --std 0', "--std: expected numbers other than 0, received '0'."],
  ])('"%s" is refused', async (line, message) => {
    expect(await cli(...line.split(' ').filter(Boolean))).toEqual({ code: 2, out: '', err: `lan-onnx: ${message}\n` });
  });

  test('an unexpected error is one line and a hint; LAN_ONNX_DEBUG=1 shows the stack', async () => {
    let err = '';
    const io = {
      out(): void {
        throw new Error('boom\nand more');
      },
      err: (text: string): void => void (err += text),
    };
    expect(await main(['inspect', at('net.onnx')], io)).toBe(2);
    expect(err).toBe(
      'lan-onnx: unexpected error: boom\nThis is a bug in lan-onnx. Set LAN_ONNX_DEBUG=1 to see where it happened.\n',
    );
    process.env['LAN_ONNX_DEBUG'] = '1';
    err = '';
    await main(['inspect', at('net.onnx')], io);
    expect(err).toMatch(/^lan-onnx: unexpected error: boom\nError: boom\nand more\n +at .*out/);
  });
});

describe('inspect', () => {
  test('counts what is there', async () => {
    const { code, out, err } = await cli('inspect', at('net.onnx'), '--json', '--shape', 'image=2,3,6,8');
    expect([code, err]).toEqual([0, '']);
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(report).toMatchObject({
      opsets: { 'ai.onnx': 18 },
      inputs: [{ name: 'image', type: 'float32', declared: ['batch', 3, 6, 8], shape: [2, 3, 6, 8] }],
      outputs: [{ name: 'probabilities', shape: [2, 5] }],
      nodes: 6,
      // Weights and biases: 4*3*3*3 + 4 + 5*4 + 5.
      parameters: 137,
      // Two samples of 4*6*8 outputs of 27 products each, and of 5 outputs of 4.
      macs: 2 * (4 * 6 * 8 * 27 + 5 * 4),
      memory: {
        // And the shape that Flatten became: two int64.
        weights: 4 * 137 + 16,
        // The input stays; Conv's and Relu's outputs are alive together.
        forward: 4 * 2 * (3 * 6 * 8 + 4 * 6 * 8 + 4 * 6 * 8),
        // Besides: what the pool, Flatten, Gemm and Softmax make.
        gradient: 4 * 2 * (3 * 6 * 8 + 4 * 6 * 8 + 4 * 6 * 8 + 4 + 4 + 5 + 5),
      },
      problems: [],
      notes: [],
    });
    const conv = (report['ops'] as { op: string }[]).find((o) => o.op === 'Conv');
    expect(conv).toEqual({
      op: 'Conv',
      count: 1,
      folded: 0,
      becomes: [],
      tfjsForward: 'yes',
      tfjsGradient: 'yes',
      onnxruntimeGradient: 'yes',
    });
  });

  test('prints a table', async () => {
    const { code, out } = await cli('inspect', at('net.onnx'));
    expect(code).toBe(0);
    expect(out).toContain('input      image: float32[batch,3,6,8] -> [1,3,6,8]\n');
    expect(out).toContain(
      [
        'parameters 137',
        'MACs       5.2 k',
        'memory     564B of weights; estimated from the shapes, without what an engine adds (packed weights, buffers):',
        '           2.11 kB of values alive at once in a forward pass, 2.18 kB where a gradient keeps them all',
        'nodes      6, ',
      ].join('\n'),
    );
    expect(out).toMatch(/^ Softmax +1 +0 /m);
  });

  test('lists every unsupported op at once, and exits with 2', async () => {
    const { code, out, err } = await cli('inspect', at('odd.onnx'));
    const advice = 'no adapter knows this op. Write one (docs/adding-an-op.md) or export the model without it.';
    expect(code).toBe(2);
    expect(err).toBe(
      `lan-onnx: ${at('odd.onnx')}: not supported:\n  - Frobnicate 'a': ${advice}\n  - com.example.Gizmo 'y': ${advice}\n`,
    );
    expect(out).toMatch(/^ Frobnicate +1 +\? +missing +missing +missing$/m);
    expect(out).toMatch(/^ Relu +1 +\? +yes +yes +yes$/m);
  });

  test('a file that is no model', async () => {
    const { code, out, err } = await cli('inspect', at('none.onnx'));
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(`lan-onnx: Model '${at('none.onnx')}': cannot be read (no such file or folder).\n`);
  });
});

describe('check', () => {
  test('a sound model agrees: exit 0, the result on stdout, progress on stderr', async () => {
    const { code, out, err } = await cli('check', at('net.onnx'), '--nodes', '--backend', 'cpu');
    expect(out).toMatch(/^agrees {3}/);
    expect(out).toContain("  ok  output 'probabilities', tfjs (cpu): max error ");
    expect(out).toContain("  ok  gradient of 'probabilities', tfjs (cpu) against onnxruntime: max error ");
    expect(out).toContain("  ok  gradient of 'probabilities', onnxruntime against central differences: max error ");
    expect(out).toContain('  ok  values, tfjs (cpu): 6 compared, all match\n');
    expect([code, err]).toEqual([0, `${at('net.onnx')} ...\n`]);
  });

  test('disagreement: exit 1; JUnit says what and how much', async () => {
    const argv = ['check', at('net.onnx'), at('broken.onnx'), '--tolerance', '0', '--no-gradients', '--backend', 'cpu'];
    const { code, out, err } = await cli(...argv, '--junit', at('results.xml'));
    expect(out).toMatch(/^DISAGREES /);
    expect(out).toMatch(
      /^ {2}BAD output 'probabilities', tfjs \(cpu\): max error \S+ \(at random \d\), \S+ % within 0, top-1 same in 100 %, KL \S+$/m,
    );
    // The unreadable file decides the exit code, but did not keep the other from being compared.
    expect(code).toBe(2);
    expect(err).toContain(`lan-onnx: ${at('broken.onnx')}: `);
    expect(err).not.toContain("Model '");
    const xml = readFileSync(at('results.xml'), 'utf8');
    expect(xml).toMatch(/<testsuites tests="3" failures="1" errors="1" time="/);
    expect(xml).toMatch(
      /name="output 'probabilities', tfjs \(cpu\)"><failure message="max error \S+ \(at random \d\), \S+ % within 0, top-1 /,
    );
    expect((await cli(...argv.filter((a) => a !== at('broken.onnx')))).code).toBe(1);
  });

  test('--fail-fast stops at the first; --json holds every figure', async () => {
    const argv = ['check', at('net.onnx'), at('odd.onnx'), '--tolerance', '0', '--fail-fast', '--json', '--engine', 'tfjs'];
    const { code, out, err } = await cli(...argv, '--backend', 'cpu');
    expect([code, err]).toEqual([1, `[1/2] ${at('net.onnx')} ...\n`]);
    const result = JSON.parse(out) as { models: { outputs: unknown[] }[] };
    expect(result).toMatchObject({ schema: 'lan-onnx/check@1', agrees: false, models: [{ agrees: false, seed: 0, samples: 2 }] });
    expect(result.models).toHaveLength(1);
    expect(result.models[0]!.outputs).toEqual([
      expect.objectContaining({ engine: 'tfjs (cpu)', output: 'probabilities', top1: 1, ok: false }),
    ]);
  });

  test('a JUnit file that can not be written', async () => {
    const path = join(at('net.onnx'), 'results.xml');
    const { code, err } = await cli('check', at('net.onnx'), '--no-gradients', '--engine', 'onnxruntime', '--junit', path);
    expect(code).toBe(2);
    expect(err).toMatch(/lan-onnx: Cannot write '.*net\.onnx': a file of that name is in the way\. Choose another place\.\n$/);
    expect(existsSync(path)).toBe(false);
  });
});

describe('broken adapters are found', () => {
  const relu = adapters.find((a) => a.op === 'Relu' && !a.domain)!;
  const broken = (change: Partial<OpAdapter>): OpAdapter[] => [...adapters, { ...relu, ...change }];
  const forward: OpAdapter['forward'] = (x, _, { tf }) => [tf.mul(tf.relu(x[0]!), 1.01)];

  test('a wrong forward, at its node', async () => {
    const options = { engine: 'tfjs', backend: 'cpu', nodes: true, gradients: false, adapters: broken({ forward }) } as const;
    const { agrees, outputs, nodes } = await check(network(), options);
    expect(agrees).toBe(false);
    expect(outputs[0]!.ok).toBe(false);
    const { first, compared } = nodes[0]!;
    // conv1 and relu1: nothing after the first divergence is looked at.
    expect(compared).toBe(2);
    expect(first).toMatchObject({
      value: 'relu1',
      node: "Relu 'relu1'",
      op: 'Relu',
      inputs: [{ name: 'conv1', shape: [1, 4, 6, 8] }],
    });
    expect(first!.maxError).toBeCloseTo(0.01, 4);
    expect(first!.received / first!.expected).toBeCloseTo(1.01, 4);
  });

  test('a wrong gradient rule, against the tape and against differences', async () => {
    const vjp: OpAdapter['vjp'] = ({ dy }) => [dy[0]];
    const { agrees, outputs, gradients } = await check(network(), { backend: 'cpu', adapters: broken({ vjp }) });
    expect(outputs.map((o) => o.ok)).toEqual([true, true]);
    expect(gradients.map((g) => [g.what, g.ok])).toEqual([
      ['tfjs (cpu) against onnxruntime', false],
      ['onnxruntime against central differences', false],
      ['tfjs (cpu) against central differences', true],
    ]);
    expect(agrees).toBe(false);
  });

  test('a gradient said to be none, where there is one', async () => {
    const { gradients } = await check(network(), { engine: 'onnxruntime', adapters: broken({ vjp: none('a lie') }) });
    expect(gradients.map((g) => [g.what, g.maxError, g.ok])).toEqual([
      ['onnxruntime against central differences', Infinity, false],
    ]);
  });
});

test('a reader that goes away is no error', async () => {
  const [node, entry] = PROGRAM;
  const child = spawn(node, [entry, 'check', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (d: Buffer) => void (err += d.toString()));
  const code = await new Promise((done) => child.on('close', done));
  expect([code, err]).toEqual([0, '']);
});
