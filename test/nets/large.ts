// Large networks of the ImageNet years, layer for layer as torchvision has them, with seeded weights: AlexNet to ResNeXt.
import type { Model } from '../../src/onnx/graph.js';
import type { ScaledOptions } from './classics.js';
import { Net, type Map4 } from './net.js';

/** Krizhevsky et al., 2012: two groups (of two GPUs), overlapping pools, local response normalisation before them. */
export function alexNet({ batch = 1, size = 227, classes = 1000, width = 1 }: ScaledOptions = {}): Model {
  const n = new Net('alexnet');
  let x = n.lrn(n.conv(n.input(batch, 3, size), 96, 11, { stride: 4, pad: 0 }));
  x = n.lrn(n.conv(n.pool(x, 'Max', 3, 2), 256, 5, { group: 2 }));
  x = n.conv(n.pool(x, 'Max', 3, 2), 384, 3);
  x = n.conv(n.conv(x, 384, 3, { group: 2 }), 256, 3, { group: 2 });
  const wide = Math.round(4096 * width);
  const hidden = n.dense(n.dense(n.flat(n.pool(x, 'Max', 3, 2)), wide, 'relu'), wide, 'relu');
  return n.build(n.dense(hidden, classes).name);
}

/** Simonyan and Zisserman, 2015, configuration A. */
export function vgg11({ batch = 1, size = 224, classes = 1000, width = 1, channels = 1 }: ScaledOptions = {}): Model {
  const n = new Net('vgg11', channels);
  let x = n.input(batch, 3, size);
  for (const stage of [[64], [128], [256, 256], [512, 512], [512, 512]]) {
    for (const channels of stage) x = n.conv(x, channels, 3);
    x = n.pool(x, 'Max', 2, 2);
  }
  const wide = Math.round(4096 * width);
  const hidden = n.dense(n.dense(n.flat(x), wide, 'relu'), wide, 'relu');
  return n.build(n.dense(hidden, classes).name);
}

/** Szegedy et al., 2016: factorised kernels (1x7 and 7x1, 1x3 and 3x1), padded average pools. */
export function inceptionV3({
  batch = 1,
  size = 299,
  classes = 1000,
  depth = Infinity,
  channels = 1,
}: ScaledOptions = {}): Model {
  const n = new Net('inception_v3', channels);
  const reduce = { stride: 2, pad: 0 };
  const average = (x: Map4): Map4 => n.pool(x, 'Average', 3, 1, 1);
  const a = (x: Map4, pooled: number): Map4 =>
    n.concat([
      n.conv(x, 64, 1),
      n.conv(n.conv(x, 48, 1), 64, 5),
      n.conv(n.conv(n.conv(x, 64, 1), 96, 3), 96, 3),
      n.conv(average(x), pooled, 1),
    ]);
  const b = (x: Map4): Map4 =>
    n.concat([n.conv(x, 384, 3, reduce), n.conv(n.conv(n.conv(x, 64, 1), 96, 3), 96, 3, reduce), n.pool(x, 'Max', 3, 2)]);
  const across = (x: Map4, channels: number): Map4 => n.conv(x, channels, [1, 7]);
  const down = (x: Map4, channels: number): Map4 => n.conv(x, channels, [7, 1]);
  const c = (x: Map4, k: number): Map4 =>
    n.concat([
      n.conv(x, 192, 1),
      down(across(n.conv(x, k, 1), k), 192),
      across(down(across(down(n.conv(x, k, 1), k), k), k), 192),
      n.conv(average(x), 192, 1),
    ]);
  const d = (x: Map4): Map4 =>
    n.concat([
      n.conv(n.conv(x, 192, 1), 320, 3, reduce),
      n.conv(down(across(n.conv(x, 192, 1), 192), 192), 192, 3, reduce),
      n.pool(x, 'Max', 3, 2),
    ]);
  const split = (x: Map4): Map4 => n.concat([n.conv(x, 384, [1, 3]), n.conv(x, 384, [3, 1])]);
  const e = (x: Map4): Map4 =>
    n.concat([n.conv(x, 320, 1), split(n.conv(x, 384, 1)), split(n.conv(n.conv(x, 448, 1), 384, 3)), n.conv(average(x), 192, 1)]);
  let x = n.conv(n.conv(n.conv(n.input(batch, 3, size), 32, 3, reduce), 32, 3, { pad: 0 }), 64, 3);
  x = n.conv(n.conv(n.pool(x, 'Max', 3, 2), 80, 1), 192, 3, { pad: 0 });
  x = n.pool(x, 'Max', 3, 2);
  for (const pooled of [32, 64, 64].slice(0, depth)) x = a(x, pooled);
  x = b(x);
  for (const k of [128, 160, 160, 192].slice(0, depth)) x = c(x, k);
  x = d(x);
  for (let i = 0; i < Math.min(2, depth); i++) x = e(x);
  return n.build(n.dense(n.flat(n.mean(x)), classes).name);
}

/** Huang et al., 2017. Its normalisations stand before ReLU and convolution, so that no exporter can fold every second one of them. */
export function denseNet121({ batch = 1, size = 224, classes = 1000, depth = Infinity }: ScaledOptions = {}): Model {
  const n = new Net('densenet121');
  const ready = (x: Map4): Map4 => n.act(n.norm(x), 'relu');
  let x = n.pool(n.conv(n.input(batch, 3, size), 64, 7, { stride: 2 }), 'Max', 3, 2, 1);
  for (const [i, layers] of [6, 12, 24, 16].entries()) {
    if (i > 0) x = n.pool(n.conv(ready(x), x.dims[1] / 2, 1, { act: '' }), 'Average', 2, 2);
    for (let k = 0; k < Math.min(layers, depth); k++) {
      x = n.concat([x, n.conv(n.conv(ready(x), 128, 1), 32, 3, { act: '' })]);
    }
  }
  return n.build(n.dense(n.flat(n.mean(ready(x))), classes).name);
}

/** Xie et al., 2017: 32 groups of 4 channels. */
export function resNeXt50({ batch = 1, size = 224, classes = 1000, depth = Infinity, channels = 1 }: ScaledOptions = {}): Model {
  const n = new Net('resnext50_32x4d', channels);
  let x = n.pool(n.conv(n.input(batch, 3, size), 64, 7, { stride: 2 }), 'Max', 3, 2, 1);
  for (const [i, blocks] of [3, 4, 6, 3].entries()) {
    for (let k = 0; k < Math.min(blocks, depth); k++) {
      const [inner, outer] = [128 << i, 256 << i];
      const stride = k === 0 && i > 0 ? 2 : 1;
      const grouped = n.conv(n.conv(x, inner, 1), inner, 3, { stride, group: 32 });
      const side = k === 0 ? n.conv(x, outer, 1, { stride, act: '' }) : x;
      x = n.act(n.add(n.conv(grouped, outer, 1, { act: '' }), side), 'relu');
    }
  }
  return n.build(n.dense(n.flat(n.mean(x)), classes).name);
}

export const LARGE = {
  AlexNet: alexNet,
  'VGG-11': vgg11,
  'Inception v3': inceptionV3,
  'DenseNet-121': denseNet121,
  'ResNeXt-50': resNeXt50,
};
