// Networks as graphs: classifiers F and Latent Attention Networks A, their parameters, and what these start from.
import { LanError } from '../core/errors.js';
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf } from '../core/tensor.js';
import type { Parameter } from '../engine/engine.js';
import { float, type GraphBuilder } from '../onnx/builder.js';
import { parseLayers, type Activation, type Layer } from './notation.js';

/** Of leaky rectifiers: the paper states none; 0.2 is TensorFlow's (tf.nn.leaky_relu), in which it was written. */
export const LEAKY_SLOPE = 0.2;

/** Elements of all parameters together: 4 GiB with the optimiser's state. */
const MAX_PARAMETERS = 2 ** 28;

/** A parameter and how it starts. */
interface Weight extends Parameter {
  /** Elements that one output element sums over, and that one input element goes to; undefined: a bias, which starts as zeros. */
  readonly fan?: readonly [fanIn: number, fanOut: number];
  readonly activation: Activation;
}

/** A layer with its shapes (without the batch axis). */
interface Placed {
  readonly layer: Layer;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly weights: readonly Weight[];
  /** Of a dropout layer: the graph input that holds its mask. */
  readonly dropout?: string;
}

/** What a training step has to be fed for a dropout layer: 0 where an element is dropped, else 1 / (1 - rate). */
export interface DropoutMask {
  readonly name: string;
  readonly shape: readonly number[];
  readonly rate: number;
}

/** A network in the notation of the paper, as parameters and a function that appends it to a graph. */
export interface Network {
  /** As it was written. */
  readonly text: string;
  /** Of one sample. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Of the last layer. */
  readonly activation: Activation;
  readonly parameters: readonly Parameter[];
  readonly dropouts: readonly DropoutMask[];
  /**
   * Weights before the first step. He et al. (2015): normal with variance 2 / ((1 + slope^2) fan-in) before rectifiers; Glorot and Bengio (2010):
   * uniform with variance 2 / (fan-in + fan-out) before all others; biases 0.
   */
  initial(seed: number): Record<string, Float32Array>;
  /**
   * Appends the network to `g`, in which its parameters are values of their names already (inputs or constants). `x`: [batch,...inputShape];
   * returns [batch,...outputShape]. `training`: dropout masks are inputs of the graph, `batch` rows each. `logits`: a last softmax or sigmoid is
   * left out, since log(softmax) is safe to compute in one op only.
   */
  append(
    g: GraphBuilder,
    x: string,
    options?: { readonly training?: { readonly batch: number }; readonly logits?: boolean },
  ): string;
}

/**
 * A network in the paper's notation for samples of `inputShape` ([C,H,W], or [D] for vectors). `prefix` starts the names of parameters and dropout
 * masks. Throws LanError where a layer cannot be read or does not fit.
 */
export function createNetwork(text: string, inputShape: readonly number[], prefix = ''): Network {
  const layers = parseLayers(text);
  let shape = inputShape;
  const placed = layers.map((layer, i): Placed => {
    const made = place(layer, shape, `${prefix}${layer.kind.toLowerCase()}${i + 1}`);
    if ('activation' in layer && layer.activation === 'softmax' && i < layers.length - 1)
      throw new LanError('usage', `Network '${text}': softmax is for the last layer only.`);
    shape = made.to;
    return made;
  });
  const weights = placed.flatMap((p) => p.weights);
  refuseTooMany(text, weights);
  const last = layers.at(-1)!;
  return {
    text,
    inputShape,
    outputShape: shape,
    activation: 'activation' in last ? last.activation : 'linear',
    parameters: weights.map(({ name, dims }) => ({ name, dims })),
    dropouts: placed.flatMap(({ layer, from, dropout }) =>
      dropout && layer.kind === 'Dropout' ? [{ name: dropout, shape: from, rate: layer.rate }] : [],
    ),
    initial: (seed) => Object.fromEntries(weights.map((w, i) => [w.name, start(w, seed, i)])),
    append(g, x, { training, logits = false } = {}) {
      return placed.reduce((value, p, i) => appendLayer(g, value, p, training?.batch, logits && i === placed.length - 1), x);
    },
  };
}

/** A parameter of a network of one's own. */
export interface OwnParameter extends Parameter {
  /** Elements that one output element sums over, and that one input element goes to, by which it starts (Glorot and Bengio, 2010). Default: it starts as zeros. */
  readonly fan?: readonly [fanIn: number, fanOut: number];
}

