// The package as a stranger gets it: packed, installed in an empty folder where nothing but the npm registry is in reach, run, and used from
// TypeScript and plain JavaScript. Needs `make build` and the registry; `make test-package`.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const root = resolve(import.meta.dirname, '../..');
const MINUTES = 60_000;

/** As in a stranger's shell: nothing that npm or this project's make says, and the server of onnxruntime-node's install script out of reach. */
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|LAN_ONNX_|ONNXRUNTIME_|NODE_OPTIONS)/i.test(name)),
  ),
  GLOBAL_AGENT_HTTPS_PROXY: 'http://127.0.0.1:9',
};
/** Where that script fetches something, and so fails. */
const FETCHES = process.platform === 'linux' && process.arch === 'x64';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Another Node than the one that runs this, by its major version: `make test-node`. Npm's package `node` holds it. */
const NODE = process.env['LAN_ONNX_NODE'];

let folder: string;
let packed: Packed;
const project = (): string => join(folder, 'project');

/** A line of the shell, in the stranger's project. */
function shell(line: string): { code: number | null; out: string; err: string } {
  const PATH = NODE ? `${join(folder, 'node/node_modules/node/bin')}:${process.env['PATH']}` : process.env['PATH'];
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: project(), env: { ...env, PATH }, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

const megabytes = (path: string): number => {
  const stat = lstatSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + megabytes(join(path, name)), 0) : stat.size / 1e6;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-onnx-package-'));
  mkdirSync(project());
  const out = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root, env });
  packed = (JSON.parse(out.toString()) as Packed[])[0]!;
  if (NODE) execFileSync('npm', ['install', '--prefix', join(folder, 'node'), `node@${NODE}`], { env, stdio: 'pipe' });
}, 3 * MINUTES);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the Node that everything below runs on is the one that was asked for', () => {
  expect(shell('node --version').out.split('.')[0]).toBe(`v${NODE ?? process.versions.node.split('.')[0]}`);
});

