// Translated MNIST: attention of a trained LAN, and the accuracy that it foretells (Section 5.1, Appendix A, Figures 2 and 3).
import { pearson } from '../core/correlation.js';
import { toFloat32 } from '../core/tensor.js';
import { DIGIT, readDigits, type Digits } from './data/digits.js';
import { fromPlanes } from '../data/planes.js';
import { placedName, translatedDigits, type Box, type TranslatedDigits } from './data/translated.js';
import type { Classifier } from '../model/open.js';
import { openExplainer } from '../explain/explainer.js';
import { accuracyMap, positionMap } from '../score/position-map.js';
import type { TranslatedConfig } from './kinds.js';
import {
  atLeast,
  atMost,
  trainedClassifier,
  trainedExplainer,
  type Figure,
  type Findings,
  type RunOptions,
  type Verdict,
} from './run.js';
import { boxRatio, permutationP, shiftP, smooth } from './statistics.js';

const PIXELS = DIGIT * DIGIT;
/** Pictures in 0..1, as they are. */
export const CARD = {
  input: { layout: 'NCHW', size: [DIGIT, DIGIT], channels: 'GREY', range: 1, mean: [0], std: [1] },
  output: 'probabilities',
} as const;
/** Samples whose masks are drawn in Fig. 2. */
const SHOWN = 16;
/** Draws of validation digits for masks, apart from those on which metrics are taken. */
const MASK_DRAW = 1_000_003;

/** Trains what is missing and measures. `data`: see readDigits. Throws as trainedClassifier and trainedExplainer do. */
export async function translatedMnist(config: TranslatedConfig, data: string | undefined, run: RunOptions): Promise<Findings> {
  const digits = await readDigits(data);
  const options = { side: config.data.digit, exclude: config.data.exclude };
  const train = translatedDigits(digits.train, { ...options, seed: run.seed });
  const validation = translatedDigits(digits.validation, { ...options, seed: run.seed + 1 });
  const named = placedName(digits.source, options);
  const f = await trainedClassifier(config.classifier, train, validation, named, CARD, run);
  try {
    const a = await trainedExplainer(config.explainer, f.classifier, train, validation, named, run);
    run.onPhase?.('masks of validation digits');
    const attention = await attentionOn(f.classifier, a.lan, validation, config.analysis.masks);
    run.onPhase?.(`accuracy of ${config.analysis.digit}x${config.analysis.digit} digits at each pixel`);
    const start = performance.now();
    const map = await accuracyOf(f.classifier, digits.validation, config, run);
    const seconds = { classifier: f.seconds, explainer: a.seconds, grid: (performance.now() - start) / 1000 };
    const found = measure(config, f.accuracy, attention, map, run.seed);
    const lan = {
      validation_loss: a.validation?.['validation_loss'] ?? NaN,
      validation_mask_mean: a.validation?.['validation_mask_mean'] ?? NaN,
    };
    return { title: config.title, data: digits.source, seconds, ...found, metrics: { ...found.metrics, ...lan } };
  } finally {
    await f.classifier.dispose();
  }
}

interface Attention {
  /** [count,28,28], 1 = needed. */
  readonly each: Float32Array;
  readonly count: number;
  readonly inputs: Float32Array;
  readonly boxes: readonly Box[];
}

/** Masks of a trained LAN on validation digits of every class. */
export async function attentionOn(
  classifier: Classifier,
  lan: Uint8Array,
  validation: TranslatedDigits,
  wanted: number,
): Promise<Attention> {
  const count = Math.min(wanted, validation.count);
  // Of every class: the digits lie class by class in some sources.
  const indices = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * validation.count) / count));
  const inputs = validation.read(indices, MASK_DRAW);
  const explainer = await openExplainer(lan, classifier);
  try {
    const masks = toFloat32(await explainer.explain({ type: 'float32', dims: [count, 1, DIGIT, DIGIT], data: inputs }));
    return { each: masks.map((m) => 1 - m), count, inputs, boxes: validation.boxes(count, MASK_DRAW) };
  } finally {
    await explainer.dispose();
  }
}

/** Accuracy of digits centred at each pixel, what reaches outside cut off, [28,28]. */
export async function accuracyOf(
  classifier: Classifier,
  { pixels, labels }: Digits,
  { analysis }: TranslatedConfig,
  run: RunOptions,
): Promise<Float32Array> {
  const objects = Array.from(labels, (label, i) => ({
    channels: 1 as const,
    height: DIGIT,
    width: DIGIT,
    pixels: pixels.subarray(i * PIXELS, (i + 1) * PIXELS),
    label,
  }));
  const size = [analysis.digit, analysis.digit] as const;
  const result = await positionMap(classifier, {
    objects,
    size,
    samples: analysis.perPixel,
    seed: run.seed,
    batch: 256,
    signal: run.signal,
  });
  return accuracyMap(result);
}

