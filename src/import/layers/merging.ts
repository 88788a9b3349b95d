// Layers of several inputs.
import type { GraphBuilder } from '../../onnx/builder.js';
import type { LayerRule, Use } from '../layer.js';
import { axisIn, channelsFirst, inOrder, type Value } from '../value.js';

/** All inputs in one order of axes: with channels first where most already are, and all have them. */
function alike({ g, inputs }: Use): readonly Value[] {
  const rank = inputs[0]!.dims.length;
  const moved = inputs.filter((v) => v.moved).length * 2 > inputs.length && inputs.every((v) => v.dims.length === rank);
  return inputs.map((v) => (moved ? channelsFirst(g, v) : inOrder(g, v)));
}

function severalOf({ inputs, settings }: Use): void {
  if (inputs.length < 2) throw settings.unsupported(`takes at least two inputs, received ${inputs.length}`);
}

/** The longer of both, axis by axis from the last, where the other is 1 long. */
function broadcast(use: Use, a: readonly number[], b: readonly number[]): number[] {
  return a.map((n, i) => {
    const m = b[i]!;
    if (n !== m && n !== 1 && m !== 1) throw use.settings.unsupported(`its inputs of [${a.join(', ')}] and [${b.join(', ')}] do not fit together`); // prettier-ignore
    return Math.max(n, m);
  });
}

const merging =
  (op: string, behind: (g: GraphBuilder, sum: string, count: number) => string = (_g, sum) => sum): LayerRule =>
  (use) => {
    severalOf(use);
    const { g } = use;
    const values = alike(use);
    const rank = Math.max(...values.map((v) => v.dims.length));
    // Those of fewer axes get theirs behind the batch.
    const all = values.map((v) => {
      const missing = rank - v.dims.length;
      if (missing === 0) return v;
      const axes = Array.from({ length: missing }, (_, i) => i + 1);
      return { ...v, name: g.op('Unsqueeze', [v.name, g.ints(axes)]), dims: [...axes.map(() => 1), ...v.dims] };
    });
    const [first, ...others] = all as [Value, ...Value[]];
    const merged = others.reduce<Value>(
      (a, b) => ({ name: g.op(op, [a.name, b.name]), dims: broadcast(use, a.dims, b.dims), moved: a.moved }),
      first,
    );
    return { ...merged, name: behind(g, merged.name, all.length) };
  };

/** Rules by class name. */
export const MERGING: Readonly<Record<string, LayerRule>> = {
  Add: merging('Add'),
  Multiply: merging('Mul'),
  Maximum: merging('Max'),
  Minimum: merging('Min'),
  Average: merging('Add', (g, sum, count) => g.mul(sum, g.scalar(1 / count))),
  Concatenate(use) {
    severalOf(use);
    const { g, settings } = use;
    const values = alike(use);
    const [first] = values as [Value, ...Value[]];
    const rank = first.dims.length + 1;
    const given = settings.wholes('axis', 1, -rank, -1)[0]!;
    const axis = given < 0 ? given + rank : given;
    const others = (dims: readonly number[]): string => dims.filter((_, i) => i !== axis - 1).join();
    if (axis < 1 || axis >= rank || values.some((v) => v.dims.length + 1 !== rank || others(v.dims) !== others(first.dims)))
      throw settings.unsupported(`its inputs of ${values.map((v) => `[${v.dims.join(', ')}]`).join(', ').slice(0, 200)} do not fit together along axis ${given}`); // prettier-ignore
    const dims = first.dims.map((d, i) => (i === axis - 1 ? values.reduce((sum, v) => sum + v.dims[i]!, 0) : d));
    const name = g.op('Concat', values.map((v) => v.name), { axis: axisIn(first, axis) }); // prettier-ignore
    return { name, dims, moved: first.moved };
  },
};
