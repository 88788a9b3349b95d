// Vision transformers as exporters write them, small: ViT, Swin, SwinV2, MaxViT, XCiT, and the mixers that have no attention.
import { int64 } from '../../src/core/tensor.js';
import type { AttributeInput } from '../../src/onnx/builder.js';
import type { Model } from '../../src/onnx/graph.js';
import { Exported } from './exported.js';

const CLASSES = 10;
/** A mean over tokens [B, N, width]. */
const meanOf = (n: Exported, x: string): string => n.g.op('ReduceMean', [x], { axes: [1], keepdims: 0 });

/** Pictures [B, 3, S, S] as tokens [B, (S / patch)^2, width]. */
function patches(n: Exported, x: string, patch: number, width: number): string {
  const { g } = n;
  const y = n.conv2(x, 3, width, patch, { stride: patch });
  const kept = g.op('Slice', [g.op('Shape', [y]), n.list(0), n.list(2), n.list(0)]);
  return g.transpose(g.op('Reshape', [y, g.op('Concat', [kept, n.list(-1)], { axis: 0 })]), [0, 2, 1]);
}

/** Dosovitskiy et al., 2021: a class token in front of the patches, learned positions. */
export function vit(): Model {
  const n = new Exported('vit');
  const { g } = n;
  const [width, heads] = [24, 3];
  const tokens = patches(n, n.open(3, 32, 32), 8, width);
  const first = n.expand(n.weight([1, 1, width], 0.5), n.shape(n.length(tokens, 0), -1, -1), 3);
  let x = g.add(g.op('Concat', [first, tokens], { axis: 1 }), n.weight([1, 17, width], 0.3));
  for (let i = 0; i < 2; i++) x = n.block(x, width, heads);
  return n.head(g.op('Gather', [n.layerNorm(x, width), n.whole(0)], { axis: 1 }), width, CLASSES);
}

/** Maps [B, H, W, C] in windows [B * count, size^2, C], and back. */
function windows(n: Exported, x: string, side: number, size: number, width: number): string {
  const count = side / size;
  const apart = n.g.transpose(n.view(x, n.length(x, 0), count, size, count, size, width), [0, 1, 3, 2, 4, 5]);
  return n.view(apart, -1, size * size, width);
}
function merged(n: Exported, x: string, side: number, size: number, width: number): string {
  const count = side / size;
  const batch = n.g.op('Cast', [n.g.div(n.length(x, 0), n.whole(count * count))], { to: 7 });
  return n.view(n.g.transpose(n.view(x, batch, count, count, size, size, width), [0, 1, 3, 2, 4, 5]), batch, side, side, width);
}
/** torch.roll of both axes of a map [B, H, W, C]. */
function rolled(n: Exported, x: string, by: number): string {
  const end = n.list(2 ** 31 - 1);
  const along = (y: string, axis: number): string => {
    const cut = n.list(by);
    const back = n.g.op('Slice', [y, cut, end, n.list(axis), n.list(1)]);
    return n.g.op('Concat', [back, n.g.op('Slice', [y, n.list(0), cut, n.list(axis), n.list(1)])], { axis });
  };
  return along(along(x, 1), 2);
}

/** Which window a position belonged to before the roll, written region by region as timm does, and -100 between regions. */
function shiftMask(n: Exported, side: number, size: number, shift: number): string {
  const { g } = n;
  const zero: AttributeInput = { kind: 'tensor', value: { type: 'float32', dims: [1], data: Float32Array.of(0) } };
  let regions = g.op('ConstantOfShape', [n.list(1, side, side, 1)], { value: zero });
  const cuts = [0, side - size, side - shift, side];
  const run = (from: number, to: number): string => g.op('Range', [n.whole(from), n.whole(to), n.whole(1)]);
  for (let i = 0; i < 9; i++) {
    const [r, c] = [Math.floor(i / 3), i % 3];
    const [top, left] = [cuts[r]!, cuts[c]!];
    const [height, width] = [cuts[r + 1]! - top, cuts[c + 1]! - left];
    const grid = n.list(1, height, width, 1, 1);
    const column = (x: string, ...dims: number[]): string => g.op('Expand', [n.view(x, ...dims), grid]);
    const zeros = column(n.whole(0), 1);
    const rows = column(run(top, top + height), 1, height, 1, 1, 1);
    const columns = column(run(left, left + width), 1, 1, width, 1, 1);
    const index = g.op('Concat', [zeros, rows, columns, zeros], { axis: 4 });
    const value = g.op('Expand', [n.number(i), n.list(1, height, width, 1)]);
    regions = g.op('ScatterND', [regions, index, value]);
  }
  const flat = n.view(windows(n, regions, side, size, 1), -1, size * size);
  const apart = g.sub(g.op('Unsqueeze', [flat, n.list(1)]), g.op('Unsqueeze', [flat, n.list(2)]));
  const same = g.op('Equal', [apart, n.number(0)]);
  return g.where(g.op('Not', [same]), n.number(-100), g.where(same, n.number(0), apart));
}

