// Values joined along an axis and taken apart again: Concat and Split.
import { channelParts } from './kernels/channel-parts.js';
import { DATA_TYPE, defineOp, int, positiveAxis, type OpAdapter } from './op.js';
import { optionalIntegers, range, sameDims, zeros } from './kernels/shape-common.js';
import { withLength } from './kernels/sizes.js';

const concat = defineOp({
  op: 'Concat',
  versions: [1, 4, 11, 13],
  attributes: { axis: int(1) },
  moves: { inputs: 'all' },
  size: (n, { axis }) => {
    const all = n.all();
    return [withLength(all[0]!, axis, all.reduce((sum, d) => sum + d.at(axis)!, 0))]; // prettier-ignore
  },
  // Only Concat-1 may leave its axis out: 1 then.
  canonicalize: (n, g) => (n.attr('axis') === undefined ? g.op('Concat', n.node.inputs, { axis: 1 }) : undefined),
  lower: (n) => (n.node.inputs.length === 1 ? n.x[0]! : undefined),
  layout: 'any',
  forward: (x, { axis }, { tf, axis: at }) => [tf.concat(x, at(axis, x[0]!.shape.length))],
  vjp: ({ dy, needs, type }, { axis: signed }, g) => {
    const axis = positiveAxis(signed, type(0).dims.length);
    const sizes = needs.map((_, i) => type(i).dims[axis]!);
    const parts = axis === 1 && type(0).dims.length === 4 ? channelParts(g, dy[0]!, sizes) : undefined;
    if (parts) return needs.map((needed, i) => (needed ? parts[i] : undefined));
    if (needs.every(Boolean)) return g.ops('Split', [dy[0]!, g.ints(sizes)], sizes.length, { axis });
    let start = 0;
    return needs.map((needed, i) => {
      start += sizes[i]!;
      return needed ? g.slice(dy[0]!, [start - sizes[i]!], [start], [axis]) : undefined;
    });
  },
});

/** Lengths of a Split's parts; of equal ones, those of the first `count`. */
function splitSizes(d: number, given: readonly number[] | undefined, parts: number, count = parts): readonly number[] {
  const part = Math.ceil(d / parts);
  return given ?? range(count).map((i) => Math.max(0, Math.min(part, d - i * part)));
}

const split = defineOp({
  op: 'Split',
  versions: [1, 2, 11, 13, 18],
  attributes: { axis: int(0), num_outputs: int() },
  legacy: { split: 'ints' },
  moves: { inputs: [0], outputs: 'all' },
  canonicalize: (n, g) => {
    const sizes = n.attr<readonly number[]>('split');
    // Split-1 also took them as an input, of the data's own type.
    const input = n.version === 1 && n.x[1] ? g.cast(n.x[1], DATA_TYPE.int64!) : n.x[1]!;
    const given = n.version < 13 && sizes ? g.ints(sizes) : input;
    // onnxruntime crashes on a Split with an omitted output: each gets a name.
    if (n.version >= 13 && (given || n.attr('num_outputs') !== undefined) && !n.node.outputs.includes('')) return undefined;
    // Before 18 the number of equal parts was the number of outputs, unused ones included.
    const count = n.node.outputs.length;
    return g.ops('Split', [n.x[0]!, given], count, {
      axis: n.attr('axis'),
      num_outputs: given ? undefined : (n.attr('num_outputs') ?? count),
    });
  },
  constants: [1],
  size: (n, { axis, num_outputs }) => {
    const dims = n.dims(0);
    const count = n.node.outputs.length;
    const given = n.has(1) ? n.numbers(1) : undefined;
    const sizes = splitSizes(dims[positiveAxis(axis, dims.length)]!, given, num_outputs ?? count, count);
    return range(count).map((i) => withLength(dims, axis, sizes[i] ?? 0));
  },
  lower: (n) => (n.y.length === 1 && sameDims(n.type(0).dims, n.outputType(0).dims) ? n.x[0]! : undefined),
  layout: 'any',
  forward: ([x], { axis, num_outputs }, { tf, node, axis: at }) => {
    const where = at(axis, x!.shape.length);
    return tf.split(
      x!,
      [...splitSizes(x!.shape[where]!, optionalIntegers(node, 1, 'split'), num_outputs ?? node.y.length)],
      where,
    );
  },
  vjp: (n, { axis: signed, num_outputs }, g) => {
    const { dims } = n.type(0);
    const axis = positiveAxis(signed, dims.length);
    const sizes = splitSizes(dims[axis]!, optionalIntegers(n, 1, 'split'), num_outputs ?? n.y.length);
    const present = n.dy.flatMap((d, i) => (d === undefined ? [] : [i]));
    if (present.length === 1) {
      const [only] = present as [number];
      const before = dims.map((_, i) => (i === axis ? sizes.slice(0, only).reduce((a, b) => a + b, 0) : 0));
      const after = dims.map((d, i) => (i === axis ? d - before[i]! - sizes[only]! : 0));
      return [g.op('Pad', [n.dy[only]!, g.ints([...before, ...after])])];
    }
    const parts = sizes.map((size, i) => n.dy[i] ?? zeros(g, dims.map((d, k) => (k === axis ? size : d)))); // prettier-ignore
    return [g.op('Concat', parts, { axis })];
  },
});

/** Concat and Split, each the other's gradient. They move values of any dtype. */
export const join: OpAdapter[] = [concat, split];