/** A network that is not written in the notation. */
export interface OwnNetwork {
  readonly parameters: readonly OwnParameter[];
  /**
   * Appends it to `g`, in ops of opset 18, and gives the name of its logits [batch,...mask shape] (a mask is their sigmoid). `x`: [batch,...sample shape], of order
   * 1; `named`: the values of the parameters by their names.
   */
  append(g: GraphBuilder, x: string, named: Readonly<Record<string, string>>): string;
}

/** The network that is called `text`, whose output is a sigmoid of `outputShape`. Throws LanError (`usage`) where it has more parameters than can be trained. */
export function ownNetwork(
  text: string,
  own: OwnNetwork,
  inputShape: readonly number[],
  outputShape: readonly number[],
  prefix = '',
): Network {
  const { parameters } = own;
  const weights = parameters.map(({ name, dims, fan }): Weight => ({ name: `${prefix}${name}`, dims, ...(fan && { fan }), activation: 'sigmoid' })); // prettier-ignore
  refuseTooMany(text, weights);
  const named = Object.fromEntries(parameters.map(({ name }, i) => [name, weights[i]!.name]));
  return {
    text,
    inputShape,
    outputShape,
    activation: 'sigmoid',
    parameters: weights.map(({ name, dims }) => ({ name, dims })),
    dropouts: [],
    initial: (seed) => Object.fromEntries(weights.map((w, i) => [w.name, start(w, seed, i)])),
    append(g, x, { logits = false } = {}) {
      const made = g.reshape(own.append(g, x, named), [-1, ...outputShape]);
      return logits ? made : g.op('Sigmoid', [made]);
    },
  };
}

function refuseTooMany(text: string, weights: readonly Weight[]): void {
  const total = weights.reduce((sum, w) => sum + sizeOf(w.dims), 0);
  if (total > MAX_PARAMETERS)
    throw new LanError('usage', `Network '${text}': ${total} parameters; at most ${MAX_PARAMETERS} can be trained.`);
}

function place(layer: Layer, from: readonly number[], name: string): Placed {
  const size = sizeOf(from);
  switch (layer.kind) {
    case 'FC': {
      const dims = [size, layer.units];
      return { layer, from, to: [layer.units], weights: pair(name, dims, [size, layer.units], layer.units, layer.activation) };
    }
    case 'Average':
      return {
        layer,
        from,
        to: [layer.units],
        weights: [{ name: `${name}.weight`, dims: [size, layer.units], fan: [size, layer.units], activation: 'linear' }],
      };
    case 'Conv':
    case 'ConvTrans': {
      if (from.length !== 3)
        throw new LanError('usage', `Network: ${layer.kind} needs a picture [C,H,W], but [${from.join(',')}] comes in.`);
      const [c, h, w] = from as [number, number, number];
      const { filters, stride, kernel, activation } = layer;
      const area = kernel[0] * kernel[1];
      const transposed = layer.kind === 'ConvTrans';
      const out = (n: number): number => (transposed ? n * stride : Math.ceil(n / stride));
      const dims = transposed ? [c, filters, ...kernel] : [filters, c, ...kernel];
      // A transposed convolution spreads its kernel over stride^2 output elements, each of which so sums over fewer.
      const fan: [number, number] = transposed
        ? [(c * area) / stride ** 2, filters * area]
        : [c * area, (filters * area) / stride ** 2];
      return { layer, from, to: [filters, out(h), out(w)], weights: pair(name, dims, fan, filters, activation) };
    }
    case 'Dropout':
      return { layer, from, to: from, weights: [], dropout: name };
    case 'LRN':
      if (from.length !== 3)
        throw new LanError('usage', `Network: LRN needs a picture [C,H,W], but [${from.join(',')}] comes in.`);
      return { layer, from, to: from, weights: [] };
  }
}

const pair = (name: string, dims: number[], fan: [number, number], units: number, activation: Activation): Weight[] => [
  { name: `${name}.weight`, dims, fan, activation },
  { name: `${name}.bias`, dims: [units], activation },
];

function start({ dims, fan, activation }: Weight, seed: number, index: number): Float32Array {
  const out = new Float32Array(sizeOf(dims));
  if (!fan) return out;
  const stream = random(seed, STREAMS.initial);
  if (activation === 'relu' || activation === 'lrelu') {
    const slope = activation === 'lrelu' ? LEAKY_SLOPE : 0;
    return stream.normal(out, index, 0, Math.sqrt(2 / ((1 + slope ** 2) * fan[0])));
  }
  const limit = Math.sqrt(6 / (fan[0] + fan[1]));
  return stream.uniform(out, index, -limit, limit);
}

