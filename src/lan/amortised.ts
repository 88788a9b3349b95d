// Equation 3 of the paper: a network A that gives the mask of any input, trained over a dataset against a frozen classifier F.
import type { OpAdapter } from '../../adapters/op.js';
import { LanError } from '../core/errors.js';
import { float32, scalar, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { random, STREAMS } from '../core/random.js';
import type { Descent, Engine } from '../engine/engine.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { ofPlugin, requireOf, withPlugged, type PluginLike } from '../core/plugin.js';
import { appendParameters, createNetwork, dropoutFeeds, ownNetwork, type Network, type OwnNetwork } from './network.js';
import type { Noise } from './noise.js';
import type { MaskShape, MaskValues, OutputLoss } from './choices.js';
import { appendNoiseLoss, DISTANCE, generated, normal, type Generator } from './generator.js';
import { SOFT_PART } from './learn.js';
import { firstInfiniteGradient } from './not-finite.js';
import { lossOf, type NamedLoss } from './losses.js';
import { classify, maskShapeOf, rounded } from './objective.js';
import { batchOrder, bootstrapOrder, type Samples } from './samples.js';
import { train, type TrainJob, type TrainResult, type TrainSettings } from './train.js';

/** How samples become the LAN's input: (x - offset) * factor, so that it sees values of order 1 whatever the classifier takes. */
export interface Scaling {
  readonly offset: number;
  readonly factor: number;
}

/** A LAN and how its output becomes a mask. */
export interface Explainer {
  readonly network: Network;
  readonly scaling: Scaling;
  /** [1,H,W] for one value per pixel, else the sample's shape. */
  readonly maskShape: readonly number[];
}

/** A mask network under one name. */
export interface MaskNetwork {
  readonly name: string;
  /** The network for samples of `sampleShape` and masks of `maskShape`: in the notation, in which `mask` stands for the number of mask elements, or one of its own. */
  create(sampleShape: readonly number[], maskShape: readonly number[]): string | OwnNetwork;
}

/** Those that come with the package; any other text is read as the notation itself. */
export const LANS: readonly MaskNetwork[] = [
  /** Appendix A: translated MNIST. */
  { name: 'paper', create: () => 'FC(100, lrelu), FC(mask, sigmoid)' },
  /** A small convolutional encoder and decoder: far fewer weights than FC on large pictures, and it moves with the picture. */
  {
    name: 'conv',
    create: () =>
      'Conv(16, 2, 5x5, lrelu), Conv(32, 2, 3x3, lrelu), Conv(32, 1, 3x3, lrelu), ConvTrans(16, 2, 4x4, lrelu), ConvTrans(1, 2, 4x4, sigmoid)',
  },
];

/**
 * The LAN `text` (a name of LANS or of a plug-in's network, or the notation) for samples of `sampleShape`. Its last layer must be a sigmoid with one output per mask element;
 * a picture's may be up to a few rows and columns larger, which are cut off. Throws LanError saying what it gives and what was expected.
 */
export function createExplainer(
  text: string,
  sampleShape: readonly number[],
  mask: MaskShape,
  scaling: Scaling,
  plugins?: readonly PluginLike[],
): Explainer {
  const picture = sampleShape.length === 3;
  const maskShape =
    picture && mask === 'pixel'
      ? [1, ...sampleShape.slice(1)]
      : mask === 'token'
        ? maskShapeOf(mask, sampleShape).slice()
        : [...sampleShape];
  const network = networkNamed(text, sampleShape, maskShape, plugins);
  const out = network.outputShape;
  const fits =
    out.length === 1
      ? out[0] === sizeOf(maskShape)
      : out.length === maskShape.length && out[0] === maskShape[0] && out.every((n, i) => n >= maskShape[i]!);
  if (!fits || network.activation !== 'sigmoid')
    throw new LanError(
      'usage',
      `LAN '${text}': it ends in ${network.activation} of shape [${out.join(',')}]; expected a sigmoid that gives a mask of [${maskShape.join(',')}].`,
    );
  return { network, scaling, maskShape };
}

function networkNamed(
  text: string,
  sampleShape: readonly number[],
  maskShape: readonly number[],
  plugins: readonly PluginLike[] | undefined,
): Network {
  const found = withPlugged(LANS, plugins, 'maskNetworks').find((n) => n.name === text);
  const made = found ? ofPlugin('maskNetworks', text, () => found.create(sampleShape, maskShape)) : text;
  if (typeof made === 'string') return createNetwork(made.replace(/\bmask\b/g, String(sizeOf(maskShape))), sampleShape, 'lan.');
  const whole = Array.isArray(made?.parameters) && typeof made.append === 'function';
  requireOf('maskNetworks', text, whole, 'a text in the notation, or { parameters, append }');
  const append: OwnNetwork['append'] = (g, x, named) => ofPlugin('maskNetworks', text, () => made.append(g, x, named));
  return ownNetwork(text, { ...made, append }, sampleShape, maskShape, 'lan.');
}

/** Appends the LAN: `x` [batch,...sample] in pixel space to the mask [batch,...maskShape] in [0,1]. `training`: see Network.append. */
export function appendMask(
  g: GraphBuilder,
  { network, scaling, maskShape }: Explainer,
  x: string,
  training?: { readonly batch: number },
): string {
  const shifted = scaling.offset === 0 ? x : g.sub(x, g.scalar(scaling.offset));
  const scaled = scaling.factor === 1 ? shifted : g.mul(shifted, g.scalar(scaling.factor));
  const mask = network.append(g, scaled, { training });
  const out = network.outputShape;
  if (out.length === 1) return g.reshape(mask, [-1, ...maskShape]);
  const axes = maskShape.flatMap((n, i) => (n < out[i]! ? [i] : []));
  if (axes.length === 0) return mask;
  const starts = axes.map((a) => Math.floor((out[a]! - maskShape[a]!) / 2));
  return g.slice(mask, starts, axes.map((a, i) => starts[i]! + maskShape[a]!), axes.map((a) => a + 1)); // prettier-ignore
}

/** Numbers of a training by Eq. 3. `beta`: weight of the mask mean, at least 0; `batch`: samples a step. */
export interface AmortisedSettings extends TrainSettings {
  readonly beta: number;
  readonly batch: number;
  /** Noise draws per sample and step. */
  readonly draws: number;
  readonly outputLoss: OutputLoss;
  /** 'binary': after a third of the steps the corrupted inputs use the masks rounded to 0 or 1, straight-through. */
  readonly maskValues: MaskValues;
  readonly seed: number;
}

/** What trainAmortised works on: the classifier that is explained, the explainer that is trained, and the samples. */
export interface AmortisedOptions extends Pick<TrainJob, 'files' | 'onStep' | 'signal'>, Pick<NamedLoss, 'plugins'> {
  readonly engine: Engine;
  /** Rules of the classifier's ops, for what stops being finite. */
  readonly adapters: readonly OpAdapter[];
  /** Static graphs x [n,...] -> log_probabilities [n,K]. */
  readonly classifier: (batch: number) => Promise<Graph>;
  readonly specialize: (graph: Graph) => Promise<Graph>;
  readonly explainer: Explainer;
  readonly samples: Samples;
  readonly validation?: Samples;
  /** eta; undefined: bootstrapped from `samples`. */
  readonly noise?: Noise;
  /** In place of `noise`: a generator that is trained against the masks and stays near `samples`. */
  readonly generator?: Generator;
  readonly settings: AmortisedSettings;
  /** What else decides the result: the model's hash, the data, the noise. */
  readonly identity: Readonly<Record<string, unknown>>;
}

const FIGURES = ['loss', 'output_loss', 'mask_mean'] as const;

/** The LAN's parameters by name after the last step, and how the run went. Throws as `train` does, and where an op has no gradient rule. */
export async function trainExplainer(
  options: AmortisedOptions,
): Promise<TrainResult & { parameters: Record<string, Float32Array> }> {
  const { engine, adapters, explainer, samples, validation, settings, identity, files, onStep, signal } = options;
  const { network } = explainer;
  const { generator } = options;
  const graph = await amortisedGraph(options);
  const figures = generator ? [...FIGURES, DISTANCE] : FIGURES;
  // The generator lowers its own loss, in turn with the LAN.
  const adversaries = (generator?.parameters ?? []).map((p) => ({ ...p, lowers: 'noise_loss' }));
  const all = [...network.parameters, ...adversaries];
  const initial = { ...network.initial(settings.seed), ...generator?.initial(settings.seed) };
  const descent = await engine.descend(graph, 'loss', all, figures);
  try {
    const feeds = feedsOf(options, samples, settings.seed);
    const result = await train({
      settings,
      descent,
      identity: {
        lan: network.text,
        mask: explainer.maskShape,
        scaling: explainer.scaling,
        samples: samples.count,
        ...settings,
        ...identity,
      },
      initial: () => initial,
      feeds,
      metrics: figures,
      infiniteGradient(feeds) {
        const parameters = all.map(({ name, dims }) => [name, float32(initial[name]!, dims)] as const);
        const own = network.parameters.map((p) => p.name);
        return firstInfiniteGradient(engine, adapters, graph, 'loss', own, { ...feeds, ...Object.fromEntries(parameters) }); // prettier-ignore
      },
      validate: validation && (() => validate(descent, options, validation)),
      files,
      onStep,
      signal,
    });
    return { ...result, parameters: Object.fromEntries(all.map(({ name }) => [name, descent.get(name)])) };
  } finally {
    await descent.dispose();
  }
}

/** What each step reads: samples in a seeded order, noise, and dropout masks. */
function feedsOf(options: AmortisedOptions, from: Samples, seed: number): TrainJob['feeds'] {
  const { samples, noise, generator, settings, explainer } = options;
  const { batch, draws } = settings;
  const softSteps = settings.maskValues === 'binary' ? Math.ceil(SOFT_PART * settings.iterations) : Infinity;
  const order = batchOrder(from.count, batch, seed);
  const others = bootstrapOrder(samples.count, batch * draws, seed);
  const stream = random(seed, STREAMS.training);
  const dims = [batch * draws, ...samples.shape];
  return async (step) => {
    let eta: Float32Array | Promise<Float32Array>;
    // Even draws are inputs, odd ones noise, so that a digit never lies where its noise lies for a reason.
    if (!noise) eta = samples.read(others(step), 2 * step + 1);
    else {
      eta = new Float32Array(sizeOf(dims));
      noise.fill(eta, stream, step);
    }
    return {
      x: float32(await from.read(order(step), 2 * step), [batch, ...from.shape]),
      ...(generator
        ? { z: normal(generator, batch * draws, seed, step), near: float32(await eta, dims) }
        : { eta: float32(await eta, dims) }),
      beta: scalar(settings.beta),
      binary: scalar(step >= softSteps ? 1 : 0),
      ...dropoutFeeds(explainer.network, batch, seed, step),
    };
  };
}

/** Mean metrics over a few batches of validation samples, the same ones each time. */
async function validate(descent: Descent, options: AmortisedOptions, samples: Samples): Promise<Record<string, number>> {
  const { batch } = options.settings;
  const feeds = feedsOf(options, samples, VALIDATION_SEED);
  const batches = Math.max(1, Math.min(8, Math.floor(samples.count / batch)));
  const sums: Record<string, number> = {};
  for (let i = 0; i < batches; i++) {
    // As the masks will be in the end, so that the figures of all steps can be compared.
    const binary = scalar(options.settings.maskValues === 'binary' ? 1 : 0);
    const out = await descent.evaluate(
      { ...(await feeds(i)), binary, ...kept(options.explainer.network, batch) },
      options.generator ? [...FIGURES, DISTANCE] : FIGURES,
    );
    for (const [name, t] of Object.entries(out))
      sums[`validation_${name}`] = (sums[`validation_${name}`] ?? 0) + toFloat32(t)[0]! / batches;
  }
  return sums;
}

const VALIDATION_SEED = 0x76616c;

/** Dropout masks that drop nothing. */
const kept = (network: Network, batch: number): Record<string, Tensor> =>
  Object.fromEntries(
    network.dropouts.map(({ name, shape }) => {
      const dims = [batch, ...shape];
      return [name, float32(new Float32Array(sizeOf(dims)).fill(1), dims)];
    }),
  );

/**
 * Inputs: the parameters, `x` [batch,...sample], `eta` [batch * draws,...sample] (draw by draw), `beta` [], `binary` [] (1: masks are rounded), dropout masks. Outputs: `loss` [] =
 * output_loss - beta * mask_mean, `output_loss` [], `mask_mean` []. With a generator `z` [batch * draws,width] takes the place of eta, which is G(z); `near`, of
 * eta's shape, are samples that it is to stay near; for further outputs see appendNoiseLoss.
 */
export async function amortisedGraph(
  options: Pick<AmortisedOptions, 'classifier' | 'specialize' | 'explainer' | 'samples' | 'plugins' | 'generator'> & {
    readonly settings: Pick<AmortisedSettings, 'batch' | 'draws' | 'outputLoss'>;
  },
): Promise<Graph> {
  const { explainer, settings, generator } = options;
  const { batch, draws, outputLoss } = settings;
  const sampleShape = options.samples.shape;
  const g = new GraphBuilder('amortised');
  const x = g.input('x', 'float32', [batch, ...sampleShape]);
  const count = batch * draws;
  const eta = generator
    ? generated(g, generator, g.input('z', 'float32', [count, generator.width]))
    : g.input('eta', 'float32', [count, ...sampleShape]);
  const beta = g.input('beta', 'float32', []);
  appendParameters(g, explainer.network);
  const mask = rounded(g, appendMask(g, explainer, x, { batch }));
  // x + A (eta - x): Eq. 2; the draws are one more axis in front, along which x and A broadcast.
  const apart = draws === 1 ? eta : g.reshape(eta, [draws, batch, ...sampleShape]);
  const mixed = g.add(x, g.mul(mask, g.sub(apart, x)));
  const corrupted = draws === 1 ? mixed : g.reshape(mixed, [draws * batch, ...sampleShape]);
  g.types.set(corrupted, { type: 'float32', dims: [draws * batch, ...sampleShape] });
  const model = { classifier: options.classifier, sampleShape };
  const weights = new Map<string, string>();
  // F(x) does not depend on the parameters, so that no gradient passes here.
  const target = g.op('Exp', [await classify(g, model, x, batch, weights)]);
  const logP = await classify(g, model, corrupted, draws * batch, weights);
  const k = g.typeOf(logP).dims[1]!;
  const rows = draws === 1 ? logP : g.reshape(logP, [draws, batch, k]);
  const outputLoss_ = lossOf(g, { outputLoss, plugins: options.plugins }, rows, target, draws * batch, draws === 1 ? 2 : 3);
  const axes = [batch, ...explainer.maskShape].map((_, i) => i);
  const mean = g.reshape(g.op('ReduceMean', [mask, g.ints(axes)], { keepdims: 0 }), []);
  g.output(g.sub(outputLoss_, g.mul(beta, mean)), 'loss');
  g.output(outputLoss_, 'output_loss');
  g.output(mean, 'mask_mean');
  if (generator) appendNoiseLoss(g, generator, eta, count, outputLoss_, k);
  return options.specialize(g.build());
}
