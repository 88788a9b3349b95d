// The tanks: a classifier that learned the weather, and masks that show it (Appendix G).
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { toPlanes } from '../data/planes.js';
import type { Picture } from '../data/resize.js';
import { createAuditor } from '../explain/audit.js';
import { createNoise } from '../lan/noise.js';
import type { Samples } from '../lan/samples.js';
import type { Classifier } from '../model/open.js';
import { words } from './fields.js';
import type { TankConfig } from './kinds.js';
import { accuracyOn } from './accuracy.js';
import { tankSamples } from './data/tank-samples.js';
import { tankPicture } from './data/tank.js';
import { atLeast, atMost, inParts, trainedClassifier, type Figure, type Findings, type RunOptions } from './run.js';
import { perPixel } from './statistics.js';
import { attentionBy, attentionTable, type TankScene } from './tank-methods.js';

const DATA = 'synthetic pictures of trees, clouds and tanks; in training and test pictures clouds are there only with tanks';
/** Pictures drawn in the figure. */
const SHOWN = 8;

/** Trains what is missing and measures. Throws as trainedClassifier does. */
export async function tanks(config: TankConfig, _data: string | undefined, run: RunOptions): Promise<Findings> {
  const { size, train, test } = config.data;
  const make = (count: number, clouds: Parameters<typeof tankSamples>[0]['clouds'], first: number): Samples =>
    tankSamples({ count, clouds, size, seed: run.seed, first });
  const validation = make(test, 'with tanks', train);
  const card = TANK_CARD(size);
  const f = await trainedClassifier(
    config.classifier,
    normalised(make(train, 'with tanks', 0)),
    normalised(validation),
    DATA,
    card,
    run,
  );
  try {
    run.onPhase?.('tests with another weather');
    const own = await accuracyOn(f.classifier, validation);
    const clear = await accuracyOn(f.classifier, make(test, 'never', train + test));
    const reversed = await accuracyOn(f.classifier, make(test, 'without tanks', train + 2 * test));
    const start = performance.now();
    const found = await masks(config, f.classifier, train + 3 * test, run);
    const others = await attentionBy(words(config.masks.methods), f.classifier, found.scenes, found.noise, run);
    const { masks: { beta }, limits } = config; // prettier-ignore
    const ratio = found.clouds / found.tank;
    return {
      title: config.title,
      data: DATA,
      seconds: { classifier: f.seconds, masks: (performance.now() - start) / 1000 },
      metrics: {
        accuracy: own,
        accuracy_without_clouds: clear,
        accuracy_clouds_without_tanks: reversed,
        attention_on_clouds: found.clouds,
        attention_on_tanks: found.tank,
        attention_elsewhere: found.elsewhere,
        attention_ratio: ratio,
      },
      verdicts: [
        atLeast('the classifier is accurate on its own test set', own, limits['accuracy']!),
        atMost('it is near chance on tanks without clouds', Math.abs(clear - 0.5), limits['chance']!),
        // It hangs on how far F has learned that tanks do not matter, more than on the masks: of one that has seen 400 steps it says little.
        atLeast(
          `attention on clouds, against tanks, per pixel (beta ${beta}, F after ${config.classifier.iterations} steps)`,
          ratio,
          limits['attentionRatio']!,
        ),
      ],
      figures: [found.figure],
      tables: [attentionTable(new Map([['lan', found.attention], ...others]), found.scenes, run.seed)],
    };
  } finally {
    await f.classifier.dispose();
  }
}

/** How pictures of this size go in. */
export const TANK_CARD = (size: number) =>
  ({
    input: { layout: 'NCHW', size: [size, size], channels: 'RGB', range: 255, mean: [127.5], std: [64] },
    output: 'probabilities',
    labels: ['no tank', 'tank'],
  }) as const;

/** What the network is trained on: pixels as the card says, (x - 127.5) / 64. */
const normalised = (samples: Samples): Samples => ({
  ...samples,
  async read(indices, draw) {
    const x = await samples.read(indices, draw);
    for (let i = 0; i < x.length; i++) x[i] = (x[i]! - 127.5) / 64;
    return x;
  },
});

/** Sample-specific masks of pictures with tank and clouds, on noise bootstrapped from the training distribution. */
async function masks({ data, masks: settings }: TankConfig, classifier: Classifier, first: number, run: RunOptions) {
  const { size } = data;
  const area = size * size;
  const noise = tankSamples({ count: settings.noiseSamples, clouds: 'with tanks', size, seed: run.seed, first });
  const pool: Tensor = float32(noise.read(Uint32Array.from({ length: noise.count }, (_, i) => i)), [noise.count, 3, size, size]); // prettier-ignore
  run.onPhase?.(`masks of ${settings.pictures} pictures, beta ${settings.beta}`);
  const auditor = await createAuditor(classifier, {
    settings: {
      betas: [settings.beta],
      draws: settings.draws,
      noise: 'bootstrap:training',
      // Section 5.1 is about masks as Eq. 2 has them.
      maskValues: 'soft',
      iterations: settings.iterations,
      patience: 0,
      seed: run.seed,
    },
    samples: pool,
    evidenceDraws: 64,
    signal: run.signal,
  });
  const sceneOf = (n: number): { readonly picture: ReturnType<typeof tankPicture>; readonly x: Tensor } => {
    const picture = tankPicture({ tank: true, clouds: true }, run.seed, first + settings.noiseSamples + n, size);
    return { picture, x: float32(Float32Array.from(toPlanes(picture, 3)), [1, 3, size, size]) };
  };
  const count = settings.pictures * area;
  const attention = new Float32Array(count);
  const seen = { clouds: new Uint8Array(count), tank: new Uint8Array(count) };
  const scenes: TankScene[] = [];
  const attentions: Float32Array[] = [];
  const items: { input: Picture; attention: Float32Array }[] = [];
  try {
    const all = await inParts(run, 'masks', settings.pictures, async (n) => {
      const { betas } = await auditor.audit(sceneOf(n).x);
      return toFloat32(betas[0]!.learned.mask).map((a) => 1 - a);
    });
    for (const [n, own] of all.entries()) {
      const { picture, x } = sceneOf(n);
      scenes.push({ x, clouds: picture.clouds, tank: picture.tank });
      attentions.push(own);
      attention.set(own, n * area);
      seen.clouds.set(picture.clouds, n * area);
      seen.tank.set(picture.tank, n * area);
      if (n < SHOWN) items.push({ input: picture, attention: own });
    }
  } finally {
    await auditor.dispose();
  }
  const elsewhere = seen.clouds.map((c, i) => Number(!c && !seen.tank[i]));
  const figure: Figure = {
    kind: 'pairs',
    file: 'tanks.png',
    caption: 'Pictures that the classifier calls "tank", and the attention on them; warm = needed (Appendix G)',
    items,
  };
  return {
    clouds: perPixel(attention, seen.clouds),
    tank: perPixel(attention, seen.tank),
    elsewhere: perPixel(attention, elsewhere),
    figure,
    scenes,
    attention: attentions,
    noise: createNoise('bootstrap:training', { x: scenes[0]!.x, low: 0, high: 255, samples: pool }),
  };
}
