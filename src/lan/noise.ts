// The noise eta ~ H that replaces parts of an input (paper, Section 3.2), each family filling batches from a seeded stream.
import { LanError } from '../core/errors.js';
import { ofPlugin, pluggedIn, requireOf, withPlugged, type PluginLike } from '../core/plugin.js';
import type { Random } from '../core/random.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { gaussianColumns, meanColumns, uniformColumns, type Columns } from './columns.js';
import { NOISE_HELP } from './choices.js';

/** A noise distribution over inputs of one shape. */
export interface Noise {
  /** As it was described, its parameters resolved: `uniform:0,255`. */
  readonly name: string;
  /** False where every draw is the same (constant, blur), so that one draw a step is enough. */
  readonly random: boolean;
  /** Fills `out` (whole samples, row-major) with fresh draws; `draw` numbers the call within the stream. */
  fill(out: Float32Array, stream: Random, draw: number): void;
}

/** What noise is made for: one input x [1,...sample] whose plausible values lie in [low, high]. */
export interface NoiseContext {
  readonly x: Tensor;
  readonly low: number;
  readonly high: number;
  /** Samples for bootstrapped noise, [n,...sample]. */
  readonly samples?: Tensor;
  /** What each element of an input is among other inputs, where elements are features that have little in common. */
  readonly columns?: Columns;
  /** Values of samples of random tokens, [n,T,E]. */
  readonly tokens?: Tensor;
  /** Whose families count besides the built-in ones. */
  readonly plugins?: readonly PluginLike[];
}

/** A family of noise under one name: `uniform` of `uniform:0,255`. */
export interface NoiseFamily {
  readonly name: string;
  /** How it is asked for, in messages: `speckle[:deviation]`. Default: its name. */
  readonly usage?: string;
  /** The noise; `parameters`: what stands behind the colon, '' where nothing does. Throws LanError (`usage`) for parameters that it does not take. */
  create(parameters: string, context: NoiseContext): Noise;
}

/** `spec`'s parameters as numbers, or `fallback` where there are none. Throws LanError (`usage`) where they are others, or not as many. */
function numbersIn(family: string, parameters: string, names: string, fallback: readonly number[]): readonly number[] {
  if (parameters === '') return fallback;
  const values = parameters.split(',').map(Number);
  if (values.length !== fallback.length || !values.every(Number.isFinite))
    throw new LanError('usage', `\`noise\` '${family}:${parameters}': expected ${family}:${names}, all numbers.`);
  return values;
}

// By its whole name (`uniform:columns`) or its family alone.
const ofColumns = (parameters: string): boolean => parameters === '' || parameters === 'columns';
const described = (family: string, parameters: string): string => (parameters === '' ? family : `${family}:${parameters}`);

const FAMILIES: readonly NoiseFamily[] = [
  {
    name: 'uniform',
    create(parameters, { low, high, columns }) {
      if (columns && ofColumns(parameters)) return uniformColumns(columns);
      const [from, to] = numbersIn('uniform', parameters, '<low>,<high>', [low, high]) as [number, number];
      return {
        name: `uniform:${from},${to}`,
        random: true,
        fill: (out, stream, draw) => void stream.uniform(out, draw, from, to),
      };
    },
  },
  {
    name: 'gaussian',
    create(parameters, { low, high, columns }) {
      if (columns && ofColumns(parameters)) return gaussianColumns(columns);
      const byRange = [(low + high) / 2, (high - low) / 4];
      const [mean, deviation] = numbersIn('gaussian', parameters, '<mean>,<deviation>', byRange) as [number, number];
      return {
        name: `gaussian:${mean},${deviation}`,
        random: true,
        fill(out, stream, draw) {
          stream.normal(out, draw, mean, deviation);
          for (let i = 0; i < out.length; i++) out[i] = Math.min(high, Math.max(low, out[i]!));
        },
      };
    },
  },
  {
    name: 'constant',
    create(parameters) {
      const [value] = numbersIn('constant', parameters, '<c>', [NaN]) as [number];
      if (!Number.isFinite(value)) throw new LanError('usage', "`noise` 'constant': expected constant:<c>, e.g. constant:0.");
      return { name: `constant:${value}`, random: false, fill: (out) => void out.fill(value) };
    },
  },
  {
    name: 'mean',
    create(_, { columns }) {
      if (!columns) throw new LanError('usage', "`noise` 'mean': there are no other inputs whose mean it could be.", 'Choose constant:<c>.'); // prettier-ignore
      return meanColumns(columns);
    },
  },
  { name: 'bootstrap', create: (parameters, context) => bootstrap(described('bootstrap', parameters), context) },
  { name: 'learned', create: (parameters, context) => bootstrap(described('learned', parameters), context) },
  { name: 'token', create: (parameters, context) => bootstrap(described('token', parameters), context) },
  {
    name: 'unigram',
    create(parameters, context) {
      const spec = described('unigram', parameters);
      return context.x.dims.length === 3 ? otherTokens(spec, { ...context, tokens: context.samples }) : bootstrap(spec, context);
    },
  },
  { name: 'tokens', create: (parameters, context) => otherTokens(described('tokens', parameters), context) },
  {
    name: 'blur',
    create: (parameters, context) =>
      blurNoise(context, numbersIn('blur', parameters, '<sigma>', [Math.min(...context.x.dims.slice(-2)) / 10])[0]!),
  },
];

