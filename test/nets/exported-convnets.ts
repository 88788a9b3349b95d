// Convolutional networks with what the older ones lack, small, as exporters write them: ConvNeXt, EdgeNeXt, NFNet, BiT, HRNet and others.
import { float32 } from '../../src/core/tensor.js';
import { float } from '../../src/onnx/builder.js';
import type { Model } from '../../src/onnx/graph.js';
import { Exported } from './exported.js';

const CLASSES = 10;

/** Channels of [B, C, H, W] averaged, in one of the ways that exporters have: over both axes, or by the pooling op. */
const pooled = (n: Exported, x: string): string => n.g.op('ReduceMean', [x], { axes: [2, 3], keepdims: 0 });
const headOf = (n: Exported, x: string, width: number): Model =>
  n.head(n.g.op('Flatten', [n.g.op('GlobalAveragePool', [x])], { axis: 1 }), width, CLASSES);

/** Liu et al., 2022: normalisations channels-last as one op or channels-first taken apart, a scale per layer. */
export function convNeXt(): Model {
  const n = new Exported('convnext');
  const { g } = n;
  let width = 8;
  let x = n.layerNormApart(n.conv2(n.open(3, 32, 32), 3, width, 4, { stride: 4 }), [1], [width, 1, 1]);
  for (const stage of [0, 1]) {
    if (stage) {
      x = n.conv2(n.layerNormApart(x, [1], [width, 1, 1]), width, 2 * width, 2, { stride: 2 });
      width *= 2;
    }
    const deep = g.transpose(n.conv2(x, width, width, 7, { pad: 3, group: width }), [0, 2, 3, 1]);
    const inner = n.mlp(n.layerNorm(deep, width), width, 4 * width);
    x = g.add(g.transpose(g.mul(n.weight([width], 0.2, 0.5), inner), [0, 3, 1, 2]), x);
  }
  return n.head(n.layerNorm(pooled(n, x), width), width, CLASSES);
}

/** Woo et al., 2023: the response of each channel, by its norm over all positions, divided by their mean. */
export function convNeXtV2(): Model {
  const n = new Exported('convnextv2');
  const { g } = n;
  const [width, wide] = [8, 20];
  const x = n.conv2(n.open(3, 24, 24), 3, width, 4, { stride: 4 });
  const deep = g.transpose(n.conv2(x, width, width, 7, { pad: 3, group: width }), [0, 2, 3, 1]);
  const inner = n.gelu(n.linear(n.layerNorm(deep, width), width, wide));
  const response = g.op('ReduceL2', [inner], { axes: [1, 2], keepdims: 1 });
  const relative = g.div(response, g.add(g.op('ReduceMean', [response], { axes: [-1], keepdims: 1 }), n.number(1e-6)));
  const scaled = g.add(g.mul(g.mul(inner, relative), n.weight([wide], 0.5)), n.weight([wide], 0.1));
  const y = g.transpose(n.linear(g.add(inner, scaled), wide, width), [0, 3, 1, 2]);
  return n.head(n.layerNorm(pooled(n, g.add(x, y)), width), width, CLASSES);
}

