// Data with known features once more, answered by boosted trees: which features do masks by forward passes name, and at what price?
import { join } from 'node:path';
import { descending } from '../core/correlation.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { ensureWritable, writeAtomically } from '../data/files.js';
import { dialectModel } from '../engine/ort.js';
import { byForwardPasses } from '../explain/forward.js';
import { inquire } from '../explain/inquiry.js';
import { settingsFor } from '../explain/objective.js';
import { createNoise } from '../lan/noise.js';
import { openModel, type Classifier } from '../model/open.js';
import { encodeModel } from '../onnx/codec.js';
import { byMethod } from './by-method.js';
import { boost, treesGraph } from './data/boosted-trees.js';
import { FEATURES, neededOf, synSamples, type Syn } from './data/known-features.js';
import { words } from './fields.js';
import type { BoostedTreesConfig } from './kinds.js';
import { countOf, POOL, qualityOf, ratesOf, type Named } from './known-features.js';
import { atLeast, atMost, inParts, Interrupted, type Findings, type RunOptions, type Table, type Verdict } from './run.js';

const DATA = 'Syn1 to Syn3 of INVASE: eleven normal numbers, of which the answer depends on two or four; classes drawn by their probability'; // prettier-ignore

/** What one method names in each sample, and the forward passes that a sample took, in the mean. */
interface Explained {
  readonly named: readonly Named[];
  readonly passes: number;
}

/** Grows the trees and measures. Throws Interrupted, and LanError as masks and methods do. */
export async function boostedTrees(config: BoostedTreesConfig, _data: string | undefined, run: RunOptions): Promise<Findings> {
  const rows: (string | number)[][] = [];
  const metrics: Record<string, number> = {};
  const verdicts: Verdict[] = [];
  const seconds: Record<string, number> = {};
  const { limits, masks } = config;
  const names = words(config.data.sets) as Syn[];
  const sets = await inParts(run, 'sets', names.length, async (i, own) => {
    const start = performance.now();
    const found = await onSet(names[i]!, config, { ...own, folder: join(run.folder, names[i]!) });
    return { ...found, took: (performance.now() - start) / 1000 };
  });
  for (const [i, { needed, explained, took, ...quality }] of sets.entries()) {
    const set = names[i]!;
    metrics[`${set}_accuracy`] = quality.accuracy;
    metrics[`${set}_accuracy_of_the_exact_classifier`] = quality.exact;
    metrics[`${set}_divergence`] = quality.divergence;
    verdicts.push(atMost(`${set}: divergence of the trees from the exact classifier, in nats`, quality.divergence, limits['divergence']!)); // prettier-ignore
    const found = new Map<string, readonly [hits: number, wrong: number]>();
    for (const [method, { named, passes }] of explained) {
      const { rates, row } = ratesOf(needed, named, run.seed);
      rows.push([set, method, Math.round(passes), ...row]);
      found.set(method, [rates.truePositives.value, rates.falseDiscoveries.value]);
      metrics[`${set}_${method.replaceAll(/\W+/g, '_')}_passes`] = passes;
    }
    const [hits, wrong] = found.get(LONG)!;
    verdicts.push(
      atLeast(`${set}: needed features that the LAN names, by forward passes alone`, hits, limits['truePositives']!),
      atMost(`${set}: features named by it that are not needed`, wrong, limits['falseDiscoveries']!),
    );
    const other = found.get('kernelshap');
    const [soonHits, soonWrong] = found.get(SHORT)!;
    if (other) {
      const passes = 2 * masks.draws * masks.few;
      verdicts.push(
        atLeast(`${set}: needed features that the LAN names in ${passes} passes, less those of KernelSHAP in as many, which is told how many there are`, soonHits - other[0], 0), // prettier-ignore
        atMost(`${set}: features named that are not needed, less those of KernelSHAP, the same way`, soonWrong - other[1], 0),
      );
    }
    seconds[set] = took;
  }
  const table: Table = {
    file: 'features.csv',
    caption: `True positives and false discoveries in per cent, with 95 % bootstrap intervals over samples, and the forward passes that each sample took. lan: masks by forward passes (the engine that needs no gradients), which find by themselves how many features are needed, at full length and at KernelSHAP's number of passes; the others are told`,
    columns: ['set', 'method', 'forward passes', 'true positives', 'low', 'high', 'false discoveries', 'low', 'high', 'features named'], // prettier-ignore
    rows,
  };
  return { title: config.title, data: DATA, metrics, verdicts, tables: [table], figures: [], seconds };
}

