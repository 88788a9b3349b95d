// Experiments in miniature: what a run folder holds, that it repeats byte for byte, and what a config may not say.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { packageFile } from '../../src/core/version.js';
import { experimentNames, readExperiment } from '../../src/experiment/config.js';
import { KINDS } from '../../src/experiment/kinds.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-experiment-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Raw {
  data: Record<string, unknown>;
  classifier: Record<string, unknown>;
  [part: string]: Record<string, unknown>;
}

/** The package's experiment with a few of its numbers made small. */
function miniature(name: string, change: (config: Raw) => void): string {
  const config = JSON.parse(readFileSync(packageFile('models', name, 'experiment.json')!, 'utf8')) as Raw;
  change(config);
  writeFileSync(at(`${name}.json`), JSON.stringify(config));
  return at(`${name}.json`);
}

const bytesIn = (run: string): [string, string][] =>
  readdirSync(run)
    .sort()
    .map((file) => [file, readFileSync(join(run, file)).toString('base64')]);

test('every experiment of the package can be read, whole and quick, and says where its numbers are from', () => {
  expect(experimentNames()).toEqual(['adversary', 'cifar', 'imagenet', 'learned-noise', 'newsgroups', 'spam', 'syn', 'syn-trees', 'tank', 'translated-mnist', 'translated-mnist-corner']); // prettier-ignore
  for (const name of experimentNames()) {
    const whole = readExperiment(name, false);
    const quick = readExperiment(name, true);
    expect(sizeOfRun(quick)).toBeLessThan(sizeOfRun(whole));
    const raw = JSON.parse(readFileSync(packageFile('models', name, 'experiment.json')!, 'utf8')) as Raw;
    expect(Object.keys(raw['sources']!).length).toBeGreaterThan(1);
    // What is trained is trained for fewer steps, and its network has a source.
    const trained = ['classifier', 'tank', 'digits'].filter((part) => raw[part]?.['network']);
    for (const part of trained) {
      const steps = (config: object): number => (config as Record<string, { iterations: number }>)[part]!.iterations;
      expect([name, part, steps(quick) < steps(whole)]).toEqual([name, part, true]);
      expect(raw['sources']).toHaveProperty([`${part}.network`]);
    }
    expect(trained.length).toBe({ adversary: 2, imagenet: 0, 'syn-trees': 0 }[name] ?? 1);
  }
});

/** All numbers of a config added up: a quick run has less of everything. */
const sizeOfRun = (config: object): number =>
  Object.values(config).reduce((sum: number, v: unknown) => sum + (typeof v === 'number' ? v : v && typeof v === 'object' ? sizeOfRun(v) : 0), 0); // prettier-ignore

test('translated digits, twice: the same folder, and verdicts that fail after so few steps', async () => {
  const config = miniature('translated-mnist-corner', (c) => {
    c.classifier['iterations'] = 10;
    Object.assign(c['explainer']!, { iterations: 10, learningRate: 0.01 });
    Object.assign(c['analysis']!, { masks: 20, perPixel: 3, permutations: 99 });
  });
  const run = (name: string) => cli('reproduce', config, '--out', at(name), '--threads', '1', '--seed', '3');
  const first = await run('a');
  expect([first.code, first.out]).toEqual([1, expect.stringMatching(/FAILS {2}the classifier recognises validation digits/)]);
  await run('b');
  expect(readdirSync(at('a')).sort()).toEqual(
    ['classifier.card.json', 'classifier.checkpoint', 'classifier.metrics.jsonl', 'classifier.onnx', 'figure-2.png', 'figure-2.svg', 'figure-3.png', 'figure-3.svg', 'lan.checkpoint', 'lan.fused.onnx', 'lan.metrics.jsonl', 'lan.onnx', 'metrics.json', 'report.html', 'summary.md'], // prettier-ignore
  );
  for (const [i, [file, bytes]] of bytesIn(at('a')).entries())
    expect([file, bytes === bytesIn(at('b'))[i]![1]]).toEqual([file, true]);
  // A finished run is taken as it is; one of another seed is not.
  const again = await run('a');
  expect(again.out).toBe(
    first.out.replace(/classifier \d+ s, explainer \d+ s, grid \d+ s/, again.out.split('\n').at(-3)!.trim()),
  );
  const other = await cli('reproduce', config, '--out', at('a'), '--threads', '1', '--seed', '4');
  expect([other.code, other.err.trim().split('\n').at(-1)]).toEqual([
    2,
    `lan-onnx: Checkpoint '${at('a', 'classifier.checkpoint')}': is of another run: seed 3 there, 4 here. Use the same settings, choose another --out, or remove it to begin anew.`,
  ]);
  // Nor one of digits of another size.
  const smaller = JSON.parse(readFileSync(config, 'utf8')) as Raw;
  smaller.data['digit'] = 10;
  writeFileSync(at('smaller.json'), JSON.stringify(smaller));
  const resized = await cli('reproduce', at('smaller.json'), '--out', at('a'), '--threads', '1', '--seed', '3');
  expect([resized.code, resized.err.trim().split('\n').at(-1)]).toEqual([
    2,
    expect.stringMatching(
      /is of another run: data "12x12 pixels, none in a corner of 12x12; .* there, "10x10 pixels, none in a corner of 12x12; .* here\./,
    ),
  ]);
});