/** Scores [B * windows, heads, N, N] and what is added to them: relative positions out of a table, and the mask of the shift. */
function windowBias(n: Exported, heads: number, size: number, mask: string | undefined): (scores: string) => string {
  const { g } = n;
  const area = size * size;
  const relative = Array.from({ length: area * area }, (_, i) => {
    const [a, b] = [Math.floor(i / area), i % area];
    const down = Math.floor(a / size) - Math.floor(b / size) + size - 1;
    return down * (2 * size - 1) + (a % size) - (b % size) + size - 1;
  });
  return (scores) => {
    const table = n.weight([(2 * size - 1) ** 2, heads], 0.5);
    const rows = n.view(g.op('Gather', [table, n.constant(int64(relative))], { axis: 0 }), area, area, heads);
    const biased = g.add(scores, g.op('Unsqueeze', [g.transpose(rows, [2, 0, 1]), n.list(0)]));
    if (!mask) return biased;
    const count = n.length(mask, 0);
    const perWindow = n.view(biased, -1, count, heads, area, area);
    const hidden = g.op('Unsqueeze', [g.op('Unsqueeze', [mask, n.list(1)]), n.list(0)]);
    return n.view(g.add(perWindow, hidden), -1, heads, area, area);
  };
}

/** Rows and columns up to a whole number of windows, as torchvision computes them whether or not there are any missing. */
function padded(n: Exported, x: string, size: number): string {
  const { g } = n;
  const missing = (axis: number): string =>
    g.op('Mod', [g.sub(n.whole(size), g.op('Mod', [n.length(x, axis), n.whole(size)])), n.whole(size)]);
  return g.op('Pad', [x, n.shape(0, 0, 0, 0, 0, missing(1), missing(2), 0)]);
}

/** Liu et al., 2021: a block of windows, a block of shifted windows, and patches merged by strided slices. */
export function swin(): Model {
  const n = new Exported('swin');
  const { g } = n;
  const [side, size, shift, width, heads] = [8, 4, 2, 12, 3];
  let x = padded(n, g.transpose(n.conv2(n.open(3, 32, 32), 3, width, 4, { stride: 4 }), [0, 2, 3, 1]), size);
  for (const by of [0, shift]) {
    const mask = by ? shiftMask(n, side, size, shift) : undefined;
    const normal = n.layerNorm(x, width);
    const seen = windows(n, by ? rolled(n, normal, shift) : normal, side, size, width);
    const y = merged(n, n.attention(seen, width, heads, windowBias(n, heads, size, mask)), side, size, width);
    x = g.add(x, by ? rolled(n, y, side - shift) : y);
    x = g.add(x, n.mlp(n.layerNorm(x, width), width, 2 * width));
  }
  const end = n.list(2 ** 31 - 1);
  const every = (y: string, from: number, axis: number): string => g.op('Slice', [y, n.list(from), end, n.list(axis), n.list(2)]);
  const quarters = [0, 1, 2, 3].map((i) => every(every(x, i % 2, 1), Math.floor(i / 2), 2));
  const wide = n.layerNorm(g.op('Concat', quarters, { axis: -1 }), 4 * width);
  const reduced = g.matMul(wide, n.weight([4 * width, 2 * width], 0.15));
  const pooled = g.op('ReduceMean', [n.layerNorm(reduced, 2 * width)], { axes: [1, 2], keepdims: 0 });
  return n.head(pooled, 2 * width, CLASSES);
}