test('it holds what runs, its types and its pages, and nothing else', () => {
  const paths = packed.files.map((f) => f.path);
  for (const path of ['package.json', 'README.md', 'LICENSE', 'dist/src/index.js', 'dist/src/index.d.ts', 'dist/src/cli/main.js', 'dist/src/engine/tfjs-backend-wasm-simd.wasm', 'models/tank/tank.onnx', 'docs/check.md']) expect(paths).toContain(path); // prettier-ignore
  expect(paths.filter((path) => !/^(dist|docs|models)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE|src\/jest-environment\.c?.*)$/.test(path))).toEqual([]); // prettier-ignore
  expect(paths.filter((path) => /\.map$|\.test\.|^dist\/.*(?<!\.d)\.ts$|^dist\/(test|bench|tools)\//.test(path))).toEqual([]);
  // Pictures of the documents are read where the documents are shown.
  expect(paths.filter((path) => path.startsWith('docs/images/'))).toEqual([]);
  // 14 MB, 3.7 packed, are onnxruntime's WebAssembly for the page.
  expect(packed.size / 1e6).toBeLessThan(8);
  expect(packed.unpackedSize / 1e6).toBeLessThan(26);
});

test(
  'publint and are-the-types-wrong find nothing',
  () => {
    const tarball = join(folder, packed.filename);
    for (const line of [`publint@0.3.25 --strict ${tarball}`, `@arethetypeswrong/cli@0.18.5 --profile esm-only ${tarball}`]) {
      const { code, out, err } = shell(`npx --yes ${line}`);
      expect([line, code, code === 0 ? '' : out + err]).toEqual([line, 0, '']);
    }
  },
  3 * MINUTES,
);

test(
  'it installs without a flag where only the registry is in reach, and says what to type for the rest',
  () => {
    expect(shell(`npm install ../${packed.filename}`)).toMatchObject({ code: 0 });
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(shell('npx lan-onnx --version')).toMatchObject({ code: 0, out: expect.stringContaining(version) });
    if (!FETCHES) return;
    const refused = shell('npx lan-onnx inspect tank');
    expect(refused).toMatchObject({ code: 2, out: '' });
    const [, line] = /is not installed\. .*: (ONNXRUNTIME_NODE_INSTALL=skip npm install)\n$/.exec(refused.err) ?? []; // prettier-ignore
    expect([refused.err, line]).toEqual([refused.err, expect.any(String)]);
    expect(shell(line!)).toMatchObject({ code: 0 });
  },
  5 * MINUTES,
);

test('it is half of the 773 MB that it was', () => {
  const installed = megabytes(join(project(), 'node_modules'));
  expect(installed).toBeLessThan(360);
  expect(readdirSync(join(project(), 'node_modules'))).not.toContain('@tensorflow');
});

test(
  'it runs: a model is inspected, checked on both engines, and explained',
  () => {
    expect(shell('npx lan-onnx inspect tank')).toMatchObject({ code: 0, out: expect.stringMatching(/^model +tank /), err: '' });
    const well = shell('npx lan-onnx doctor');
    expect([well.code, well.out]).toEqual([
      0,
      expect.stringMatching(/^ok +onnxruntime +1\.[^]*^ok +self-test wasm [^]*\nAll that is needed works\.\n$/m),
    ]);
    // The bundle of tfjs: wasm's convolutions, and the gradients that only the union package registers.
    for (const backend of ['wasm', 'cpu']) {
      const { code, out, err } = shell(`npx lan-onnx check tank --samples 1 --engine tfjs --backend ${backend}`);
      expect([code, err.replace('tank ...\n', '')]).toEqual([0, '']);
      expect(out).toMatch(new RegExp(`ok  gradient of 'probabilities', tfjs \\(${backend}\\) against central differences`));
    }
    cpSync(join(root, 'models/tank/pictures/tank/05.png'), join(project(), 'forest.png'));
    // On another Node the whole of it, as typed by most.
    const { code, out } = shell(
      `npx lan-onnx audit tank --image forest.png${NODE ? '' : ' --iterations 20 --evidence-draws 16'}`,
    );
    expect([code, out]).toEqual([0, expect.stringContaining('forest.png: tank')]);
    expect(readdirSync(join(project(), 'lan-onnx-out/forest'))).toContain('sheet.png');
  },
  5 * MINUTES,
);

test(
  'a model with a custom op and the plug-in of the docs: tried, audited, and refused without it',
  () => {
    // The plug-in as the docs in the package have it.
    const page = readFileSync(join(project(), 'node_modules/lan-onnx/docs/plugins.md'), 'utf8');
    const [, text] = /op\.mjs\) is a whole plug-in [^\n]*:\n\n```js\n([^]*?)```/.exec(page) ?? [];
    writeFileSync(join(project(), 'op.mjs'), text!);
    const g = new GraphBuilder('bent');
    const bent = g.op('Bent', [g.input('x', 'float32', [1, 12])], { alpha: { kind: 'float', value: 0.5 } }, 'com.example');
    g.output(g.op('Softmax', [g.op('Gemm', [bent, g.constant(float32(Array.from({ length: 36 }, (_, i) => Math.sin(i)), [12, 3]))])], { axis: 1 }), 'p'); // prettier-ignore
    const opsets = new Map([['', 18], ['com.example', 1]]); // prettier-ignore
    const model = encodeModel({ irVersion: 8, producer: '', opsets, metadata: {}, functions: [], graph: g.build() });
    writeFileSync(join(project(), 'bent.onnx'), model);
    writeFileSync(
      join(project(), 'x.npy'),
      encodeNpy(
        float32(
          Array.from({ length: 12 }, (_, i) => Math.cos(i)),
          [1, 12],
        ),
      ),
    );
    expect(shell('npx lan-onnx plugin test ./op.mjs')).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 of 2 tests pass.'),
    });
    const line = 'npx lan-onnx audit bent.onnx --tensor x.npy --quick --out bent';
    expect(shell(line)).toMatchObject({ code: 2, err: expect.stringContaining('com.example.Bent') });
    const { code, err } = shell(`${line} --plugin ./op.mjs`);
    expect([code, err]).toEqual([0, expect.stringContaining("plug-in 'bent' of ./op.mjs: op com.example.Bent")]);
    expect(readdirSync(join(project(), 'bent/x'))).toContain('audit.json');
    expect(shell(`npx lan-onnx check bent.onnx --plugin ./op.mjs --samples 1`)).toMatchObject({ code: 0 });
    // The same by a config.
    writeFileSync(join(project(), 'lan-onnx.config.json'), '{ "plugins": ["./op.mjs"] }');
    expect(shell('npx lan-onnx inspect bent.onnx')).toMatchObject({ code: 0, err: expect.stringContaining('plug-ins of lan-onnx.config.json are loaded') }); // prettier-ignore
    rmSync(join(project(), 'lan-onnx.config.json'));
  },
  5 * MINUTES,
);