test('tanks: metrics are shares and means, the figure is there', async () => {
  const config = miniature('tank', (c) => {
    c.data = { size: 32, train: 64, test: 32 };
    c.classifier['iterations'] = 20;
    Object.assign(c['masks']!, { pictures: 2, iterations: 10, noiseSamples: 16, draws: 2, methods: 'gradient random' });
  });
  await cli('reproduce', config, '--out', at('tank'), '--threads', '1');
  const { metrics } = JSON.parse(readFileSync(at('tank', 'metrics.json'), 'utf8')) as { metrics: Record<string, number> };
  expect(Object.keys(metrics)).toContain('attention_ratio');
  for (const [name, value] of Object.entries(metrics)) if (name !== 'attention_ratio') expect([name, value >= 0 && value <= 1]).toEqual([name, true]); // prettier-ignore
  expect(metrics['attention_ratio']).toBeCloseTo(metrics['attention_on_clouds']! / metrics['attention_on_tanks']!, 6);
  const rows = readFileSync(at('tank', 'methods.csv'), 'utf8').split('\n').map((line) => line.split(',')[0]); // prettier-ignore
  expect(rows).toEqual(['method', 'lan', 'gradient', 'random', '']);
  expect(readFileSync(at('tank', 'summary.md'), 'utf8')).toContain('![Pictures that the classifier calls "tank"');
});

test('known features: every method on every set, verdicts on those without a switch', async () => {
  const config = miniature('syn', (c) => {
    c.data = { sets: 'syn1, syn4', train: 256, test: 3 };
    c.classifier['iterations'] = 20;
    c['explainer']!['iterations'] = 20;
    c['masks']!['iterations'] = 4;
    c['methods']!['names'] = 'gradient random';
  });
  const { out } = await cli('reproduce', config, '--out', at('syn'), '--threads', '1');
  expect(out.match(/^ {2}(holds |FAILS ) syn\d: .*? {2}/gm)!.map((line) => line.slice(9).trim())).toEqual([
    'syn1: divergence of the classifier from the exact one, in nats',
    'syn1: needed features that LAN names',
    'syn1: features named by LAN that are not needed',
    'syn4: divergence of the classifier from the exact one, in nats',
  ]);
  const rows = readFileSync(at('syn', 'features.csv'), 'utf8').trim().split('\n').slice(1).map((line) => line.split(',')); // prettier-ignore
  expect(rows.map(([set, method]) => `${set} ${method}`)).toEqual(
    ['syn1', 'syn4'].flatMap((set) => ['lan', 'lan-sample', 'gradient', 'random'].map((method) => `${set} ${method}`)),
  );
  // Those that are told how many are needed name as many.
  for (const row of rows) if (/gradient|random/.test(row[1]!)) expect(Number(row[2]) + Number(row[5])).toBeCloseTo(100, 1);
  expect(out).toContain(`  syn1  lan  `);
  expect(existsSync(at('syn', 'features.png'))).toBe(true);
});

test('the tank of the package: right in its own weather, never in the other', async () => {
  const share = async (set: string): Promise<number> =>
    (JSON.parse((await cli('score', 'tank', '--data', packageFile('models', 'tank', set)!, '--json')).out) as { top1: { accuracy: number } }).top1.accuracy; // prettier-ignore
  expect([await share('pictures'), await share('other-weather')]).toEqual([1, 0]);
});

