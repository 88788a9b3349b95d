// Networks for small devices, layer for layer as torchvision has them, with seeded weights: EfficientNet, MobileNetV3, ShuffleNetV2.
import type { Model } from '../../src/onnx/graph.js';
import type { ScaledOptions } from './classics.js';
import { Net, type Activation, type Map4 } from './net.js';

/** Tan and Le, 2019: SiLU, depthwise kernels of 3 and 5, squeeze and excitation throughout. */
export function efficientNetB0({ batch = 1, size = 224, classes = 1000, depth = Infinity }: ScaledOptions = {}): Model {
  const n = new Net('efficientnet_b0');
  const act = 'silu';
  let x = n.conv(n.input(batch, 3, size), 32, 3, { stride: 2, act });
  const rows: [expand: number, kernel: number, stride: number, channels: number, repeats: number][] = [
    [1, 3, 1, 16, 1],
    [6, 3, 2, 24, 2],
    [6, 5, 2, 40, 2],
    [6, 3, 2, 80, 3],
    [6, 5, 1, 112, 3],
    [6, 5, 2, 192, 4],
    [6, 3, 1, 320, 1],
  ];
  for (const [expand, kernel, first, channels, repeats] of rows) {
    for (let i = 0; i < Math.min(repeats, depth); i++) {
      const stride = i === 0 ? first : 1;
      const wide = x.dims[1] * expand;
      const inner = expand === 1 ? x : n.conv(x, wide, 1, { act });
      const deep = n.conv(inner, wide, kernel, { stride, group: wide, act });
      // The squeeze is a quarter of the block's input, not of its expanded width.
      const narrow = n.conv(n.excite(deep, Math.max(1, x.dims[1] / 4), act, 'Sigmoid'), channels, 1, { act: '' });
      x = stride === 1 && x.dims[1] === channels ? n.add(x, narrow) : narrow;
    }
  }
  return n.build(n.dense(n.flat(n.mean(n.conv(x, 1280, 1, { act }))), classes).name);
}

/** Rounded to a multiple of 8, at most a tenth below (Howard et al., 2019). */
function eighths(value: number): number {
  const near = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return near < 0.9 * value ? near + 8 : near;
}

/** Howard et al., 2019: hard swish, squeeze and excitation by a hard sigmoid in some blocks. */
export function mobileNetV3({ batch = 1, size = 224, classes = 1000, depth = Infinity }: ScaledOptions = {}): Model {
  const n = new Net('mobilenetv3_large');
  type Row = [kernel: number, wide: number, channels: number, excited: boolean, act: Activation, stride: number];
  const stages: Row[][] = [
    [[3, 16, 16, false, 'relu', 1]],
    [
      [3, 64, 24, false, 'relu', 2],
      [3, 72, 24, false, 'relu', 1],
    ],
    [
      [5, 72, 40, true, 'relu', 2],
      [5, 120, 40, true, 'relu', 1],
      [5, 120, 40, true, 'relu', 1],
    ],
    [
      [3, 240, 80, false, 'hardswish', 2],
      [3, 200, 80, false, 'hardswish', 1],
      [3, 184, 80, false, 'hardswish', 1],
      [3, 184, 80, false, 'hardswish', 1],
    ],
    [
      [3, 480, 112, true, 'hardswish', 1],
      [3, 672, 112, true, 'hardswish', 1],
    ],
    [
      [5, 672, 160, true, 'hardswish', 2],
      [5, 960, 160, true, 'hardswish', 1],
      [5, 960, 160, true, 'hardswish', 1],
    ],
  ];
  let x = n.conv(n.input(batch, 3, size), 16, 3, { stride: 2, act: 'hardswish' });
  for (const [kernel, wide, channels, excited, act, stride] of stages.flatMap((rows) => rows.slice(0, depth))) {
    const inner = wide === x.dims[1] ? x : n.conv(x, wide, 1, { act });
    const deep = n.conv(inner, wide, kernel, { stride, group: wide, act });
    const narrow = n.conv(excited ? n.excite(deep, eighths(wide / 4), 'relu', 'HardSigmoid') : deep, channels, 1, { act: '' });
    x = stride === 1 && x.dims[1] === channels ? n.add(x, narrow) : narrow;
  }
  x = n.mean(n.conv(x, 960, 1, { act: 'hardswish' }));
  return n.build(n.dense(n.dense(n.flat(x), 1280, 'hardswish'), classes).name);
}

/** Ma et al., 2018, width 1: half of the channels pass a block untouched, then all are shuffled. */
export function shuffleNetV2({ batch = 1, size = 224, classes = 1000, depth = Infinity }: ScaledOptions = {}): Model {
  const n = new Net('shufflenetv2');
  const branch = (x: Map4, width: number, stride: number): Map4 =>
    n.conv(n.conv(n.conv(x, width, 1), width, 3, { stride, group: width, act: '' }), width, 1);
  let x = n.pool(n.conv(n.input(batch, 3, size), 24, 3, { stride: 2 }), 'Max', 3, 2, 1);
  const stages: [channels: number, repeats: number][] = [
    [116, 4],
    [232, 8],
    [464, 4],
  ];
  for (const [channels, repeats] of stages) {
    const half = channels / 2;
    const side = n.conv(n.conv(x, x.dims[1], 3, { stride: 2, group: x.dims[1], act: '' }), half, 1);
    x = n.shuffle(n.concat([side, branch(x, half, 2)]), 2);
    for (let i = 1; i < Math.min(repeats, depth); i++) {
      const [kept, changed] = n.halves(x);
      x = n.shuffle(n.concat([kept, branch(changed, half, 1)]), 2);
    }
  }
  return n.build(n.dense(n.flat(n.mean(n.conv(x, 1024, 1))), classes).name);
}

export const MOBILE = { 'EfficientNet-B0': efficientNetB0, 'MobileNetV3-large': mobileNetV3, ShuffleNetV2: shuffleNetV2 };