/** Liu et al., 2022: cosine attention with a learned temperature, positions by a small network of log-spaced distances, normalisation last. */
export function swinV2(): Model {
  const n = new Exported('swinv2');
  const { g } = n;
  const [side, size, width, heads] = [8, 4, 12, 3];
  const area = size * size;
  let x = g.transpose(n.conv2(n.open(3, 32, 32), 3, width, 4, { stride: 4 }), [0, 2, 3, 1]);
  const [q, k, v] = n.qkv(windows(n, x, side, size, width), width, heads);
  const cosine = g.matMul(n.unit(q), g.transpose(n.unit(k), [0, 1, 3, 2]));
  const hottest = g.op('Clip', [n.weight([heads, 1, 1], 0.3, 2.3), '', n.number(Math.log(100))]);
  const scores = g.mul(cosine, g.op('Exp', [hottest]));
  // sign(d) log2(1 + |d|) / 3 of the distances; Abs and Mul as timm has them before it is folded.
  const distance = n.weight([area * area, 2], 3);
  const spaced = g.mul(g.op('Sign', [distance]), g.op('Log', [g.add(g.op('Abs', [distance]), n.number(1))]));
  const table = g.matMul(g.op('Relu', [n.linear(spaced, 2, 8)]), n.weight([8, heads], 0.5));
  const bias = g.mul(g.op('Sigmoid', [g.transpose(n.view(table, area, area, heads), [2, 0, 1])]), n.number(16));
  const weights = g.op('Softmax', [g.add(scores, bias)], { axis: -1 });
  const y = n.view(g.transpose(g.matMul(weights, v), [0, 2, 1, 3]), -1, area, width);
  x = g.add(x, n.layerNorm(merged(n, n.linear(y, width, width), side, size, width), width));
  x = g.add(x, n.layerNorm(n.mlp(x, width, 2 * width), width));
  return n.head(g.op('ReduceMean', [x], { axes: [1, 2], keepdims: 0 }), width, CLASSES);
}

/** Tu et al., 2022: attention within blocks and over a grid, its products as Einsum, as torchvision exports it. */
export function maxVit(): Model {
  const n = new Exported('maxvit');
  const { g } = n;
  const [side, size, width, heads] = [8, 4, 12, 2];
  const count = side / size;
  let x = n.conv2(n.open(3, 32, 32), 3, width, 4, { stride: 4 });
  for (const grid of [false, true]) {
    const parts = n.view(x, n.length(x, 0), width, count, size, count, size);
    // Blocks of neighbours, or of positions as far apart as there are blocks.
    const tokens = n.view(
      g.transpose(parts, grid ? [0, 3, 5, 2, 4, 1] : [0, 2, 4, 3, 5, 1]),
      n.length(x, 0),
      -1,
      grid ? count ** 2 : size ** 2,
      width,
    );
    const normal = n.layerNorm(tokens, width);
    const three = g.ops('Split', [n.linear(normal, width, 3 * width), n.list(width, width, width)], 3, { axis: -1 });
    const [q, k, v] = three.map((p) =>
      g.transpose(n.view(p, n.length(p, 0), n.length(p, 1), n.length(p, 2), heads, width / heads), [0, 1, 3, 2, 4]),
    ) as [string, string, string];
    const scores = g.op('Einsum', [g.mul(q, n.number((width / heads) ** -0.5)), k], {
      equation: 'B G H I D, B G H J D -> B G H I J',
    });
    const y = g.op('Einsum', [g.op('Softmax', [scores], { axis: -1 }), v], { equation: 'B G H I J, B G H J D -> B G H I D' });
    const together = n.view(g.transpose(y, [0, 1, 3, 2, 4]), n.length(y, 0), n.length(y, 1), n.length(y, 3), width);
    const out = g.add(tokens, n.linear(together, width, width));
    const [rows, columns] = grid ? [size, count] : [count, size];
    const apart = n.view(out, n.length(out, 0), rows, rows, columns, columns, width);
    x = n.view(g.transpose(apart, grid ? [0, 5, 3, 1, 4, 2] : [0, 5, 1, 3, 2, 4]), n.length(out, 0), width, side, side);
  }
  const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [x])], { axis: 1 });
  return n.head(g.op('Tanh', [n.linear(n.layerNorm(pooled, width), width, width)]), width, CLASSES);
}