function appendLayer(g: GraphBuilder, x: string, placed: Placed, batch: number | undefined, logits: boolean): string {
  const { layer, from, weights } = placed;
  const [weight, bias] = weights.map((w) => w.name);
  switch (layer.kind) {
    case 'FC': {
      const flat = from.length === 1 ? x : g.op('Flatten', [x], { axis: 1 });
      return activate(g, g.op('Gemm', [flat, weight!, bias!]), layer.activation, logits);
    }
    case 'Average': {
      const words = g.op('Max', [g.reduceSum(x, [1], true), g.one]);
      return g.div(g.matMul(x, weight!), words);
    }
    case 'Conv':
    case 'ConvTrans': {
      const strides = [layer.stride, layer.stride];
      const made = g.op(layer.kind === 'Conv' ? 'Conv' : 'ConvTranspose', [x, weight!, bias!], {
        kernel_shape: [...layer.kernel],
        strides,
        ...padding(layer, from),
      });
      return activate(g, made, layer.activation, logits);
    }
    case 'Dropout':
      return batch === undefined ? x : g.mul(x, g.input(placed.dropout!, 'float32', [batch, ...from]));
    case 'LRN':
      return g.op('LRN', [x], { size: layer.size, alpha: float(layer.alpha), beta: float(layer.beta), bias: float(layer.bias) });
  }
}

/** TensorFlow's SAME: as much padding as the output size asks for, the odd row or column at the end. */
function padding(layer: Extract<Layer, { stride: number }>, from: readonly number[]): Record<string, readonly number[]> {
  const { stride, kernel } = layer;
  const totals = kernel.map((k, i) => {
    const n = from[i + 1]!;
    return layer.kind === 'Conv' ? Math.max(0, (Math.ceil(n / stride) - 1) * stride + k - n) : k - stride;
  });
  const begins = totals.map((t) => Math.floor(Math.max(0, t) / 2));
  const ends = totals.map((t, i) => Math.max(0, t) - begins[i]!);
  const missing = totals.map((t) => Math.max(0, -t));
  return { pads: [...begins, ...ends], ...(missing.some((m) => m > 0) ? { output_padding: missing } : {}) };
}

function activate(g: GraphBuilder, x: string, activation: Activation, logits: boolean): string {
  switch (activation) {
    case 'lrelu':
      return g.op('LeakyRelu', [x], { alpha: float(LEAKY_SLOPE) });
    case 'relu':
      return g.op('Relu', [x]);
    case 'tanh':
      return g.op('Tanh', [x]);
    case 'sigmoid':
      return logits ? x : g.op('Sigmoid', [x]);
    case 'softmax':
      return logits ? x : g.op('Softmax', [x], { axis: 1 });
    case 'linear':
      return x;
  }
}

/** Adds the network's parameters to `g` as constants of these values. Throws LanError where one is missing or has another length. */
export function giveParameters(g: GraphBuilder, network: Network, values: Readonly<Record<string, Float32Array>>): void {
  for (const { name, dims } of network.parameters) {
    const data = values[name];
    if (data?.length !== sizeOf(dims))
      throw new LanError('usage', `Parameter '${name}' of shape [${dims.join(',')}] was given ${data?.length ?? 'no'} values.`);
    g.reserve([name]);
    g.constants.set(name, float32(data, dims));
    g.types.set(name, { type: 'float32', dims });
  }
}

/** The dropout masks of one step: pure in (seed, step). */
export function dropoutFeeds(network: Network, batch: number, seed: number, step: number) {
  const stream = random(seed, STREAMS.dropout);
  return Object.fromEntries(
    network.dropouts.map(({ name, shape, rate }, i) => {
      const data = stream.uniform(new Float32Array(batch * sizeOf(shape)), step * network.dropouts.length + i);
      for (let k = 0; k < data.length; k++) data[k] = data[k]! < rate ? 0 : 1 / (1 - rate);
      return [name, float32(data, [batch, ...shape])];
    }),
  );
}

/** Adds the network's parameters to `g` as graph inputs. */
export function appendParameters(g: GraphBuilder, network: Network): void {
  for (const { name, dims } of network.parameters) g.input(name, 'float32', dims);
}
