// The four networks of the speed targets: GoogLeNet, ResNet-18, SqueezeNet 1.1, MobileNetV2, layer for layer, with seeded weights.
import type { Model } from '../../src/onnx/graph.js';
import { Net, type Map4 } from './net.js';

export interface NetOptions {
  readonly batch?: number;
  readonly size?: number;
  readonly classes?: number;
}

export interface ThinOptions extends NetOptions {
  /** Factor of the hidden channels. Default 1. */
  readonly channels?: number;
}

/** Reduced variants have every kind of layer of the whole, and test quickly. */
export interface ScaledOptions extends ThinOptions {
  /** At most so many blocks per stage. Default: all. */
  readonly depth?: number;
  /** Factor of the widths of fully connected layers, which hold most of an early network's weights. Default 1. */
  readonly width?: number;
}

/** Szegedy et al., 2015, as torchvision exports it (batch normalisation folded, no local response normalisation, ceil-mode pools). */
export function googLeNet({ batch = 1, size = 224, classes = 1000, channels = 1 }: ThinOptions = {}): Model {
  const n = new Net('googlenet', channels);
  const inception = (x: Map4, c1: number, r3: number, c3: number, r5: number, c5: number, p: number): Map4 =>
    n.concat([
      n.conv(x, c1, 1),
      n.conv(n.conv(x, r3, 1), c3, 3),
      n.conv(n.conv(x, r5, 1), c5, 3),
      n.conv(n.pool(x, 'Max', 3, 1, 1), p, 1),
    ]);
  let x = n.pool(n.conv(n.input(batch, 3, size), 64, 7, { stride: 2 }), 'Max', 3, 2, 0, true);
  x = n.pool(n.conv(n.conv(x, 64, 1), 192, 3), 'Max', 3, 2, 0, true);
  x = inception(x, 64, 96, 128, 16, 32, 32);
  x = inception(x, 128, 128, 192, 32, 96, 64);
  x = n.pool(x, 'Max', 3, 2, 0, true);
  x = inception(x, 192, 96, 208, 16, 48, 64);
  x = inception(x, 160, 112, 224, 24, 64, 64);
  x = inception(x, 128, 128, 256, 24, 64, 64);
  x = inception(x, 112, 144, 288, 32, 64, 64);
  x = inception(x, 256, 160, 320, 32, 128, 128);
  x = n.pool(x, 'Max', 2, 2, 0, true);
  x = inception(x, 256, 160, 320, 32, 128, 128);
  x = inception(x, 384, 192, 384, 48, 128, 128);
  return n.build(n.dense(n.flat(n.mean(x)), classes).name);
}

/** He et al., 2016. */
export function resNet18({ batch = 1, size = 224, classes = 1000, channels = 1 }: ThinOptions = {}): Model {
  const n = new Net('resnet18', channels);
  let x = n.pool(n.conv(n.input(batch, 3, size), 64, 7, { stride: 2 }), 'Max', 3, 2, 1);
  for (const width of [64, 128, 256, 512]) {
    for (let block = 0; block < 2; block++) {
      const stride = block === 0 && width > 64 ? 2 : 1;
      const inner = n.conv(n.conv(x, width, 3, { stride }), width, 3, { act: '' });
      const side = stride > 1 ? n.conv(x, width, 1, { stride, act: '' }) : x;
      x = n.act(n.add(inner, side), 'relu');
    }
  }
  return n.build(n.dense(n.flat(n.mean(x)), classes).name);
}

/** Iandola et al., 2016, version 1.1. */
export function squeezeNet({ batch = 1, size = 224, classes = 1000, channels = 1 }: ThinOptions = {}): Model {
  const n = new Net('squeezenet1.1');
  const of = (count: number): number => Math.round(count * channels);
  const fire = (x: Map4, squeeze: number, expand: number): Map4 => {
    const s = n.conv(x, of(squeeze), 1);
    return n.concat([n.conv(s, of(expand), 1), n.conv(s, of(expand), 3)]);
  };
  let x = n.pool(n.conv(n.input(batch, 3, size), of(64), 3, { stride: 2, pad: 0 }), 'Max', 3, 2, 0, true);
  x = n.pool(fire(fire(x, 16, 64), 16, 64), 'Max', 3, 2, 0, true);
  x = n.pool(fire(fire(x, 32, 128), 32, 128), 'Max', 3, 2, 0, true);
  x = fire(fire(fire(fire(x, 48, 192), 48, 192), 64, 256), 64, 256);
  return n.build(n.flat(n.mean(n.conv(x, classes, 1))).name);
}

/** Sandler et al., 2018. */
export function mobileNetV2({ batch = 1, size = 224, classes = 1000 }: NetOptions = {}): Model {
  const n = new Net('mobilenetv2');
  let x = n.conv(n.input(batch, 3, size), 32, 3, { stride: 2, act: 'relu6' });
  const rows: [expand: number, channels: number, repeats: number, stride: number][] = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ];
  for (const [expand, channels, repeats, first] of rows) {
    for (let i = 0; i < repeats; i++) {
      const stride = i === 0 ? first : 1;
      const wide = x.dims[1] * expand;
      const inner = expand === 1 ? x : n.conv(x, wide, 1, { act: 'relu6' });
      const narrow = n.conv(n.conv(inner, wide, 3, { stride, group: wide, act: 'relu6' }), channels, 1, { act: '' });
      x = stride === 1 && x.dims[1] === channels ? n.add(x, narrow) : narrow;
    }
  }
  x = n.conv(x, 1280, 1, { act: 'relu6' });
  return n.build(n.dense(n.flat(n.mean(x)), classes).name);
}

export const CLASSICS = { GoogLeNet: googLeNet, 'ResNet-18': resNet18, 'SqueezeNet 1.1': squeezeNet, MobileNetV2: mobileNetV2 };