const PLAIN = `
import { check, LanError, openModel } from 'lan-onnx';

// Two models at once, of different sizes, with a gradient each.
const open = () => Promise.all([openModel('tank', { shapes: { x: [1, 3, 64, 64] } }), openModel('tank', { shapes: { x: [2, 3, 64, 64] } })]);
const [one, two] = await open();
const steps = [];
const picture = (n) => ({ type: 'float32', dims: [n, 3, 64, 64], data: new Float32Array(n * 3 * 64 * 64).fill(0.5) });
const cotangent = (n) => ({ probabilities: { type: 'float32', dims: [n, 2], data: new Float32Array(2 * n).fill(1) } });
const [a, b] = await Promise.all([one.vjp({ x: picture(1) }, cotangent(1)), two.vjp({ x: picture(2) }, cotangent(2))]);
await one.dispose();
await two.dispose();
await check('tank', { samples: 1, gradients: false, onProgress: (doing) => steps.push(doing) });
const stopped = await check('tank', { signal: AbortSignal.abort() }).catch((error) => error instanceof LanError && error.code);
console.log(JSON.stringify([a.gradients.x.dims, b.gradients.x.dims, steps[0], stopped]));
`;

const TYPED = `
import { audit, openModel, type AuditResult, type Classifier } from 'lan-onnx';
import { defineOp } from 'lan-onnx/ops';

export const explain = async (signal: AbortSignal): Promise<number> => {
  const model: Classifier = await openModel('tank');
  const result: AuditResult = await audit(model, 'forest.png', { iterations: 5, evidenceDraws: 8, signal });
  await model.dispose();
  return result.betas.length;
};
// @ts-expect-error -- the types are there: a wrong name is one
export const wrong = (): Promise<AuditResult> => audit('tank', 'forest.png', { iteration: 5 });
export const op = defineOp({ op: 'Twice', domain: 'com.example', versions: [1], attributes: {}, vjp: ({ dy: [dy] }, _, g) => [g.add(dy!, dy!)] });
console.log(await explain(new AbortController().signal));
`;

test(
  'a plain JavaScript project uses it: two models at once, progress, an AbortSignal',
  () => {
    writeFileSync(join(project(), 'plain.mjs'), PLAIN);
    const { code, out, err } = shell('node plain.mjs');
    expect([code, err, out]).toEqual([0, '', '[[1,3,64,64],[2,3,64,64],"reading","interrupted"]\n']);
    writeFileSync(join(project(), 'plain.cjs'), "import('lan-onnx').then(({ methods }) => console.log(methods.length > 5));");
    expect(shell('node plain.cjs')).toEqual({ code: 0, out: 'true\n', err: '' });
  },
  MINUTES,
);

test(
  'a strict TypeScript project uses it, by either way to resolve packages, libraries checked as well; vitest has the matcher',
  () => {
    expect(shell('ONNXRUNTIME_NODE_INSTALL=skip npm install --no-save typescript@5.9.3 @types/node@20 vitest@4.1.12')).toMatchObject({ code: 0 }); // prettier-ignore
    writeFileSync(join(project(), 'typed.mts'), TYPED);
    // The block of the docs in the package, as it stands.
    const page = readFileSync(join(project(), 'node_modules/lan-onnx/docs/check.md'), 'utf8');
    const [, vitest] = /```ts\n(import [^\n]* from 'vitest';[^]*?)```/.exec(page) ?? [];
    writeFileSync(join(project(), 'matcher.test.mts'), vitest!);
    cpSync(join(root, 'models/tank/tank.onnx'), join(project(), 'model.onnx'));
    const flags = '--strict --target es2022 --types node --lib es2023,esnext.disposable';
    const nodes = shell(`npx tsc ${flags} --skipLibCheck false --module nodenext typed.mts`);
    expect([nodes.code, nodes.out]).toEqual([0, '']);
    expect(shell('node typed.mjs')).toMatchObject({ code: 0, out: '1\n' });
    const bundlers = shell(`npx tsc ${flags} --noEmit --module esnext --moduleResolution bundler typed.mts`);
    expect([bundlers.code, bundlers.out]).toEqual([0, '']);
    const matcher = shell(`npx tsc ${flags} --skipLibCheck --noEmit --module nodenext matcher.test.mts`);
    expect([matcher.code, matcher.out]).toEqual([0, '']);
    const run = shell('npx vitest run --reporter=json matcher.test.mts');
    expect([run.code, JSON.parse(run.out || '{}')]).toMatchObject([0, { numPassedTests: 1 }]);
  },
  5 * MINUTES,
);
