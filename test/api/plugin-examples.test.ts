// The plug-ins of examples/plugins, one of each kind: what they compute, by closed forms, and each at work in the command line as its first lines say.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { random } from '../../src/core/random.js';
import { float32, toFloat32, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { readImage } from '../../src/data/images.js';
import { openDataset } from '../../src/data/open-dataset.js';
import type { Batch } from '../../src/data/dataset.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { specialize } from '../../src/compile/specialize.js';
import { audit, exportGradient, openModel, type AuditDocument, type Plugin } from '../../src/index.js';
import { withOwnMetrics, type MetricSubject } from '../../src/evidence/metric.js';
import { createExplainer } from '../../src/lan/amortised.js';
import { lossOf } from '../../src/lan/losses.js';
import { createNoise } from '../../src/lan/noise.js';
import { openModel as openInternal } from '../../src/model/open.js';
import { adapters, GraphBuilder } from '../../src/ops.js';
import { cli } from '../support/command.js';
import { folderWithPackage } from '../support/plugins.js';

const root = resolve(import.meta.dirname, '../..');
const examples = join(root, 'examples/plugins');
const pictures = join(root, 'models/tank/pictures');
const picture = join(pictures, 'tank/05.png');
let folder: string;
beforeAll(() => {
  folder = folderWithPackage();
  cpSync(examples, folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const example = async (name: string): Promise<Plugin> =>
  ((await import(pathToFileURL(at(name)).href)) as { default: Plugin }).default;

test('the page shows each of them, letter by letter', () => {
  const page = readFileSync(join(root, 'docs/plugins.md'), 'utf8');
  for (const name of readdirSync(examples)) {
    expect([name, page.includes(`](../examples/plugins/${name})`)]).toEqual([name, true]);
    expect([name, page.includes(`\`\`\`js\n${readFileSync(join(examples, name), 'utf8')}\`\`\`\n`)]).toEqual([name, true]);
  }
});

describe('what they compute', () => {
  test('noise: the input times a normal number, clipped, the same for the same draw', async () => {
    const plugins = [await example('noise.mjs')];
    const context = { x: float32([10, 0, 200], [1, 3]), low: 0, high: 255, plugins };
    const noise = createNoise('speckle:0.5', context);
    expect([noise.name, noise.random]).toEqual(['speckle:0.5', true]);
    const out = new Float32Array(6);
    noise.fill(out, random(1, 1), 3);
    const factors = random(1, 1).normal(new Float32Array(6), 3, 1, 0.5);
    const whole = [10, 0, 200, 10, 0, 200];
    expect(Array.from(out)).toEqual(whole.map((v, i) => Math.fround(Math.min(255, Math.max(0, factors[i]! * v)))));
    expect(() => createNoise('speckle:-1', context)).toThrow("`noise` 'speckle:-1': expected a deviation above 0.");
    expect(() => createNoise('speckled', context)).toThrow(/unknown family\. Expected .* \| speckle\[:deviation\]\.$/);
  });

  test('output loss: half the sum of squared differences of roots, mean over rows', async () => {
    const plugins = [await example('output-loss.mjs')];
    const [p, t] = [[0.2, 0.8], [0.5, 0.5]] as const; // prettier-ignore
    const g = new GraphBuilder();
    const logP = g.input('logP', 'float32', [2, 2]);
    g.output(lossOf(g, { outputLoss: 'hellinger', plugins }, logP, g.constant(float32([...t], [1, 2])), 2), 'loss');
    const program = await createOrtEngine(adapters, { threads: 1 }).compile(await specialize(g.build(), {}, probe, adapters));
    const { loss } = await program.run({ logP: float32([...p, ...t].map(Math.log), [2, 2]) });
    await program.dispose();
    const distance = 0.5 * ((Math.sqrt(0.2) - Math.sqrt(0.5)) ** 2 + (Math.sqrt(0.8) - Math.sqrt(0.5)) ** 2);
    expect(toNumbers(loss!)[0]).toBeCloseTo(distance / 2, 6);
    expect(() => lossOf(g, { outputLoss: 'hellingr', plugins }, logP, logP, 2)).toThrow("`outputLoss`: no loss is called 'hellingr'. Expected one of cross-entropy, kl, squared-error, hellinger."); // prettier-ignore
  });

  test('metric: a quarter of an even need lies in the middle, none of a corner', async () => {
    const plugins = [await example('metric.mjs')];
    const of = async (need: Tensor): Promise<number> =>
      (await withOwnMetrics([], plugins, { need } as MetricSubject)).map((m) => m.value)[0]!;
    expect(await of(float32(new Float32Array(64).fill(0.3), [1, 1, 8, 8]))).toBeCloseTo(0.25, 12);
    expect(
      await of(
        float32(
          Float32Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0)),
          [1, 1, 8, 8],
        ),
      ),
    ).toBe(0);
  });

  test('mask network: one mask value a pixel, its weights from the seed, in the names of its parameters', async () => {
    const plugins = [await example('mask-network.mjs')];
    const { network, maskShape } = createExplainer('neighbourhood', [3, 6, 7], 'pixel', { offset: 0, factor: 1 }, plugins);
    expect([network.outputShape, maskShape]).toEqual([[1, 6, 7], [1, 6, 7]]); // prettier-ignore
    expect(network.parameters.map((p) => [p.name, p.dims.join()])).toEqual([['lan.near', '8,3,5,5'], ['lan.near.bias', '8'], ['lan.mix', '1,8,1,1'], ['lan.mix.bias', '1']]); // prettier-ignore
    const [first, again, other] = [network.initial(1), network.initial(1), network.initial(2)];
    expect(first).toEqual(again);
    expect(first['lan.near']).not.toEqual(other['lan.near']);
    // Glorot: uniform within sqrt(6 / (fan-in + fan-out)); biases 0.
    expect(Math.max(...first['lan.near']!.map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(6 / (25 * 3 + 25 * 8)));
    expect(first['lan.near.bias']).toEqual(new Float32Array(8));
  });

  test('preprocessing: the model sees pixels to the power of 1 / 2.2, in predictions and where gradients are taken', async () => {
    const plugins = [await example('preprocessing.mjs')];
    await using plain = await openInternal('tank');
    await using seen = await openInternal('tank', { plugins, card: { input: { preprocessing: 'gamma' } } });
    const { tensor } = await readImage(picture, { width: 64, height: 64, channels: 3, range: 255 });
    const bright = { ...tensor, data: toFloat32(tensor).map((v) => 255 * Math.max(v / 255, 1e-3) ** (1 / 2.2)) };
    const [a, b] = [toFloat32(await plain.predict(bright)), toFloat32(await seen.predict(tensor))];
    expect(Math.max(...a.map((v, i) => Math.abs(v - b[i]!)))).toBeLessThan(1e-5);
    const { agreement } = await audit(seen, picture, { iterations: 1, preset: 'quick', evidenceDraws: 1 });
    expect(agreement).toBeLessThan(1e-5);
    await expect(openModel('tank', { card: { input: { preprocessing: 'gamma' } } })).rejects.toMatchObject({ code: 'usage', problem: "The card asks for the preprocessing 'gamma', which no plug-in that was given has." }); // prettier-ignore
  });
});

describe('at work', () => {
  const quick = ['--iterations', '3', '--evidence-draws', '8', '--threads', '1'];
  const documentIn = (out: string): AuditDocument =>
    JSON.parse(readFileSync(at(join(out, '05/audit.json')), 'utf8')) as AuditDocument;

  test('noise, output loss, metric with --fail-on, report section: in one audit', async () => {
    const names = ['noise.mjs', 'output-loss.mjs', 'metric.mjs', 'report-section.mjs'];
    const flags = names.flatMap((name) => ['--plugin', at(name)]);
    const chosen = ['--noise', 'speckle:0.5', '--loss', 'hellinger', '--beta', '0.3', '--fail-on', 'central>=0', '--junit', at('a.xml')]; // prettier-ignore
    const { code, err } = await cli('audit', 'tank', '--image', picture, ...flags, ...chosen, ...quick, '--out', at('a'));
    expect(code).toBe(1);
    expect(err).toContain(`note: plug-in 'hellinger' of ${at('output-loss.mjs')}: output loss hellinger\n`);
    const { settings, betas } = documentIn('a');
    expect(settings).toMatchObject({ noise: 'speckle:0.5', outputLoss: 'hellinger' });
    expect(betas[0]!.metrics.at(-1)).toMatchObject({ name: 'central', better: 'higher', source: 'a plug-in' });
    expect(readFileSync(at('a.xml'), 'utf8')).toContain('central is ');
    expect(readFileSync(at('a/05/report.html'), 'utf8')).toContain('Noise: speckle:0.5; seed 0.');
    const unknown = await cli('audit', 'tank', '--image', picture, ...flags, '--fail-on', 'centre>0', '--out', at('b'));
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("there is no metric 'centre'; expected one of replaceable, kept, soft-kept, noise-alone, central.") }); // prettier-ignore
    expect(existsSync(at('b'))).toBe(false);
  });

  test('method: in audit and in compare', async () => {
    const one = await cli('audit', 'tank', '--image', picture, '--plugin', at('method.mjs'), '--method', 'contrast', '--evidence-draws', '8', '--preset', 'quick', '--out', at('c')); // prettier-ignore
    expect(one.code).toBe(0);
    expect(documentIn('c')).toMatchObject({ method: { name: 'contrast', title: 'Contrast' } });
    const line = [
      'compare',
      'tank',
      '--image',
      picture,
      '--evidence-draws',
      '4',
      '--methods',
      'contrast,random',
      '--out',
      at('d'),
    ];
    expect(await cli(...line, '--plugin', at('method.mjs'))).toMatchObject({ code: 0, out: expect.stringMatching(/Contrast/) });
    expect(await cli(...line)).toMatchObject({
      code: 2,
      err: expect.stringContaining("--methods: no method is called 'contrast'."),
    });
  });

  test('mask network: trained, exported as ONNX, and used by an audit that knows nothing of the plug-in', async () => {
    const line = ['train', 'tank', '--data', pictures, '--lan', 'neighbourhood', '--iterations', '2', '--batch', '2', '--out', at('lan.onnx')]; // prettier-ignore
    expect(await cli(...line)).toMatchObject({ code: 2, err: expect.stringContaining("'neighbourhood'") });
    expect(await cli(...line, '--plugin', at('mask-network.mjs'))).toMatchObject({ code: 0 });
    const { code } = await cli('audit', 'tank', '--image', picture, '--lan', at('lan.onnx'), '--preset', 'quick', '--evidence-draws', '8', '--out', at('e')); // prettier-ignore
    expect(code).toBe(0);
    await using fused = await openModel(at('lan.fused.onnx'));
    expect(fused.outputs.map((o) => o.name)).toContain('mask');
  });

  test('reader: a data set of its own format is scored', async () => {
    const rows: object[] = [{ shape: [3, 64, 64], classes: ['no tank', 'tank'] }];
    for (const [label, name] of ['no tank', 'tank'].entries())
      for (const file of readdirSync(join(pictures, name)).slice(0, 2)) {
        const { tensor } = await readImage(join(pictures, name, file), { width: 64, height: 64, channels: 3, range: 255 });
        rows.push({ label, pixels: Array.from(toNumbers(tensor), Math.round) });
      }
    writeFileSync(at('some.pixels'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const line = ['score', 'tank', '--data', at('some.pixels'), '--json'];
    expect(await cli(...line)).toMatchObject({ code: 2, err: expect.stringContaining('is of no known kind') });
    const { code, out, err } = await cli(...line, '--plugin', at('reader.mjs'));
    expect([code, JSON.parse(out)]).toMatchObject([0, { count: 4, top1: { correct: 4, accuracy: 1 } }]);
    expect(err).toContain(`'${at('some.pixels')}' is read by 'pixels' of a plug-in`);
  });
});

describe('a part that fails is named, and is no bug of this package', () => {
  const x = float32([1, 2], [1, 2]);
  const noise = (create: unknown): Plugin[] => [{ name: 'a', noise: [{ name: 'odd', create } as never] }];
  const made = (create: unknown) => () => createNoise('odd', { x, low: 0, high: 1, plugins: noise(create) });

  test('noise: throws, gives no noise, gives NaN; a built-in name', () => {
    expect(made(() => { throw new TypeError('x is not iterable'); })).toThrow("The noise 'odd' of a plug-in failed: x is not iterable"); // prettier-ignore
    expect(made(() => 7)).toThrow("The noise 'odd' of a plug-in: expected it to give { name, random, fill }.");
    const filled = made(() => ({ name: 'odd', random: true, fill: (out: Float32Array) => void out.fill(NaN) }))();
    expect(() => filled.fill(new Float32Array(2), random(1, 1), 0)).toThrow('expected it to give finite numbers.');
    const plugins: Plugin[] = [{ name: 'a', noise: [{ name: 'uniform', create: () => filled }] }];
    expect(() => createNoise('uniform', { x, low: 0, high: 1, plugins })).toThrow("Plug-in 'a': there is a built-in noise 'uniform'. Give yours another name"); // prettier-ignore
    expect(createNoise('uniform', { x, low: 0, high: 1, plugins: [{ ...plugins[0]!, override: true }] }).name).toBe('uniform');
  });

  test('metric: no number, and the name of a built-in one', async () => {
    const rule = (name: string, value: unknown): Plugin[] => [{ name: 'a', metrics: [{ name, better: 'higher', definition: 'd', measure: () => value as number }] }]; // prettier-ignore
    const measured = [{ name: 'deletion', value: 1, better: 'lower', definition: 'd', source: 's' }] as const;
    await expect(withOwnMetrics(measured, rule('m', 'much'), {} as MetricSubject)).rejects.toMatchObject({ code: 'plugin', problem: "The metric 'm' of a plug-in: expected it to give a finite number, or { value, interval }." }); // prettier-ignore
    await expect(withOwnMetrics(measured, rule('m', { value: 1, interval: 0.1 }), {} as MetricSubject)).rejects.toMatchObject({ code: 'plugin' }); // prettier-ignore
    await expect(withOwnMetrics(measured, rule('deletion', 2), {} as MetricSubject)).rejects.toMatchObject({ problem: "Plug-in 'a': there is a built-in metric 'deletion'." }); // prettier-ignore
    expect(await withOwnMetrics(measured, [{ ...rule('deletion', 2)[0]!, override: true }], {} as MetricSubject)).toMatchObject([{ name: 'deletion', value: 2, source: 'a plug-in' }]); // prettier-ignore
  });

  test('reader: an object of a class is a data set, one that fails in reading is named, and labels are one a sample', async () => {
    class Two {
      readonly #x = float32([1, 2], [2, 1]);
      readonly format = 'npy';
      readonly length = 2;
      readonly numbered = true;
      readonly notes: string[] = [];
      constructor(readonly own: number[] = [3, 4]) {}
      get labels(): Int32Array {
        return Int32Array.from(this.own);
      }
      nameOf(i: number): string {
        return `sample ${i}`;
      }
      read(indices: readonly number[]): Promise<Batch> {
        return indices.length > 2 ? Promise.reject(new TypeError('x is not iterable')) : Promise.resolve({ indices, x: this.#x, unreadable: [] }); // prettier-ignore
      }
      close(): Promise<void> {
        return Promise.resolve();
      }
    }
    const opened = (set: Two) => openDataset(picture, { plugins: [{ name: 'a', readers: [{ name: 'r', reads: () => true, open: () => set as never }] }] }); // prettier-ignore
    await using data = await opened(new Two());
    expect([data.length, Array.from(data.labels!), data.nameOf(1), (await data.read([0, 1])).x.data]).toEqual([2, [3, 4], 'sample 1', Float32Array.of(1, 2)]); // prettier-ignore
    await expect(data.read([0, 1, 0])).rejects.toMatchObject({ code: 'plugin', problem: "The reader 'r' of a plug-in failed: x is not iterable" }); // prettier-ignore
    await expect(opened(new Two([3]))).rejects.toMatchObject({ code: 'plugin', problem: "The reader 'r' of a plug-in: expected it to give as many labels as samples, of which there are 2, not 1." }); // prettier-ignore
  });

  test('report section, mask network, preprocessing, reader: what cannot be used', async () => {
    const call = (plugin: Plugin, more: object = {}) => audit('tank', picture, { preset: 'quick', iterations: 1, evidenceDraws: 1, plugins: [plugin], ...more }); // prettier-ignore
    const section = await call({ name: 'a', reportSections: [{ name: 's', blocks: () => [{ type: 'html' } as never] }] });
    await expect(section.save(at('f'))).rejects.toMatchObject({ code: 'plugin', problem: expect.stringMatching(/^The report section 's' of a plug-in: expected it to give a list of blocks/) as unknown }); // prettier-ignore
    const gamma: Plugin = { name: 'a', preprocessing: [{ name: 'p', append: () => undefined as never }] };
    await expect(call(gamma, { card: { input: { preprocessing: 'p' } } })).rejects.toMatchObject({ code: 'plugin', problem: "The preprocessing 'p' of a plug-in: expected it to give the name of a value." }); // prettier-ignore
    // As many pixels in another order would be a scrambled picture.
    const turned: Plugin = {
      name: 'a',
      preprocessing: [{ name: 'p', append: (g, pixels) => g.transpose(pixels, [0, 2, 3, 1]) }],
    };
    const reordered = { code: 'plugin', problem: "The preprocessing 'p' of a plug-in: expected it to give pixels of the shape [1,3,64,64] that it gets, not [1,64,64,3]." }; // prettier-ignore
    await expect(call(turned, { card: { input: { preprocessing: 'p' } } })).rejects.toMatchObject(reordered);
    await expect(exportGradient('tank', { pixels: true, plugins: [turned], card: { input: { preprocessing: 'p' } } })).rejects.toMatchObject(reordered); // prettier-ignore
    const lan: Plugin[] = [{ name: 'a', maskNetworks: [{ name: 'n', create: () => ({}) as never }] }];
    expect(() => createExplainer('n', [3, 6, 7], 'pixel', { offset: 0, factor: 1 }, lan)).toThrow("The mask network 'n' of a plug-in: expected it to give a text in the notation"); // prettier-ignore
    writeFileSync(at('odd.pixels'), '');
    const odd = at('odd.mjs');
    writeFileSync(odd, "export default { name: 'a', readers: [{ name: 'r', reads: () => true, open: () => 3 }] };");
    expect(await cli('score', 'tank', '--data', at('odd.pixels'), '--plugin', odd)).toMatchObject({ code: 2, err: expect.stringContaining("The reader 'r' of a plug-in: expected it to give a dataset, such as datasetOf makes.") }); // prettier-ignore
  });
});