/** Li et al., 2022: queries, keys and values pooled by strided convolutions, positions of rows and columns apart (Einsum), the queries added back. */
export function mVit(): Model {
  const n = new Exported('mvit');
  const { g } = n;
  const [side, width, heads] = [8, 12, 2];
  const [size, half] = [width / heads, side / 2];
  const image = n.conv2(n.open(3, 32, 32), 3, width, 7, { stride: 4, pad: 3 });
  const x = g.transpose(n.view(image, n.length(image, 0), width, side * side), [0, 2, 1]);
  const batch = n.length(x, 0);
  const pooled = (y: string): string => {
    const map = g.transpose(n.view(y, n.g.mul(batch, n.whole(heads)), side, side, size), [0, 3, 1, 2]);
    const small = n.conv2(map, size, size, 3, { stride: 2, pad: 1, group: size });
    return n.layerNorm(
      n.view(g.transpose(n.view(small, batch, heads, size, half * half), [0, 1, 3, 2]), batch, heads, half * half, size),
      size,
    );
  };
  const [q, k, v] = n.qkv(n.layerNorm(x, width), width, heads).map(pooled) as [string, string, string];
  const scores = g.mul(g.matMul(q, g.transpose(k, [0, 1, 3, 2])), n.number(size ** -0.5));
  // The distance of two rows (columns) picks its vector from a table.
  const apart = Array.from({ length: half * half }, (_, i) => Math.floor(i / half) - (i % half) + half - 1);
  const distances = (): string =>
    g.op('Gather', [n.weight([2 * half - 1, size], 0.4), n.constant(int64(apart, [half, half]))], { axis: 0 });
  const places = n.view(q, batch, heads, half, half, size);
  const down = g.op('Einsum', [places, distances()], { equation: 'byhwc,hkc->byhwk' });
  const across = g.op('Einsum', [places, distances()], { equation: 'byhwc,wkc->byhwk' });
  const biased = g.add(
    g.add(n.view(scores, batch, heads, half, half, half, half), g.op('Unsqueeze', [down, n.list(-1)])),
    g.op('Unsqueeze', [across, n.list(-2)]),
  );
  const weights = g.op('Softmax', [n.view(biased, batch, heads, half * half, half * half)], { axis: -1 });
  const mixed = g.transpose(g.add(g.matMul(weights, v), q), [0, 2, 1, 3]);
  const together = n.linear(n.view(mixed, batch, half * half, width), width, width);
  const map = n.view(g.transpose(x, [0, 2, 1]), batch, width, side, side);
  const skip = g.op('MaxPool', [map], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  const y = g.add(g.transpose(n.view(skip, batch, width, half * half), [0, 2, 1]), together);
  return n.head(meanOf(n, n.layerNorm(g.add(y, n.mlp(n.layerNorm(y, width), width, 2 * width)), width)), width, CLASSES);
}

/** El-Nouby et al., 2021: attention between channels, whose queries and keys have unit length; positions in sines; then a class token. */
export function xcit(): Model {
  const n = new Exported('xcit');
  const { g } = n;
  const [width, heads, side] = [12, 3, 6];
  const image = n.conv2(n.open(3, 24, 24), 3, width, 4, { stride: 4 });
  // The position of each row and column, by counting ones, over frequencies by Floor, Mod and Pow.
  const ones = g.op('ConstantOfShape', [n.shape(1, side, side)], {
    value: { kind: 'tensor', value: { type: 'float32', dims: [1], data: Float32Array.of(1) } },
  });
  const steps = g.op('Cast', [g.op('Range', [n.whole(0), n.whole(6), n.whole(1)])], { to: 1 });
  const rate = g.op('Pow', [n.number(10000), g.div(g.mul(n.number(2), g.op('Floor', [g.div(steps, n.number(2))])), n.number(6))]);
  const waves = (axis: number): string => {
    const place = g.div(g.op('Unsqueeze', [g.op('CumSum', [ones, n.whole(axis)]), n.list(3)]), rate);
    const half = (from: number): string => g.op('Slice', [place, n.list(from), n.list(100), n.list(3), n.list(2)]);
    const pairs = [g.op('Sin', [half(0)]), g.op('Cos', [half(1)])].map((p) => g.op('Unsqueeze', [p, n.list(4)]));
    return n.view(g.op('Concat', pairs, { axis: 4 }), 1, side, side, 6);
  };
  const positions = g.transpose(g.op('Concat', [waves(1), waves(2)], { axis: 3 }), [0, 3, 1, 2]);
  const map = g.add(image, g.op('Tile', [positions, n.shape(n.length(image, 0), 1, 1, 1)]));
  let x = g.transpose(n.view(map, n.length(map, 0), width, -1), [0, 2, 1]);
  const [q, k, v] = n.qkv(n.layerNorm(x, width), width, heads).map((p) => g.transpose(p, [0, 1, 3, 2])) as [
    string,
    string,
    string,
  ];
  const scores = g.mul(g.matMul(n.unit(q), g.transpose(n.unit(k), [0, 1, 3, 2])), n.weight([heads, 1, 1], 0.2, 1));
  const mixed = g.transpose(g.matMul(g.op('Softmax', [scores], { axis: -1 }), v), [0, 3, 1, 2]);
  x = g.add(x, g.mul(n.linear(n.view(mixed, n.length(x, 0), n.length(x, 1), width), width, width), n.weight([width], 0.1, 1)));
  const seen = n.view(g.transpose(x, [0, 2, 1]), n.length(x, 0), width, side, side);
  const local = n.conv2(n.gelu(n.conv2(seen, width, width, 3, { pad: 1, group: width })), width, width, 3, {
    pad: 1,
    group: width,
  });
  x = g.add(x, g.transpose(n.view(local, n.length(x, 0), width, -1), [0, 2, 1]));
  const first = n.expand(n.weight([1, 1, width], 0.5), n.shape(n.length(x, 0), -1, -1), 3);
  const all = g.op('Concat', [first, x], { axis: 1 });
  return n.head(g.op('Gather', [n.block(all, width, heads), n.whole(0)], { axis: 1 }), width, CLASSES);
}

/** Tolstikhin et al., 2021: a network across tokens and one across channels. */
export function mlpMixer(): Model {
  const n = new Exported('mlp_mixer');
  const { g } = n;
  const width = 24;
  let x = patches(n, n.open(3, 32, 32), 8, width);
  for (let i = 0; i < 2; i++) {
    const across = g.transpose(n.layerNormApart(x, [-1], [width]), [0, 2, 1]);
    x = g.add(x, g.transpose(n.mlp(across, 16, 8), [0, 2, 1]));
    x = g.add(x, n.mlp(n.layerNormApart(x, [-1], [width]), width, 48));
  }
  return n.head(meanOf(n, n.layerNorm(x, width)), width, CLASSES);
}

/** Liu et al., 2021: one half of the channels, mixed across tokens, gates the other. */
export function gMlp(): Model {
  const n = new Exported('gmlp');
  const { g } = n;
  const width = 16;
  let x = patches(n, n.open(3, 32, 32), 8, width);
  for (let i = 0; i < 2; i++) {
    const wide = n.gelu(n.linear(n.layerNorm(x, width), width, 24));
    const [u, v] = g.ops('Split', [wide, n.list(12, 12)], 2, { axis: -1 }) as [string, string];
    const mixed = n.linear(g.transpose(n.layerNorm(v, 12), [0, 2, 1]), 16, 16);
    const gated = g.mul(u, g.add(g.transpose(mixed, [0, 2, 1]), n.number(1)));
    x = g.add(x, n.linear(gated, 12, width));
  }
  return n.head(meanOf(n, n.layerNorm(x, width)), width, CLASSES);
}

export const VISION_TRANSFORMERS = {
  ViT: vit,
  Swin: swin,
  SwinV2: swinV2,
  MaxViT: maxVit,
  MViT: mVit,
  XCiT: xcit,
  'MLP-Mixer': mlpMixer,
  gMLP: gMlp,
};