/** The two lengths of the LAN's search among the methods. */
const [LONG, SHORT] = ['lan', 'lan, few passes'];

async function onSet(set: Syn, config: BoostedTreesConfig, run: RunOptions) {
  const { train, test } = config.data;
  const { seed, signal } = run;
  const classifier = await trained(set, config, run);
  try {
    const samples = synSamples(set, { count: test, first: 0, seed });
    const x = await samples.read(range(test), 0);
    const pool = float32(await synSamples(set, { count: Math.min(POOL, train), first: 2 * test, seed }).read(range(Math.min(POOL, train)), 0), [Math.min(POOL, train), FEATURES]); // prettier-ignore
    const needed = range(test).map((i) => neededOf(set, x.subarray(i * FEATURES, (i + 1) * FEATURES)));
    const one = (i: number): Tensor => float32(x.slice(i * FEATURES, (i + 1) * FEATURES), [1, FEATURES]);
    const noiseOf = (sample: Tensor) => createNoise('bootstrap:training', { x: sample, low: 0, high: 1, samples: pool });
    const explained = new Map<string, Explained>();
    const all = async (method: string, of: (i: number) => Promise<{ marks: Named; passes: number }>): Promise<void> => {
      run.onPhase?.(`${set}: ${test} samples by ${method}`);
      const named: Named[] = [];
      let passes = 0;
      for (let i = 0; i < test; i++) {
        if (signal?.aborted) throw new Interrupted();
        const found = await of(i);
        named.push(found.marks);
        passes += found.passes / test;
      }
      explained.set(method, { named, passes });
    };
    const { beta, draws, iterations, few } = config.masks;
    for (const [method, steps] of [
      [LONG, iterations],
      [SHORT, few],
    ] as const)
      // prettier-ignore
      await all(method, async (i) => {
        const { x: sample, p, answer } = await inquire(classifier, one(i), {});
        const settings = settingsFor(classifier, 'default', { draws, iterations: steps, learningRate: RATE * Math.sqrt(iterations / steps), seed: seed + i }); // prettier-ignore
        const masks = byForwardPasses(classifier, settings, { signal });
        const { mask, forwardPasses = 0 } = await masks.of({ x: sample, p, answer, noise: noiseOf(sample), beta });
        return { marks: Uint8Array.from(toFloat32(mask), (v) => 1 - v), passes: forwardPasses };
      });
    for (const name of words(config.methods.names)) {
      const method = byMethod(name, classifier, 'full');
      try {
        await all(name, async (i) => {
          const { attribution, need, passes } = await method.of(one(i), noiseOf(one(i)), seed + i);
          const sizes = attribution ? toFloat32(attribution).map(Math.abs) : toFloat32(need).map(SIGNED.has(name) ? Math.abs : same); // prettier-ignore
          const marks = new Uint8Array(FEATURES);
          for (const j of descending(sizes).subarray(0, countOf(needed[i]!))) marks[j] = 1;
          return { marks, passes: passes.forward };
        });
      } finally {
        await method.dispose();
      }
    }
    const p = await classifier.predict(float32(x, [test, FEATURES]));
    return { needed, explained, ...qualityOf(set, samples, x, p) };
  } finally {
    await classifier.dispose();
  }
}

/** Of the default, at which the long search goes; a shorter one has to go faster. */
const RATE = 0.1;
/** Methods whose values have a sign: a feature that speaks against the answer is needed as well. */
const SIGNED: ReadonlySet<string> = new Set(['kernelshap', 'lime', 'occlusion']);
const same = (v: number): number => v;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Grows the trees, writes trees.onnx and opens it as any third party's model. */
async function trained(set: Syn, { data, trees }: BoostedTreesConfig, run: RunOptions): Promise<Classifier> {
  await ensureWritable(run.folder);
  run.onPhase?.(`${set}: growing ${trees.trees} trees on ${data.train} samples`);
  const samples = synSamples(set, { count: data.train, first: 2 * data.test, seed: run.seed });
  const x = await samples.read(range(data.train), 0);
  const ensemble = boost(x, samples.labels!, FEATURES, trees, () => {
    if (run.signal?.aborted) throw new Interrupted();
  });
  const path = join(run.folder, 'trees.onnx');
  await writeAtomically(path, encodeModel(dialectModel(treesGraph(ensemble))));
  // Made here: no trial in a process of its own, which many trees outlast on a busy machine.
  return openModel(path, { engine: 'forward', threads: run.threads, trust: true });
}
