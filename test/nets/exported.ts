// What exporters write around a network's layers: constants as nodes, shape arithmetic for a batch left open, normalisations taken apart.
import { float32, int64, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { float, type AttributeInput } from '../../src/onnx/builder.js';
import type { Model } from '../../src/onnx/graph.js';
import { Net } from './net.js';

/** Opset 17, as most of the model zoo. Values are names; widths are told, since shapes are left to the graph. */
export class Exported extends Net {
  /** The input `x` with its batch left open. */
  open(...dims: number[]): string {
    return this.g.input('x', 'float32', ['batch', ...dims]);
  }

  /** A Constant node. */
  constant(value: Tensor): string {
    return this.g.op('Constant', [], { value: { kind: 'tensor', value } });
  }
  number = (value: number): string => this.constant(float32([value], []));
  whole = (value: number): string => this.constant(int64([value], []));
  list = (...values: number[]): string => this.constant(int64(values));

  /** Length of an axis, a scalar. */
  length = (x: string, axis: number): string => this.g.op('Gather', [this.g.op('Shape', [x]), this.whole(axis)], { axis: 0 });

  /** A shape from scalars and numbers. */
  shape(...parts: readonly (string | number)[]): string {
    const columns = parts.map((p) => this.g.op('Unsqueeze', [typeof p === 'number' ? this.whole(p) : p, this.list(0)]));
    return this.g.op('Concat', columns, { axis: 0 });
  }
  view = (x: string, ...parts: readonly (string | number)[]): string => this.g.op('Reshape', [x, this.shape(...parts)]);

  /** torch.expand: -1 keeps an axis, so the sizes are compared with -1 and replaced by 1. */
  expand(x: string, sizes: string, rank: number): string {
    const one: AttributeInput = { kind: 'tensor', value: int64([1]) };
    const ones = this.g.op('ConstantOfShape', [this.list(rank)], { value: one });
    const minus = this.g.mul(ones, this.whole(-1));
    return this.g.op('Expand', [x, this.g.where(this.g.op('Equal', [sizes, minus]), ones, sizes)]);
  }

  /** x times a matrix, and biases. */
  linear(x: string, from: number, to: number, gain = 1): string {
    const y = this.g.matMul(x, this.weight([from, to], Math.sqrt(gain / from)));
    return this.g.add(this.weight([to], 0.05), y);
  }

  layerNorm(x: string, width: number): string {
    return this.g.op('LayerNormalization', [x, this.weight([width], 0.1, 1), this.weight([width], 0.1)], {
      axis: -1,
      epsilon: float(1e-6),
    });
  }

  /** As before opset 17, over these axes; scale and bias of the given shape. */
  layerNormApart(x: string, axes: readonly number[], dims: readonly number[]): string {
    const { g } = this;
    const centred = g.sub(x, g.op('ReduceMean', [x], { axes }));
    const variance = g.op('ReduceMean', [g.op('Pow', [centred, this.number(2)])], { axes });
    const y = g.div(centred, g.op('Sqrt', [g.add(variance, this.number(1e-6))]));
    return g.add(g.mul(y, this.weight(dims, 0.1, 1)), this.weight(dims, 0.1));
  }

  gelu(x: string): string {
    const { g } = this;
    const erf = g.op('Erf', [g.div(x, this.number(Math.SQRT2))]);
    return g.mul(g.mul(x, g.add(erf, this.number(1))), this.number(0.5));
  }

  mlp = (x: string, width: number, inner: number): string => this.linear(this.gelu(this.linear(x, width, inner)), inner, width);

  /** Queries, keys and values [B, heads, N, width / heads] of tokens [B, N, width], from one product. */
  qkv(x: string, width: number, heads: number): [string, string, string] {
    const { g } = this;
    const all = this.view(this.linear(x, width, 3 * width), this.length(x, 0), this.length(x, 1), 3, heads, width / heads);
    const apart = g.ops('Split', [g.transpose(all, [2, 0, 3, 1, 4]), this.list(1, 1, 1)], 3, { axis: 0 });
    return apart.map((p) => g.op('Squeeze', [p, this.list(0)])) as [string, string, string];
  }

  /** The heads of [B, heads, N, D] side by side: as many tokens as `like` has. */
  joined = (y: string, like: string, width: number): string =>
    this.view(this.g.transpose(y, [0, 2, 1, 3]), this.length(like, 0), this.length(like, 1), width);

  /** softmax(q k' / sqrt(D) + bias) v over tokens [B, N, width]. */
  attention(x: string, width: number, heads: number, bias?: (scores: string) => string): string {
    const { g } = this;
    const [q, k, v] = this.qkv(x, width, heads);
    const scores = g.matMul(g.mul(q, this.number(1 / Math.sqrt(width / heads))), g.transpose(k, [0, 1, 3, 2]));
    const weights = g.op('Softmax', [bias ? bias(scores) : scores], { axis: -1 });
    return this.linear(this.joined(g.matMul(weights, v), x, width), width, width);
  }

  /** Attention and a two-layer network, each behind a normalisation and beside a shortcut. */
  block(x: string, width: number, heads: number, bias?: (scores: string) => string): string {
    const y = this.g.add(x, this.attention(this.layerNorm(x, width), width, heads, bias));
    return this.g.add(y, this.mlp(this.layerNorm(y, width), width, 2 * width));
  }

  /** x / max(|x|, 1e-12) along the last axis. */
  unit(x: string): string {
    const { g } = this;
    const length = g.op('ReduceL2', [x], { axes: [-1], keepdims: 1 });
    const safe = g.op('Clip', [length, this.number(1e-12)]);
    return g.div(x, g.op('Expand', [safe, g.op('Shape', [x])]));
  }

  /** A convolution between names; `pad` on all sides. */
  conv2(x: string, from: number, to: number, kernel: number, { stride = 1, group = 1, pad = 0 } = {}): string {
    const weight = this.weight([to, from / group, kernel, kernel], Math.sqrt(2 / ((from / group) * kernel * kernel)));
    return this.g.op('Conv', [x, weight, this.weight([to], 0.05)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group,
    });
  }

  /** [B, width] to classes. */
  head(x: string, width: number, classes: number): Model {
    return this.build(this.dense({ name: x, width }, classes).name, 17);
  }

  /** Seeded whole numbers below `limit`. */
  ids(dims: readonly number[], limit: number): Tensor {
    return int64(
      Array.from({ length: sizeOf(dims) }, (_, i) => (7 * i + 3) % limit),
      dims,
    );
  }
}
