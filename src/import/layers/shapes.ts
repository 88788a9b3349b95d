// Layers that move elements, and those that do nothing where nothing is trained.
import { sizeOf } from '../../core/tensor.js';
import { inputOf, type LayerRule } from '../layer.js';
import { inOrder } from '../value.js';

/** As it came in: what is only done in training. */
const asItIs: LayerRule = (use) => inputOf(use);

/** Rules by class name. */
export const SHAPES: Readonly<Record<string, LayerRule>> = {
  Dropout: asItIs,
  SpatialDropout1D: asItIs,
  AlphaDropout: asItIs,
  GaussianDropout: asItIs,
  GaussianNoise: asItIs,
  Flatten(use) {
    const { g, settings } = use;
    const value = inOrder(g, inputOf(use));
    const { dims } = value;
    const first = settings.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first';
    // With channels first, they are moved last before.
    const axes = dims.map((_, i) => i + 1);
    const name = first && dims.length > 1 ? g.transpose(value.name, [0, ...axes.slice(1), 1]) : value.name;
    return { name: g.op('Flatten', [name], { axis: 1 }), dims: [sizeOf(dims)], moved: false };
  },
  Reshape(use) {
    const { g, settings } = use;
    const value = inOrder(g, inputOf(use));
    const given = settings.raw('target_shape');
    if (!Array.isArray(given) || given.length > 8) throw settings.wrong('target_shape', 'a list of whole numbers');
    const open = given.filter((d) => d === null || d === -1).length;
    const known = sizeOf(given.filter((d): d is number => d !== null && d !== -1));
    const size = sizeOf(value.dims);
    const fits = open === 0 ? known === size : open === 1 && known > 0 && size % known === 0;
    if (!fits || !given.every((d) => d === null || d === -1 || (Number.isInteger(d) && (d as number) > 0)))
      throw settings.wrong('target_shape', `a shape of the ${size} elements that come in`);
    const dims = given.map((d) => (d === null || d === -1 ? size / known : (d as number)));
    return { name: g.reshape(value.name, [0, ...dims]), dims, moved: false };
  },
  Permute(use) {
    const { g, settings } = use;
    const value = inOrder(g, inputOf(use));
    const rank = value.dims.length;
    const order = settings.wholes('dims', rank, 1);
    if (new Set(order).size !== rank || order.some((axis) => axis > rank)) throw settings.wrong('dims', `each of 1 to ${rank} once`); // prettier-ignore
    return { name: g.transpose(value.name, [0, ...order]), dims: order.map((axis) => value.dims[axis - 1]!), moved: false };
  },
};
