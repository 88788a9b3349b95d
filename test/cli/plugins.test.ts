// --plugin, lan-onnx.config.* and `plugin test`: what is loaded, what is said of it, and one clear sentence for what cannot be.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder } from '../../src/ops.js';
import { cli } from '../support/command.js';
import { folderWithPackage } from '../support/plugins.js';

const examples = resolve(import.meta.dirname, '../../examples/plugins');
const home = process.cwd();
let folder: string;
beforeAll(() => {
  folder = folderWithPackage();
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  cpSync(examples, folder, { recursive: true });
  const g = new GraphBuilder('bent');
  const bent = g.op('Bent', [g.input('x', 'float32', [1, 3])], { alpha: { kind: 'float', value: 0.5 } }, 'com.example');
  g.output(g.op('Softmax', [bent], { axis: 1 }), 'p');
  const opsets = new Map([
    ['', 18],
    ['com.example', 1],
  ]);
  const file = encodeModel({ irVersion: 8, producer: '', opsets, metadata: {}, functions: [], graph: g.build() });
  writeFileSync(join(folder, 'bent.onnx'), file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const written = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

describe('--plugin', () => {
  test('its op is inspected and checked; without it the op is unknown', async () => {
    expect(await cli('inspect', at('bent.onnx'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('no adapter knows this op'),
    });
    const seen = await cli('inspect', at('bent.onnx'), '--plugin', at('op.mjs'));
    expect(seen).toMatchObject({ code: 0, err: '' });
    expect(seen.out).toContain(`note       plug-in 'bent' of ${at('op.mjs')}: op com.example.Bent\n`);
    const checked = await cli('check', at('bent.onnx'), '--plugin', at('op.mjs'), '--samples', '1', '--engine', 'onnxruntime');
    expect(checked.code).toBe(0);
    expect(checked.out).toMatch(
      /The reference is its canonical form in onnxruntime, so the canonicalisation itself is not checked/,
    );
  });

  test.each([
    ['missing.mjs', undefined, /^lan-onnx: Plug-in '.*missing\.mjs': there is no such file\.\n$/],
    ['throws.mjs', 'throw new Error("out of coffee");', /throws\.mjs': failed while it was loaded: out of coffee\n$/],
    ['syntax.mjs', 'export default {', /syntax\.mjs': failed while it was loaded: Unexpected/],
    ['common.js', 'export default {};', /common\.js': failed while it was loaded: Unexpected token 'export'\. A package\.json near it says that such a file is CommonJS/], // prettier-ignore
    ['none.mjs', 'export const plugin = {};', /none\.mjs': has no default export\. End it with: export default definePlugin/],
    ['number.mjs', 'export default 7;', /number\.mjs: Plug-in 0: expected an object \{ name, ops, \.\.\. \}, received 7\.\n$/],
    ['unnamed.mjs', 'export default { ops: [] };', /Plug-in 0: expected 'name' to be a text, received undefined\.\n$/],
    ['field.mjs', "export default { name: 'a', op: [] };", /Plug-in 'a': has a field 'op' that no plug-in has; expected some of ops, cases, /], // prettier-ignore
    ['library.mjs', "export default { name: 'a', customOpLibraries: ['ops.so'] };", /Plug-in 'a': custom-op libraries cannot be loaded, since onnxruntime-node has no option for one\. Write/], // prettier-ignore
    ['list.mjs', "export default { name: 'a', ops: {} };", /Plug-in 'a': expected 'ops' to be a list, received an object\.\n$/],
    ['op-field.mjs', "export default { name: 'a', ops: [{ op: 'B', attributes: {} }] };", /Plug-in 'a': ops\[0\] \('B'\): expected 'versions' to be a list, received undefined\.\n$/], // prettier-ignore
    ['metric.mjs', "export default { name: 'a', metrics: [{ name: 'm', better: 'more', definition: 'd', measure() {} }] };", /metrics\[0\] \('m'\): expected 'better' to be higher or lower, received 'more'\.\n$/], // prettier-ignore
    ['twice.mjs', "const op = { op: 'B', versions: [1], attributes: {} }; export default { name: 'a', ops: [op, op] };", /Plug-in 'a': there are two ops called 'B'\. Leave one/], // prettier-ignore
    ['shadow.mjs', "export default { name: 'a', ops: [{ op: 'Relu', versions: [6], attributes: {} }] };", /Plug-in 'a': there is a built-in op 'Relu'\. Give yours another name, or say `override: true`/], // prettier-ignore
  ])('%s is refused in one sentence', async (name, text, message) => {
    const path = text === undefined ? at(name) : written(name, text);
    const { code, out, err } = await cli('inspect', 'tank', '--plugin', path);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('two files with an op of one name are refused; one that says `override` takes the place of a built-in op, which is said once', async () => {
    const op = "{ op: 'Bent', domain: 'com.example', versions: [1], attributes: {} }";
    const other = written('other.mjs', `export default { name: 'other', ops: [${op}] };`);
    const both = await cli('inspect', 'tank', '--plugin', at('op.mjs'), '--plugin', other);
    expect(both).toMatchObject({ code: 2, err: expect.stringContaining("Plug-in 'other': there are two ops called 'com.example.Bent', the other is in plug-in 'bent'.") }); // prettier-ignore
    const relu = written('relu.mjs', "import { adapters } from 'lan-onnx/ops';\nexport default { name: 'mine', override: true, ops: [adapters.find((a) => a.op === 'Relu')] };\n"); // prettier-ignore
    const { code, out } = await cli('inspect', 'tank', '--plugin', relu);
    expect([code, out.split("plug-in 'mine' takes the place of the built-in Relu").length]).toEqual([0, 2]);
  });
});

describe('lan-onnx.config', () => {
  let here: string;
  beforeAll(() => {
    here = mkdtempSync(join(tmpdir(), 'lan-onnx-config-'));
  });
  afterEach(() => process.chdir(home));
  afterAll(() => rmSync(here, { recursive: true, force: true }));
  const inspect = async (...flags: string[]) => {
    process.chdir(here);
    return cli('inspect', at('bent.onnx'), ...flags);
  };

  test('one of the working directory is loaded and said once; --no-config leaves it out; two are refused', async () => {
    const config = join(here, 'lan-onnx.config.json');
    writeFileSync(config, JSON.stringify({ plugins: [at('op.mjs')] }));
    expect(await inspect()).toMatchObject({ code: 0, err: 'note: plug-ins of lan-onnx.config.json are loaded; --no-config leaves them out\n' }); // prettier-ignore
    expect(await inspect('--no-config')).toMatchObject({ code: 2, err: expect.stringContaining('no adapter knows this op') });
    const module = join(here, 'lan-onnx.config.mjs');
    writeFileSync(module, `import bent from '${at('op.mjs')}';\nexport default { plugins: [bent] };\n`);
    expect(await inspect()).toMatchObject({ code: 2, err: expect.stringContaining('There are lan-onnx.config.mjs and lan-onnx.config.json here') }); // prettier-ignore
    rmSync(config);
    expect(await inspect()).toMatchObject({ code: 0, err: expect.stringContaining('note: plug-ins of lan-onnx.config.mjs') });
    rmSync(module);
  });

  test.each([
    ['[1]', 'expected an object such as { plugins: [...] }.'],
    ['{ "plugin": [] }', "has a field 'plugin' that no config has; expected plugins."],
    ['{ "plugins": 1 }', "expected 'plugins' to be a list."],
    ['{', 'is no JSON ('],
    ['{ "plugins": ["./gone.mjs"] }', "Plug-in './gone.mjs': there is no such file."],
  ])('%s is refused', async (text, message) => {
    const config = join(here, 'lan-onnx.config.json');
    writeFileSync(config, text);
    expect(await inspect()).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) });
    rmSync(config);
  });
});

describe('plugin test', () => {
  test('an op that is right passes, against its own reference', async () => {
    const { code, out, err } = await cli('plugin', 'test', at('op.mjs'));
    expect([code, out]).toEqual([0, expect.stringContaining('2 of 2 tests pass.\n')]);
    expect(out).toMatch(/com\.example\.Bent +│ Bent by default +│ given +│ \S+e-\d+ +│ \S+e-\d+ +│ agree +│ ok/);
    expect(err).toBe('bent ...\n');
  });

  test('without a reference its canonical form is one, which is said; wrong outputs, a wrong gradient and no case fail', async () => {
    const head =
      "import { caseOf, defineOp, uniform } from 'lan-onnx/ops';\nconst domain = 'com.example';\nconst cases = [caseOf('of six', 'Cube', 1, [uniform([2, 3], 1)], {}, { domain";
    const op = 'canonicalize: (n, g) => g.mul(n.x[0], g.mul(n.x[0], n.x[0]))';
    const file = (name: string, more: string, rules: string, use = 'cases') =>
      written(name, `${head}${more} })];\nexport default { name: 'cube', ${use === 'cases' ? 'cases, ' : ''}ops: [defineOp({ op: 'Cube', domain, versions: [1], attributes: {}, ${rules} })] };\n`); // prettier-ignore
    const right = await cli('plugin', 'test', file('cube.mjs', '', op));
    expect(right).toMatchObject({ code: 0, out: expect.stringMatching(/canonical form: onnxruntime does not know the op/) });
    const off = await cli('plugin', 'test', file('off.mjs', ", expected: ([x]) => [{ ...x, data: x.data.map((v) => v ** 3 + 0.01) }]", op)); // prettier-ignore
    expect(off).toMatchObject({ code: 1, out: expect.stringMatching(/FAIL com\.example\.Cube, Cube of six: y0, canonical in onnxruntime: differs by 0\.00\d+ /) }); // prettier-ignore
    const none = await cli('plugin', 'test', file('none-of-it.mjs', '', op, 'nothing'));
    expect(none).toMatchObject({ code: 1, out: expect.stringContaining('FAIL com.example.Cube: there is no case for it in `cases`') }); // prettier-ignore
    // It stays as it is, and nobody runs it.
    const unknown = await cli('plugin', 'test', file('unknown.mjs', '', "forward: ([x], _, { tf }) => [tf.pow(x, 3)], vjp: ({ dy }) => [dy[0]]")); // prettier-ignore
    expect(unknown).toMatchObject({ code: 1, out: expect.stringMatching(/onnxruntime does not run com\.example\.Cube, and no `canonicalize` writes it in ops that it runs/) }); // prettier-ignore
  });

  test('a rule for an op that only onnxruntime knows is held against it, and one that is wrong fails', async () => {
    const tail = (factor: number): string => `
import { caseOf, defineOp, text, uniform } from 'lan-onnx/ops';
const domain = 'com.microsoft';
const cDist = defineOp({
  op: 'CDist', domain, versions: [1], attributes: { metric: text('sqeuclidean') },
  size: (n) => [[n.dims(0)[0], n.dims(1)[0]]], grows: true,
  forward: ([a, b], _, { tf }) => [tf.sum(tf.square(tf.sub(tf.expandDims(a, 1), tf.expandDims(b, 0))), 2)],
  vjp: ({ x: [a, b], dy: [dy], needs }, _, g) => {
    const pull = (p, q, d) => g.mul(g.scalar(${factor}), g.sub(g.mul(p, g.reduceSum(d, [1], true)), g.matMul(d, q)));
    return [needs[0] ? pull(a, b, dy) : undefined, needs[1] ? pull(b, a, g.transpose(dy, [1, 0])) : undefined];
  },
});
export default { name: 'distances', ops: [cDist], cases: [caseOf('of rows', 'CDist', 1, [uniform([4, 3], 1), uniform([5, 3], 2)], { metric: 'sqeuclidean' }, { domain })] };
`;
    const right = await cli('plugin', 'test', written('cdist.mjs', tail(2)));
    expect(right).toMatchObject({
      code: 0,
      out: expect.stringMatching(/com\.microsoft\.CDist +│ CDist of rows +│ onnxruntime /),
    });
    const wrong = await cli('plugin', 'test', written('cdist-wrong.mjs', tail(2.02)));
    expect(wrong).toMatchObject({
      code: 1,
      out: expect.stringMatching(/FAIL .*gradient of x0, tfjs .* against onnx: differs by 0\.0/),
    });
    const json = JSON.parse((await cli('plugin', 'test', at('cdist.mjs'), '--json')).out) as { passes: boolean; tests: object[] };
    expect(json).toMatchObject({ schema: 'lan-onnx/plugin-test@1', plugin: 'distances', passes: true });
    expect(json.tests).toMatchObject([{ kind: 'ops', name: 'com.microsoft.CDist', reference: 'onnxruntime', passes: true }]);
  });
});