/** Figures, metrics and verdicts. Exported for tests. */
export function measure(
  { data, analysis, limits }: TranslatedConfig,
  accuracy: number,
  attention: Attention,
  map: Float32Array,
  seed: number,
): Pick<Findings, 'metrics' | 'verdicts' | 'figures'> {
  const { each, count } = attention;
  const mean = new Float32Array(PIXELS);
  for (let i = 0; i < each.length; i++) mean[i % PIXELS]! += each[i]! / count;
  // Over positions where a digit of that size lies wholly inside, as the paper shows.
  const half = Math.floor(analysis.digit / 2);
  const inside = (i: number, margin = half): boolean => {
    const [r, c] = [Math.floor(i / DIGIT), i % DIGIT];
    return r >= margin && c >= margin && r < DIGIT - margin && c < DIGIT - margin;
  };
  const positions = Array.from({ length: PIXELS }, (_, i) => i).filter((i) => inside(i));
  const at = (values: Float32Array, where = positions): Float32Array => Float32Array.from(where, (i) => values[i]!);
  const smoothed = smooth(mean, DIGIT, DIGIT, SMOOTHING);
  const correlation = pearson(at(mean), at(map));
  const p = permutationP(at(mean), at(map), analysis.permutations, seed);
  const border = average(
    map,
    positions.filter((i) => !inside(i, half + 3)),
  );
  const centre = average(
    map,
    positions.filter((i) => inside(i, DIGIT / 2 - 5)),
  );
  const { ratio, varianceOverInputs, spatialVariance } = spread(attention, mean);
  const metrics: Record<string, number> = {
    accuracy,
    mean_attention: average(mean),
    box_ratio: ratio,
    variance_over_inputs: varianceOverInputs,
    spatial_variance_of_mean: spatialVariance,
    correlation,
    correlation_smoothed: pearson(at(smoothed), at(map)),
    permutation_p: p,
    shift_p: shiftP(at(mean), at(map), DIGIT - 2 * half, DIGIT - 2 * half),
    accuracy_border: border,
    accuracy_centre: centre,
  };
  const verdicts: Verdict[] = [atLeast('the classifier recognises validation digits', accuracy, limits['accuracy']!)];
  if (data.exclude === 0) {
    verdicts.push(
      atLeast("attention inside the digit's square, against outside", ratio, limits['boxRatio']!),
      atLeast(
        'a fixed grid: spatial variance of the mean attention, against its variance over inputs',
        spatialVariance / varianceOverInputs,
        limits['gridRatio']!,
      ),
      atMost('accuracy at the border, against the centre', border / centre, 1),
    );
  } else {
    // Within the corner: centres of digits that lie wholly in it, and the pixels themselves for attention.
    const corner = (i: number, from: number): boolean => Math.floor(i / DIGIT) >= from && i % DIGIT >= from;
    const from = DIGIT - data.exclude;
    const pixels = Array.from({ length: PIXELS }, (_, i) => i);
    const inCorner = average(
      mean,
      pixels.filter((i) => corner(i, from)),
    );
    const elsewhere = average(
      mean,
      pixels.filter((i) => !corner(i, from)),
    );
    const cornerAccuracy = average(
      map,
      positions.filter((i) => corner(i, from + half)),
    );
    const otherAccuracy = average(
      map,
      positions.filter((i) => !corner(i, from - half)),
    );
    Object.assign(metrics, {
      corner_attention: inCorner,
      other_attention: elsewhere,
      corner_accuracy: cornerAccuracy,
      other_accuracy: otherAccuracy,
    });
    verdicts.push(
      atMost('attention in the corner without digits, against the rest', inCorner / elsewhere, limits['cornerAttention']!),
      atMost('accuracy in that corner, against the rest', cornerAccuracy / otherAccuracy, limits['cornerAccuracy']!),
    );
  }
  verdicts.push(
    atLeast('correlation of mean attention with accuracy over positions', correlation, 0),
    atMost('its p by permutation', p, limits['p']!),
  );
  return { metrics, verdicts, figures: figures(attention, mean, map, analysis.digit, (i) => !inside(i)) };
}

/** Of the smoothed correlation, in pixels: the grid's period is the stride of the two convolutions together, 4. */
const SMOOTHING = 2;

const average = (values: Float32Array, where?: readonly number[]): number =>
  where ? where.reduce((sum, i) => sum + values[i]!, 0) / where.length : values.reduce((a, b) => a + b, 0) / values.length;

/** Mean attention inside the squares over that outside; variance over inputs (mean over pixels) and of the mean map over pixels. */
function spread({ each, count, boxes }: Attention, mean: Float32Array) {
  const inside = new Uint8Array(each.length);
  boxes.forEach(({ row, column, side }, n) => {
    for (let r = row; r < row + side; r++)
      inside.fill(1, n * PIXELS + r * DIGIT + column, n * PIXELS + r * DIGIT + column + side);
  });
  const varianceOverInputs = each.reduce((sum, v, i) => sum + (v - mean[i % PIXELS]!) ** 2 / (count * PIXELS), 0);
  const overall = average(mean);
  const spatialVariance = mean.reduce((sum, v) => sum + (v - overall) ** 2, 0) / PIXELS;
  return { ratio: boxRatio(each, inside), varianceOverInputs, spatialVariance };
}

function figures(
  { each, inputs, count }: Attention,
  mean: Float32Array,
  map: Float32Array,
  side: number,
  masked: (i: number) => boolean,
): Figure[] {
  const shown = Array.from({ length: Math.min(SHOWN, count) }, (_, i) => Math.floor((i * count) / Math.min(SHOWN, count)));
  const picture = (n: number) =>
    fromPlanes(
      Uint8Array.from(inputs.subarray(n * PIXELS, (n + 1) * PIXELS), (v) => Math.round(v * 255)),
      [1, DIGIT, DIGIT],
    );
  return [
    {
      kind: 'pairs',
      file: 'figure-2.png',
      caption: 'Held-out digits and the attention on them; warm = needed (Fig. 2)',
      items: shown.map((n) => ({ input: picture(n), attention: each.slice(n * PIXELS, (n + 1) * PIXELS) })),
    },
    {
      kind: 'maps',
      file: 'figure-3.png',
      caption: `Mean attention over ${count} inputs, and accuracy of ${side}x${side} digits centred at each pixel (Fig. 3)`,
      panels: [
        { title: 'mean attention', values: mean, height: DIGIT, width: DIGIT },
        { title: 'accuracy', values: map, height: DIGIT, width: DIGIT, masked },
      ],
    },
  ];
}