/** Maaz et al., 2022: channels in steps, each part convolved with what came before; positions from a mask of nothing, counted and turned to waves. */
export function edgeNeXt(): Model {
  const n = new Exported('edgenext');
  const { g } = n;
  const [width, heads, side] = [12, 2, 6];
  let x = n.conv2(n.open(3, 24, 24), 3, width, 4, { stride: 4 });
  const [a, b, c] = g.ops('Split', [x, n.list(4, 4, 4)], 3, { axis: 1 }) as [string, string, string];
  const first = n.conv2(a, 4, 4, 3, { pad: 1, group: 4 });
  const second = n.conv2(g.add(first, b), 4, 4, 3, { pad: 1, group: 4 });
  const mixed = g.op('Concat', [first, second, c], { axis: 1 });
  const nothing = g.op('ConstantOfShape', [n.shape(n.length(x, 0), side, side)], {
    value: { kind: 'tensor', value: { type: 'bool', dims: [1], data: Uint8Array.of(0) } },
  });
  const shown = g.op('Cast', [g.op('Not', [nothing])], { to: 1 });
  const place = (axis: number): string => {
    const counted = g.op('CumSum', [shown, n.whole(axis)]);
    const last = g.op('Slice', [counted, n.list(-1), n.list(2 ** 31 - 1), n.list(axis)]);
    const angle = g.mul(g.div(counted, g.add(last, n.number(1e-6))), n.number(2 * Math.PI));
    const rated = g.div(g.op('Unsqueeze', [angle, n.list(3)]), n.constant(float32([1, 1, 21.5, 21.5, 464, 464])));
    const part = (from: number): string => g.op('Slice', [rated, n.list(from), n.list(2 ** 31 - 1), n.list(3), n.list(2)]);
    const waves = [g.op('Sin', [part(0)]), g.op('Cos', [part(1)])].map((w) => g.op('Unsqueeze', [w, n.list(4)]));
    return n.view(g.op('Concat', waves, { axis: 4 }), n.length(x, 0), side, side, 6);
  };
  const waves = g.transpose(g.op('Concat', [place(1), place(2)], { axis: 3 }), [0, 3, 1, 2]);
  const positions = n.conv2(waves, 12, width, 1);
  const tokens = g.transpose(n.view(g.add(mixed, positions), n.length(x, 0), width, side * side), [0, 2, 1]);
  const [q, k, v] = n.qkv(n.layerNorm(tokens, width), width, heads).map((p) => g.transpose(p, [0, 1, 3, 2])) as [
    string,
    string,
    string,
  ];
  const scores = g.mul(g.matMul(n.unit(q), g.transpose(n.unit(k), [0, 1, 3, 2])), n.weight([heads, 1, 1], 0.2, 1));
  const y = g.transpose(g.matMul(g.op('Softmax', [scores], { axis: -1 }), v), [0, 3, 1, 2]);
  const out = g.add(tokens, n.linear(n.view(y, n.length(x, 0), side * side, width), width, width));
  x = g.add(x, n.view(g.transpose(out, [0, 2, 1]), n.length(x, 0), width, side, side));
  return n.head(n.layerNorm(pooled(n, x), width), width, CLASSES);
}

/** A filter of mean 0 and variance 1 per output channel, computed by the graph; [M, C, k, k]. */
function standardised(n: Exported, dims: readonly [number, number, number, number], gain: number): string {
  const { g } = n;
  const weight = n.weight(dims, 0.7, 0.2);
  const fan = dims[1] * dims[2] * dims[3];
  const centred = g.sub(weight, g.op('ReduceMean', [weight], { axes: [1, 2, 3], keepdims: 1 }));
  const variance = g.op('ReduceMean', [g.mul(centred, centred)], { axes: [1, 2, 3], keepdims: 1 });
  const scale = g.op('Sqrt', [g.op('Clip', [g.mul(variance, n.number(fan)), n.number(1e-4)])]);
  return g.mul(g.mul(g.div(centred, scale), n.weight([dims[0], 1, 1, 1], 0.1, 1)), n.number(gain));
}

/** Brock et al., 2021: no normalisation but that of the weights; a pre-activation scaled by what variance it expects. */
export function nfNet(): Model {
  const n = new Exported('nfnet');
  const { g } = n;
  const width = 12;
  const conv = (x: string, from: number, to: number, kernel: number, stride = 1, group = 1): string => {
    const half = (kernel - 1) / 2;
    return g.op('Conv', [x, standardised(n, [to, from / group, kernel, kernel], 1.4), n.weight([to], 0.05)], {
      ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [half, half, half, half], group },
    });
  };
  let x = conv(n.open(3, 20, 20), 3, width, 3, 2);
  for (const expected of [1, 1.1]) {
    const ready = g.mul(n.gelu(g.mul(x, n.number(1 / expected))), n.number(1.7));
    const y = conv(n.gelu(conv(n.gelu(conv(ready, width, 6, 1)), 6, 6, 3, 1, 2)), 6, width, 1);
    const mean = g.op('GlobalAveragePool', [y]);
    const gate = g.op('Sigmoid', [n.conv2(g.op('Relu', [n.conv2(mean, width, 4, 1)]), 4, width, 1)]);
    x = g.add(g.mul(g.mul(g.mul(g.mul(y, gate), n.number(2)), n.weight([], 0.1, 0.8)), n.number(0.2)), x);
  }
  return headOf(n, n.gelu(conv(x, width, 18, 1)), 18);
}

