// A small notation for whole classifiers as graphs: seeded weights (He et al., 2015), every shape known, ONNX at the dialect's opset.
import { DIALECT_OPSET } from '../../adapters/op.js';
import { random } from '../../src/core/random.js';
import { float32, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { float, GraphBuilder, type AttributeInput } from '../../src/onnx/builder.js';
import type { Model } from '../../src/onnx/graph.js';

/** A feature map: its name and [N, C, H, W]. */
export interface Map4 {
  readonly name: string;
  readonly dims: readonly [number, number, number, number];
}

export interface ConvOptions {
  readonly stride?: number;
  /** Default: half the kernel. */
  readonly pad?: number | readonly [number, number];
  readonly group?: number;
  readonly dilation?: number;
  /** Applied behind: 'relu' by default, '' for none. */
  readonly act?: Activation;
}
export type Activation = 'relu' | 'relu6' | 'silu' | 'hardswish' | '';

/** Drawing millions of normal values takes most of the time of making a net. */
let drawn = true;

/** What `make` builds, with zeros for weights: where only the layers are asked for. */
export function withoutWeights(make: () => Model): Model {
  drawn = false;
  try {
    return make();
  } finally {
    drawn = true;
  }
}

/** Builds one model layer by layer. Batch normalisation counts as folded into the convolution, as exporters do it. */
export class Net {
  readonly g: GraphBuilder;
  private draw = 0;

  constructor(
    name: string,
    /** Factor of the channels that convolutions are asked for: for nets that say them in numbers, not by those of the map before. */
    private readonly thin = 1,
    private readonly seed = 20261126,
  ) {
    this.g = new GraphBuilder(name);
  }

  input(batch: number, channels: number, size: number): Map4 {
    const dims = [batch, channels, size, size] as const;
    return { name: this.g.input('x', 'float32', dims), dims };
  }

  /** A constant of normal values with this deviation. */
  weight(dims: readonly number[], deviation: number, mean = 0): string {
    const data = new Float32Array(sizeOf(dims));
    if (drawn) random(this.seed, 77).normal(data, this.draw++, mean, deviation);
    return this.g.constant(float32(data, dims), 'w');
  }

  conv(x: Map4, wide: number, kernel: number | readonly [number, number], o: ConvOptions = {}): Map4 {
    const channels = wide * this.thin;
    const { stride = 1, group = 1, dilation = 1, act = 'relu' } = o;
    const k = typeof kernel === 'number' ? ([kernel, kernel] as const) : kernel;
    const half = (n: number): number => Math.floor((dilation * (n - 1)) / 2);
    const pad = typeof o.pad === 'number' ? ([o.pad, o.pad] as const) : (o.pad ?? ([half(k[0]), half(k[1])] as const));
    const [n, c, h, w] = x.dims;
    const fan = (c / group) * k[0] * k[1];
    const gain = act === '' ? 1 : 2;
    const out = (size: number, i: 0 | 1): number => Math.floor((size + 2 * pad[i] - dilation * (k[i] - 1) - 1) / stride) + 1;
    const name = this.g.op(
      'Conv',
      [x.name, this.weight([channels, c / group, ...k], Math.sqrt(gain / fan)), this.weight([channels], 0.05)],
      { kernel_shape: k, strides: [stride, stride], dilations: [dilation, dilation], pads: [...pad, ...pad], group },
    );
    return this.act({ name, dims: [n, channels, out(h, 0), out(w, 1)] }, act);
  }

  act = (x: Map4, kind: Activation): Map4 => ({ ...x, name: this.activate(x.name, kind) });

  private activate(x: string, kind: Activation): string {
    const { g } = this;
    return {
      '': () => x,
      relu: () => g.op('Relu', [x]),
      relu6: () => g.op('Clip', [x, g.scalar(0), g.scalar(6)]),
      silu: () => g.mul(x, g.op('Sigmoid', [x])),
      hardswish: () => g.op('HardSwish', [x]),
    }[kind]();
  }

  op(x: Map4, op: string, attributes: Record<string, AttributeInput> = {}, more: readonly string[] = []): Map4 {
    return { ...x, name: this.g.op(op, [x.name, ...more], attributes) };
  }

  pool(x: Map4, kind: 'Max' | 'Average', kernel: number, stride: number, pad = 0, ceil = false): Map4 {
    const [n, c, h, w] = x.dims;
    const out = (size: number): number => {
      const last = (size + 2 * pad - kernel) / stride;
      const count = (ceil ? Math.ceil(last) : Math.floor(last)) + 1;
      return (count - 1) * stride >= size + pad ? count - 1 : count;
    };
    const name = this.g.op(`${kind}Pool`, [x.name], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      ceil_mode: ceil ? 1 : 0,
      // PyTorch's average pools divide by the whole window, padding included; only there does it make a difference.
      ...(kind === 'Average' && pad > 0 ? { count_include_pad: 1 } : {}),
    });
    return { name, dims: [n, c, out(h), out(w)] };
  }

  /** Batch normalisation that no convolution could swallow. */
  norm(x: Map4): Map4 {
    const c = x.dims[1];
    const [scale, bias, mean] = [this.weight([c], 0.1, 1), this.weight([c], 0.1), this.weight([c], 0.1)];
    const variance = this.g.constant(float32(random(this.seed, 78).uniform(new Float32Array(c), this.draw++, 0.5, 1.5)), 'var');
    return this.op(x, 'BatchNormalization', { epsilon: float(1e-5) }, [scale, bias, mean, variance]);
  }

  /** As AlexNet and GoogLeNet normalise: over five channels. */
  lrn = (x: Map4): Map4 => this.op(x, 'LRN', { size: 5, alpha: float(1e-4), beta: float(0.75), bias: float(1) });

  concat(parts: readonly Map4[]): Map4 {
    const [n, , h, w] = parts[0]!.dims;
    const name = this.g.op(
      'Concat',
      parts.map((p) => p.name),
      { axis: 1 },
    );
    return { name, dims: [n, parts.reduce((sum, p) => sum + p.dims[1], 0), h, w] };
  }

  add = (a: Map4, b: Map4): Map4 => ({ ...a, name: this.g.add(a.name, b.name) });
  mul = (a: Map4, b: Map4): Map4 => ({ ...a, name: this.g.mul(a.name, b.name) });

  channels(x: Map4, from: number, to: number): Map4 {
    return { name: this.g.slice(x.name, [from], [to], [1]), dims: [x.dims[0], to - from, x.dims[2], x.dims[3]] };
  }

  /** Both halves of the channels. */
  halves(x: Map4): [Map4, Map4] {
    const [n, c, h, w] = x.dims;
    const [a, b] = this.g.ops('Split', [x.name, this.g.ints([c / 2, c / 2])], 2, { axis: 1 }) as [string, string];
    return [
      { name: a, dims: [n, c / 2, h, w] },
      { name: b, dims: [n, c / 2, h, w] },
    ];
  }

  /** Channel shuffle of ShuffleNet. */
  shuffle(x: Map4, groups: number): Map4 {
    const [n, c, h, w] = x.dims;
    const apart = this.g.transpose(this.g.reshape(x.name, [n, groups, c / groups, h, w]), [0, 2, 1, 3, 4]);
    return { ...x, name: this.g.reshape(apart, [n, c, h, w]) };
  }

  mean(x: Map4): Map4 {
    return { name: this.g.op('GlobalAveragePool', [x.name]), dims: [x.dims[0], x.dims[1], 1, 1] };
  }

  /** Squeeze and excitation: channels weighted by a two-layer network of their means. */
  excite(x: Map4, squeezed: number, inner: Activation, gate: 'Sigmoid' | 'HardSigmoid'): Map4 {
    const c = x.dims[1];
    const narrow = this.conv(this.mean(x), squeezed, 1, { act: inner });
    // PyTorch's hard sigmoid has a slope of 1/6, ONNX's default is 0.2.
    const wide = this.op(this.conv(narrow, c, 1, { act: '' }), gate, gate === 'HardSigmoid' ? { alpha: float(1 / 6) } : {});
    return this.mul(x, wide);
  }

  flat(x: Map4): { name: string; width: number } {
    return { name: this.g.op('Flatten', [x.name], { axis: 1 }), width: sizeOf(x.dims.slice(1)) };
  }

  dense(x: { name: string; width: number }, width: number, act: Activation = ''): { name: string; width: number } {
    const w = this.weight([width, x.width], Math.sqrt((act ? 2 : 1) / x.width));
    const y = this.g.op('Gemm', [x.name, w, this.weight([width], 0.05)], { transB: 1 });
    return { name: this.activate(y, act), width };
  }

  /** The model, its one output `logits` [N, K]. */
  build(logits: string, opset = DIALECT_OPSET): Model {
    this.g.output(logits, 'logits');
    const opsets = new Map([['', opset]]);
    return {
      irVersion: opset > 22 ? 10 : 8,
      producer: 'lan-onnx nets',
      opsets,
      metadata: {},
      functions: [],
      graph: this.g.build(),
    };
  }
}

/** Seeded normal inputs. */
export const pictureOf = (dims: readonly number[], draw = 0): Tensor =>
  float32(random(5, 79).normal(new Float32Array(sizeOf(dims)), draw), dims);