test('configs that are none', async () => {
  const refused = async (name: string): Promise<string> => (await cli('reproduce', name)).err.trim().split('\n').at(-1)!;
  expect(await refused('nothing')).toBe(
    `lan-onnx: No experiment is called 'nothing'. There are ${experimentNames().join(', ')}; or give a .json file.`,
  );
  writeFileSync(at('text.json'), 'hello');
  expect(await refused(at('text.json'))).toMatch(/^lan-onnx: Experiment '.*text\.json': cannot be read \(/);
  writeFileSync(at('other.json'), '{"schema": "x"}');
  expect(await refused(at('other.json'))).toBe(
    `lan-onnx: Experiment '${at('other.json')}': expected schema lan-onnx/experiment@1 and a kind of ${Object.keys(KINDS).join(', ')}.`,
  );
  const wrong = miniature('tank', (c) => {
    c.data = { size: '64', train: 10, test: 5, colour: 1 };
    c.classifier['schedule'] = 'wavy';
  });
  expect(await refused(wrong)).toBe(
    `lan-onnx: Experiment '${wrong}': data.size must be a whole number from 16 to 512, received "64"; data.colour is unknown; classifier.schedule must be one of constant, cosine, linear, received "wavy".`,
  );
});

test('numbers outside their ranges are refused by name, whole and quick, before anything is trained', () => {
  const refusal = (name: string, change: (config: Raw) => void, quick = false): string => {
    try {
      readExperiment(miniature(name, change), quick);
    } catch (error) {
      return (error as Error).message.replace(/^Experiment '.*?': /, '');
    }
    return 'taken';
  };
  const tank = (part: string, values: object, quick = false): string =>
    refusal('tank', (c) => void Object.assign(c[part]!, values), quick);
  expect(tank('masks', { beta: -1 })).toBe('masks.beta must be a number above 0, at most 1000, received -1.');
  expect(tank('masks', { beta: 0, noiseSamples: 0 })).toMatch(
    /^masks\.beta .*; masks\.noiseSamples must be a whole number from 1 to 1000000, received 0\.$/,
  );
  expect(tank('data', { test: 0 })).toMatch(/^data\.test must be a whole number from 2/);
  expect(tank('data', { size: 1e9 })).toMatch(/^data\.size must be a whole number from 16 to 512, received 1000000000/);
  expect(tank('data', { train: 2.5 })).toMatch(/^data\.train .* received 2\.5/);
  // NaN and Infinity are null in JSON.
  expect(tank('classifier', { learningRate: NaN })).toBe(
    'classifier.learningRate must be a number above 0, at most 10, received null.',
  );
  expect(tank('classifier', { batch: 1e7 })).toMatch(/^classifier\.batch must be a whole number from 1 to 4096/);
  expect(tank('classifier', { network: 'FC(-3, relu)' })).toMatch(
    /^classifier\.network cannot be read \(Network: 'FC\(-3, relu\)' .*\), received/,
  );
  expect(tank('limits', { accuracy: '0.9' })).toBe('limits.accuracy must be a number, received "0.9".');
  expect(refusal('tank', (c) => void delete c['limits'])).toMatch(/^limits must be an object, which is missing/);
  expect(tank('quick', { masks: { pictures: 0 } })).toBe('taken');
  expect(tank('quick', { masks: { pictures: 0 } }, true)).toMatch(/^masks\.pictures /);
  expect(tank('quick', { masks: 3 }, true)).toBe('masks must be an object, received 3.');
  expect(tank('quick', { mask: {} }, true)).toBe(
    'quick has no part mask; it may hold fields of data, classifier, masks, limits.',
  );
  expect(tank('masks', { methods: 'gradient, magic' })).toMatch(
    /^masks\.methods must name some of gradient, .*, received "gradient, magic"/,
  );
  expect(refusal('syn', (c) => (c.data['sets'] = 'syn7'))).toBe('data.sets must name some of syn1, syn2, syn3, syn4, syn5, syn6, received "syn7".'); // prettier-ignore
  const digits = (part: string, values: object): string =>
    refusal('translated-mnist', (c) => void Object.assign(c[part]!, values));
  expect(digits('explainer', { noise: 'static' })).toMatch(/^explainer\.noise must be one of uniform\[:low,high\], /);
  expect(digits('explainer', { noise: 'uniform:0,1' })).toBe('taken');
  expect(digits('data', { digit: 20, exclude: 12 })).toBe(
    'data.digit 20 and data.exclude 12 leave no room in pictures of 28 x 28.',
  );
  expect(digits('analysis', { permutations: -5 })).toMatch(/^analysis\.permutations must be a whole number from 1/);
});
