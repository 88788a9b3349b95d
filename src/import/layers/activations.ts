// Activations, as layers of their own and within others.
import { float } from '../../onnx/builder.js';
import type { GraphBuilder } from '../../onnx/builder.js';
import { spelling, type Settings } from '../config.js';
import { inputOf, type LayerRule, type Use } from '../layer.js';
import { axisIn, inOrder, type Value } from '../value.js';

type Elementwise = (g: GraphBuilder, x: string) => string;

const clip = (g: GraphBuilder, x: string, low: number, high: number): string => g.op('Clip', [x, g.scalar(low), g.scalar(high)]);

/** tanh's form of GELU: sqrt(2 / pi) and the cubic's weight. */
const GELU = { root: Math.sqrt(2 / Math.PI), cubic: 0.044715 };

/** By their spelling without underscores. */
const ELEMENTWISE: Readonly<Record<string, Elementwise>> = {
  linear: (_g, x) => x,
  relu: (g, x) => g.op('Relu', [x]),
  relu6: (g, x) => clip(g, x, 0, 6),
  elu: (g, x) => g.op('Elu', [x]),
  selu: (g, x) => g.op('Selu', [x]),
  sigmoid: (g, x) => g.op('Sigmoid', [x]),
  tanh: (g, x) => g.op('Tanh', [x]),
  softplus: (g, x) => g.op('Softplus', [x]),
  softsign: (g, x) => g.op('Softsign', [x]),
  hardsigmoid: (g, x) => g.op('HardSigmoid', [x], { alpha: float(0.2), beta: float(0.5) }),
  swish: (g, x) => g.mul(x, g.op('Sigmoid', [x])),
  mish: (g, x) => g.mul(x, g.op('Tanh', [g.op('Softplus', [x])])),
  gelu: (g, x) => g.mul(x, g.mul(g.scalar(0.5), g.add(g.one, g.op('Erf', [g.div(x, g.scalar(Math.SQRT2))])))),
  gelunew: (g, x) => {
    const cube = g.mul(x, g.mul(x, x));
    const inner = g.mul(g.scalar(GELU.root), g.add(x, g.mul(g.scalar(GELU.cubic), cube)));
    return g.mul(g.mul(g.scalar(0.5), x), g.add(g.one, g.op('Tanh', [inner])));
  },
};

/** Over the last axis of Keras. */
const OVER_CLASSES: Readonly<Record<string, 'Softmax' | 'LogSoftmax'>> = { softmax: 'Softmax', logsoftmax: 'LogSoftmax' };

/** The name of a layer's activation as a text, `linear` where it has none; undefined for one that is no name. */
export function activationOf(given: unknown): string | undefined {
  if (given === undefined || given === null) return 'linear';
  return typeof given === 'string' ? spelling(given) : undefined;
}

/** Is there such an activation? */
export const isActivation = (name: string | undefined): boolean =>
  name !== undefined && (Object.hasOwn(ELEMENTWISE, name) || Object.hasOwn(OVER_CLASSES, name));

/** The value behind an activation. */
export function activated(g: GraphBuilder, value: Value, settings: Settings, name = 'activation'): Value {
  const activation = activationOf(settings.raw(name));
  if (activation !== undefined && Object.hasOwn(OVER_CLASSES, activation)) return over(g, value, value.dims.length, OVER_CLASSES[activation]!); // prettier-ignore
  if (activation === undefined || !Object.hasOwn(ELEMENTWISE, activation)) throw settings.unsupported(`its activation ${JSON.stringify(settings.raw(name)).slice(0, 60)} is not known`); // prettier-ignore
  return { ...value, name: ELEMENTWISE[activation]!(g, value.name) };
}

const over = (g: GraphBuilder, value: Value, axis: number, op: 'Softmax' | 'LogSoftmax'): Value => ({
  ...value,
  name: g.op(op, [value.name], { axis: axisIn(value, axis) }),
});

const elementwise =
  (make: (use: Use, x: string) => string): LayerRule =>
  (use) => {
    const value = inputOf(use);
    return { ...value, name: make(use, value.name) };
  };

const KERAS_ALONE = 'Keras would go by it, tfjs-layers does not, and which of both is meant cannot be told';

/** Rules by class name. */
export const ACTIVATIONS: Readonly<Record<string, LayerRule>> = {
  Activation: (use) => activated(use.g, inputOf(use), use.settings),
  ReLU: elementwise(({ g, settings }, x) => {
    settings.only('negative_slope', 0, KERAS_ALONE);
    settings.only('threshold', 0, KERAS_ALONE);
    return settings.has('max_value') ? clip(g, x, 0, settings.number('max_value')) : g.op('Relu', [x]);
  }),
  LeakyReLU: elementwise(({ g, settings }, x) => {
    if (!settings.has('alpha')) settings.only('negative_slope', 0.3, KERAS_ALONE);
    return g.op('LeakyRelu', [x], { alpha: float(settings.number('alpha', 0.3)) });
  }),
  ELU: elementwise(({ g, settings }, x) => {
    settings.only('alpha', 1, 'tfjs-layers has no other than 1');
    return g.op('Elu', [x]);
  }),
  ThresholdedReLU: elementwise(({ g, settings }, x) => g.where(g.greater(x, g.scalar(settings.number('theta', 1))), x, g.zero)),
  PReLU(use) {
    const { g, settings } = use;
    const value = inOrder(g, inputOf(use));
    const shared = settings.has('shared_axes') ? [settings.raw('shared_axes')].flat() : [];
    const dims = value.dims.map((d, i) => (shared.includes(i + 1) ? 1 : d));
    return { ...value, name: g.op('PRelu', [value.name, g.constant(use.weight('alpha', dims), 'alpha')]) };
  },
  Softmax(use) {
    const value = inputOf(use);
    const rank = value.dims.length;
    // tfjs-layers takes axis 1 where none is said, which with two axes is Keras' last one.
    const axis = use.settings.has('axis') ? use.settings.wholes('axis', 1, -rank)[0]! : rank === 1 ? 1 : NaN;
    if (axis !== -1 && axis !== rank) throw use.settings.unsupported(`its axis has to be the last one, received ${JSON.stringify(use.settings.raw('axis'))?.slice(0, 40) ?? 'none'}`); // prettier-ignore
    return over(use.g, value, rank, 'Softmax');
  },
};