/**
 * Noise from its description:
 * - `uniform[:low,high]`: every element independent; default the input's plausible range, or each feature's own.
 * - `gaussian[:mean,deviation]`: default the middle of the range and a quarter of it, clipped to the range; or each feature's own.
 * - `constant:<c>`: eta_const of the paper.
 * - `bootstrap:<data>`: eta_boot: whole samples drawn at random, from `context.samples`.
 * - `learned:<data>`: draws of a generator that was fitted to data (see fitGenerator), from `context.samples`.
 * - `mean`: each feature's mean among other inputs (`context.columns`).
 * - `unigram:<texts>`: words drawn one by one, as often as they stand in texts; `token[:<token>]`: the same token everywhere. Both from `context.samples`.
 * - `blur[:sigma]`: the input itself, blurred (sigma in pixels; default a tenth of the shorter side). Pictures only.
 * - `tokens`: each token by another, drawn at random: its vector from `context.tokens`, at its own position. The default for text, because a model
 *   has seen any word but no zeros and no Gaussian vectors: what those take away and what their strangeness does could not be told apart.
 * - a family of a plug-in, by its name.
 * Throws LanError for anything else.
 */
export function createNoise(spec: string, context: NoiseContext): Noise {
  const { plugins } = context;
  const [family, parameters = ''] = noiseParts(spec);
  const own = pluggedIn<NoiseFamily>(plugins, 'noise');
  const found = withPlugged(FAMILIES, plugins, 'noise').find((f) => f.name === family);
  if (!found) {
    const more = own.map(({ name, usage = name }) => ` | ${usage}`).join('');
    throw new LanError('usage', `\`noise\` '${spec}': unknown family.`, `Expected ${NOISE_HELP}${more}.`);
  }
  return own.includes(found) ? pluggedNoise(found, parameters, context) : found.create(parameters, context);
}

/** Noise of a plug-in: held to what noise has to be, with a description that gives it again. */
function pluggedNoise(family: NoiseFamily, parameters: string, context: NoiseContext): Noise {
  const { name } = family;
  const noise = ofPlugin('noise', name, () => family.create(parameters, context));
  requireOf('noise', name, typeof noise?.fill === 'function' && typeof noise.random === 'boolean', '{ name, random, fill }');
  return {
    name: described(name, parameters),
    random: noise.random,
    fill(out, stream, draw) {
      ofPlugin('noise', name, () => noise.fill(out, stream, draw));
      if (!out.every(Number.isFinite)) requireOf('noise', name, false, 'finite numbers');
    },
  };
}

/** Family and the rest of a description: `uniform` and `0,255`. */
export function noiseParts(spec: string): [family: string, rest?: string] {
  const at = spec.indexOf(':');
  return at < 0 ? [spec] : [spec.slice(0, at), spec.slice(at + 1)];
}

/** The path of a `bootstrap:<data>` description. */
export const bootstrapPath = (spec: string): string | undefined =>
  spec.startsWith('bootstrap:') ? spec.slice('bootstrap:'.length) : undefined;