/** Kolesnikov et al., 2020: standardised weights, group normalisation as PyTorch exports it (an InstanceNormalization of the groups), a fixed pad. */
export function bit(): Model {
  const n = new Exported('bit');
  const { g } = n;
  const groupNorm = (x: string, width: number, groups: number): string => {
    const seen = g.op('Reshape', [x, n.list(0, groups, -1)]);
    const unit = n.constant(float32(new Float32Array(groups).fill(1)));
    const y = g.op('InstanceNormalization', [seen, unit, n.constant(float32(new Float32Array(groups)))], {
      epsilon: float(1e-5),
    });
    const apart = g.op('Reshape', [y, g.op('Shape', [x])]);
    return g.op('Relu', [g.add(g.mul(apart, n.weight([width, 1, 1], 0.1, 1)), n.weight([width, 1, 1], 0.1))]);
  };
  const root = g.op('Conv', [n.open(3, 24, 24), standardised(n, [8, 3, 7, 7], 1)], {
    ...{ kernel_shape: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3] },
  });
  const framed = g.op('Pad', [root, n.list(0, 0, 1, 1, 0, 0, 1, 1), n.number(0)], { mode: 'constant' });
  let x = g.op('MaxPool', [framed], { kernel_shape: [3, 3], strides: [2, 2] });
  const ready = groupNorm(x, 8, 4);
  const inner = g.op('Conv', [ready, standardised(n, [6, 8, 3, 3], 1)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  x = g.add(x, g.op('Conv', [groupNorm(inner, 6, 3), standardised(n, [8, 6, 1, 1], 1)], { kernel_shape: [1, 1] }));
  return headOf(n, groupNorm(x, 8, 2), 8);
}

/** Wang et al., 2020: two resolutions side by side that exchange what they see, by strided convolution and by nearest neighbours. */
export function hrNet(): Model {
  const n = new Exported('hrnet');
  const { g } = n;
  const relu = (x: string): string => g.op('Relu', [x]);
  let high = relu(n.conv2(n.open(3, 24, 24), 3, 8, 3, { stride: 2, pad: 1 }));
  let low = relu(n.conv2(high, 8, 12, 3, { stride: 2, pad: 1 }));
  for (let i = 0; i < 2; i++) {
    high = relu(g.add(high, n.conv2(high, 8, 8, 3, { pad: 1 })));
    low = relu(g.add(low, n.conv2(low, 12, 12, 3, { pad: 1 })));
    const grown = g.op('Resize', [n.conv2(low, 12, 8, 1), '', n.constant(float32([1, 1, 2, 2]))], {
      ...{ mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    });
    [high, low] = [relu(g.add(high, grown)), relu(g.add(n.conv2(high, 8, 12, 3, { stride: 2, pad: 1 }), low))];
  }
  const all = g.op('Concat', [n.conv2(high, 8, 12, 3, { stride: 2, pad: 1 }), low], { axis: 1 });
  return headOf(n, all, 24);
}

/** Ding et al., 2021, as trained: a 3x3, a 1x1 and no convolution in parallel, each normalised. */
export function repVgg(): Model {
  const n = new Exported('repvgg');
  const { g } = n;
  const norm = (x: string, width: number): string => {
    const variance = n.constant(float32(new Float32Array(width).fill(0.8)));
    const [scale, bias, mean] = [n.weight([width], 0.1, 1), n.weight([width], 0.1), n.weight([width], 0.1)];
    // torch.onnx hands shared parameters through Identity.
    return g.op('BatchNormalization', [x, g.op('Identity', [scale]), bias, mean, variance], { epsilon: float(1e-5) });
  };
  let x = n.open(3, 20, 20);
  let from = 3;
  for (const [width, stride] of [
    [8, 2],
    [8, 1],
    [12, 2],
    [12, 1],
  ] as const) {
    // prettier-ignore
    const parts = [norm(n.conv2(x, from, width, 3, { stride, pad: 1 }), width), norm(n.conv2(x, from, width, 1, { stride }), width)];
    const sum = g.add(...(parts as [string, string]));
    x = g.op('Relu', [from === width && stride === 1 ? g.add(sum, norm(x, width)) : sum]);
    from = width;
  }
  return headOf(n, x, from);
}

/** Redmon and Farhadi, 2018, in its cross-stage form (Wang et al., 2020): half of the channels go around. */
export function darknet(): Model {
  const n = new Exported('cspdarknet');
  const { g } = n;
  const leaky = (x: string): string => g.op('LeakyRelu', [x], { alpha: float(0.1) });
  const x = leaky(n.conv2(leaky(n.conv2(n.open(3, 24, 24), 3, 8, 3, { pad: 1 })), 8, 16, 3, { stride: 2, pad: 1 }));
  const [kept, changed] = g.ops('Split', [x, n.list(8, 8)], 2, { axis: 1 }) as [string, string];
  const inner = g.add(changed, leaky(n.conv2(leaky(n.conv2(changed, 8, 6, 1)), 6, 8, 3, { pad: 1 })));
  return headOf(n, leaky(n.conv2(g.op('Concat', [inner, kept], { axis: 1 }), 16, 12, 1)), 12);
}

/** A network ported from TensorFlow: 'same' pads computed from the input's shape, more of them behind; mean and excitation by ReduceMean. */
export function samePadded(): Model {
  const n = new Exported('tf_efficientnet');
  const { g } = n;
  /** max(0, (ceil(i / s) - 1) s + k - i) more rows or columns. */
  const missing = (x: string, axis: number, kernel: number, stride: number): string => {
    const size = n.length(x, axis);
    const steps = g.op('Ceil', [g.div(g.op('Cast', [size], { to: 1 }), n.number(stride))]);
    const covered = g.add(g.mul(g.sub(g.op('Cast', [steps], { to: 7 }), n.whole(1)), n.whole(stride)), n.whole(kernel));
    return g.op('Clip', [g.sub(covered, size), n.whole(0)]);
  };
  const same = (x: string, kernel: number, stride: number): string => {
    const [down, right] = [2, 3].map((axis) => missing(x, axis, kernel, stride)) as [string, string];
    const half = (v: string): string => g.div(v, n.whole(2));
    // torch.nn.functional.pad counts axes from the last: pairs, turned around and transposed.
    const pairs = n.shape(half(right), g.sub(right, half(right)), half(down), g.sub(down, half(down)), 0, 0, 0, 0);
    const rows = n.view(pairs, -1, 2);
    const turned = g.op('Slice', [rows, n.list(-1), n.list(-(2 ** 31)), n.list(0), n.list(-1)]);
    return g.op('Pad', [x, g.op('Cast', [n.view(g.transpose(turned, [1, 0]), -1)], { to: 7 }), n.number(0)], {
      mode: 'constant',
    });
  };
  const silu = (x: string): string => g.mul(x, g.op('Sigmoid', [x]));
  let x = silu(n.conv2(same(n.open(3, 25, 22), 3, 2), 3, 8, 3, { stride: 2 }));
  for (const [kernel, stride] of [
    [3, 1],
    [5, 2],
  ] as const) {
    // prettier-ignore
    const wide = silu(n.conv2(x, 8, 16, 1));
    const deep = silu(n.conv2(same(wide, kernel, stride), 16, 16, kernel, { stride, group: 16 }));
    const mean = g.op('ReduceMean', [deep], { axes: [2, 3], keepdims: 1 });
    const gate = g.op('Sigmoid', [n.conv2(silu(n.conv2(mean, 16, 4, 1)), 4, 16, 1)]);
    const narrow = n.conv2(g.mul(deep, gate), 16, 8, 1);
    x = stride === 1 ? g.add(narrow, x) : narrow;
  }
  return headOf(n, x, 8);
}

/** Srinivas et al., 2021: attention over a map with relative positions of rows and columns; here each position looks past itself (EyeLike). */
export function boTNet(): Model {
  const n = new Exported('botnet');
  const { g } = n;
  const [width, side] = [12, 5];
  const area = side * side;
  const x = g.op('Relu', [n.conv2(n.open(3, 20, 20), 3, width, 4, { stride: 4 })]);
  const flat = (y: string): string => n.view(y, n.length(x, 0), width, -1);
  const [q, k, v] = [0, 1, 2].map(() => flat(n.conv2(x, width, width, 1))) as [string, string, string];
  const scores = g.mul(g.matMul(g.transpose(q, [0, 2, 1]), k), n.number(width ** -0.5));
  const places = g.matMul(g.transpose(q, [0, 2, 1]), n.weight([width, area], 0.2));
  const square = g.op('ConstantOfShape', [n.list(area, area)]);
  const itself = g.op('EyeLike', [square], { dtype: 1 });
  const hidden = g.op('Expand', [g.mul(itself, n.number(-1e4)), n.shape(n.length(x, 0), area, area)]);
  const weights = g.op('Softmax', [g.add(g.add(scores, places), hidden)], { axis: 2 });
  const y = n.view(g.transpose(g.matMul(weights, g.transpose(v, [0, 2, 1])), [0, 2, 1]), n.length(x, 0), width, side, side);
  const pool = g.op('AveragePool', [g.op('Relu', [g.add(x, y)])], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 });
  return headOf(n, pool, width);
}

/** Krizhevsky et al., 2012, with PyTorch's local response normalisation: an average over channels, as a pool of three axes. */
export function torchLrn(): Model {
  const n = new Exported('lrn');
  const { g } = n;
  const lrn = (x: string, size: number): string => {
    const squares = g.op('Unsqueeze', [g.mul(x, x), n.list(1)]);
    const before = Math.floor(size / 2);
    const framed = g.op('Pad', [squares, n.list(0, 0, before, 0, 0, 0, 0, size - 1 - before, 0, 0), n.number(0)]);
    const mean = g.op('AveragePool', [framed], { kernel_shape: [size, 1, 1], strides: [1, 1, 1] });
    const s = g.add(g.mul(g.op('Squeeze', [mean, n.list(1)]), n.number(0.3)), n.number(1));
    return g.div(x, g.op('Pow', [s, n.number(0.75)]));
  };
  const x = lrn(g.op('Relu', [n.conv2(n.open(3, 21, 21), 3, 10, 5, { stride: 2 })]), 5);
  const y = g.op('MaxPool', [lrn(g.op('Relu', [n.conv2(x, 10, 12, 3)]), 4)], { kernel_shape: [3, 3], strides: [2, 2] });
  return n.head(g.op('Flatten', [y], { axis: 1 }), 12 * 3 * 3, CLASSES);
}

export const EXPORTED_CONVNETS = {
  ConvNeXt: convNeXt,
  'ConvNeXt V2': convNeXtV2,
  EdgeNeXt: edgeNeXt,
  NFNet: nfNet,
  BiT: bit,
  HRNet: hrNet,
  RepVGG: repVgg,
  CSPDarknet: darknet,
  'EfficientNet of TensorFlow': samePadded,
  BoTNet: boTNet,
  'LRN of PyTorch': torchLrn,
};