function bootstrap(spec: string, { x, samples }: NoiseContext): Noise {
  const per = sizeOf(x.dims);
  if (!samples || samples.dims[0] === 0)
    throw new LanError(
      'usage',
      `\`noise\` '${spec}': no samples to draw from.`,
      `Give \`noiseSamples\`, or ${noiseParts(spec)[0]}:<path of a dataset>.`,
    );
  const data = toFloat32(samples);
  const count = data.length / per;
  if (!Number.isInteger(count))
    throw new LanError(
      'data',
      `\`noise\` '${spec}': samples of shape [${samples.dims.slice(1).join(',')}] do not fit the input [${x.dims.slice(1).join(',')}].`,
    );
  // An input is no noise for itself: drawn once in ten of ten rows, it would keep its answer there whatever the mask.
  const own = spec.startsWith('bootstrap') ? sampleLike(toFloat32(x), data, count) : -1;
  const others = own < 0 ? count : count - 1;
  if (others === 0)
    throw new LanError('data', `\`noise\` '${spec}': holds nothing but the input itself.`, 'Name data with other inputs.');
  return {
    name: spec,
    random: others > 1,
    fill(out, stream, draw) {
      for (let k = 0; k * per < out.length; k++) {
        const drawn = stream.integer(others, draw, k);
        const pick = own >= 0 && drawn >= own ? drawn + 1 : drawn;
        out.set(data.subarray(pick * per, (pick + 1) * per), k * per);
      }
    },
  };
}

/** The first of `count` samples that is x in every element; -1 where there is none. */
function sampleLike(x: Float32Array, data: Float32Array, count: number): number {
  for (let k = 0; k < count; k++) if (x.every((v, i) => v === data[k * x.length + i])) return k;
  return -1;
}

function otherTokens(spec: string, { tokens }: NoiseContext): Noise {
  if (!tokens)
    throw new LanError(
      'usage',
      `\`noise\` '${spec}': the mask does not lie on vectors of tokens.`,
      'Choose uniform, gaussian or constant:<c>.',
    );
  const [count, length, width] = tokens.dims as [number, number, number];
  const data = toFloat32(tokens);
  return {
    name: spec,
    random: true,
    fill(out, stream, draw) {
      const rows = out.length / width;
      for (let row = 0; row < rows; row++) {
        const from = (stream.integer(count, draw, row) * length + (row % length)) * width;
        out.set(data.subarray(from, from + width), row * width);
      }
    },
  };
}

function blurNoise({ x }: NoiseContext, sigma: number): Noise {
  if (x.dims.length !== 4)
    throw new LanError('usage', "`noise` 'blur': only pictures can be blurred.", 'Choose uniform, gaussian or constant:<c>.');
  if (!(sigma > 0)) throw new LanError('usage', `\`noise\` 'blur': sigma must be above 0, received ${sigma}.`);
  const image = blurred(x, sigma);
  return {
    name: `blur:${sigma}`,
    random: false,
    fill(out) {
      for (let at = 0; at < out.length; at += image.length) out.set(image, at);
    },
  };
}

/** Each plane [H,W] of x [...,H,W] blurred by a Gaussian of standard deviation `sigma` pixels, above 0, its weights renormalised at the border. */
export function blurred(x: Tensor, sigma: number): Float32Array {
  const [h, w] = x.dims.slice(-2) as [number, number];
  const image = Float32Array.from(toFloat32(x));
  for (let at = 0; at < image.length; at += h * w) {
    const plane = image.subarray(at, at + h * w);
    blurLines(plane, h, w, w, 1, sigma);
    blurLines(plane, w, h, 1, w, sigma);
  }
  return image;
}

/** Gaussian along one axis, weights renormalised at the border. `lines` lines of `length` elements, `step` apart within a line. */
function blurLines(plane: Float32Array, lines: number, length: number, lineStep: number, step: number, sigma: number): void {
  const radius = Math.ceil(3 * sigma);
  const kernel = Array.from({ length: radius + 1 }, (_, d) => Math.exp((-d * d) / (2 * sigma * sigma)));
  const line = new Float32Array(length);
  for (let l = 0; l < lines; l++) {
    for (let i = 0; i < length; i++) {
      let sum = 0;
      let weight = 0;
      for (let j = Math.max(0, i - radius); j <= Math.min(length - 1, i + radius); j++) {
        const k = kernel[Math.abs(i - j)]!;
        sum += k * plane[l * lineStep + j * step]!;
        weight += k;
      }
      line[i] = sum / weight;
    }
    for (let i = 0; i < length; i++) plane[l * lineStep + i * step] = line[i]!;
  }
}
