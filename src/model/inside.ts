// Preprocessing that a file holds itself: its first nodes normalise pixels, so that those go in as they are.
import { toFloat32 } from '../core/tensor.js';
import { readersOf, type Graph, type Node } from '../onnx/graph.js';

/** Nodes between an input and its normalisation that leave a pixel what it is. */
const PASSES = new Set(['Identity', 'Cast', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Resize', 'Clip', 'Pad', 'Gather', 'Slice']); // prettier-ignore
/** Those that take channels out, each to be normalised by itself and put back beside the others by a Concat. */
const TAKES = new Set(['Split', 'Gather', 'Slice']);
/** A normalisation has a constant for each channel, or a mean picture; none is read that is longer. */
const MOST = 2 ** 20;
/** Nodes looked at in a row. */
const DEEPEST = 24;

/** From x to scale * x + offset, on average over the channels. */
interface Affine {
  readonly scale: number;
  readonly offset: number;
}

/**
 * The range 0..1 or 0..255 of the pixels that the first nodes of a static graph normalise: (x / 255 - mean) / std and its like bring 0..255 to a few units,
 * 2 x - 1 and (x - mean) / std bring 0..1 there. Undefined where no such arithmetic stands first, or its numbers fit neither.
 */
export function rangeInside(graph: Graph, input: string): 1 | 255 | undefined {
  const { scale, offset } = affineOf(graph, input);
  const unit = 255 * scale;
  const about = (v: number, low: number, high: number): boolean => v >= low && v <= high;
  if (about(unit, 0.5, 12) && about(offset, -5, 1)) return 255;
  // A mean of pixels is taken off, and nothing else done.
  if (scale === 1) return about(offset, -150, -80) ? 255 : undefined;
  if (about(scale, 250, 260) && about(offset, -150, 0.5)) return 1;
  return about(scale, 1.5, 8) && about(offset / scale, -0.75, -0.25) ? 1 : undefined;
}

/** Do the first nodes bring 0..65535, pixels of 16 bits, to a few units: by x / 65535 and its like? Pixels of 8 bits would be almost black to such a file. */
export function wantsSixteenBits(graph: Graph, input: string): boolean {
  const { scale, offset } = affineOf(graph, input);
  const unit = 65535 * scale;
  return unit >= 0.5 && unit <= 12 && offset >= -5 && offset <= 1;
}

type Readers = ReturnType<typeof readersOf>;

/** The arithmetic with constants that a value goes through alone, before anything else is done with it; of channels that are taken apart the mean. */
function affineOf(graph: Graph, input: string): Affine {
  const readers = readersOf(graph.nodes);
  let { at, value } = follow(graph, readers, input, { scale: 1, offset: 0 });
  for (let depth = 0; depth < DEEPEST; depth++) {
    const joined = parted(graph, readers, value, at);
    if (!joined) break;
    ({ at, value } = follow(graph, readers, joined.value, joined.at));
  }
  return at;
}

/** As far as one node after the other does arithmetic with constants. */
function follow(graph: Graph, readers: Readers, from: string, start: Affine): { readonly at: Affine; readonly value: string } {
  let at = start;
  let value = from;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const own = readers.get(value) ?? [];
    const [node] = own;
    const next = own.length === 1 && node?.inputs[0] === value ? (PASSES.has(node.op) ? at : after(graph, node, at)) : undefined;
    if (!node || !next) break;
    at = next;
    value = node.outputs[0]!;
  }
  return { at, value };
}

/** Channels of `value` that are taken apart and meet again in one Concat, nothing but arithmetic between; undefined where they do not. */
function parted(
  graph: Graph,
  readers: Readers,
  value: string,
  at: Affine,
): { readonly at: Affine; readonly value: string } | undefined {
  const takers = readers.get(value) ?? [];
  if (takers.length === 0 || !takers.every((n) => TAKES.has(n.op) && n.inputs[0] === value)) return undefined;
  const ends = takers.flatMap((n) => n.outputs.filter(Boolean)).map((part) => follow(graph, readers, part, at));
  const [concat, ...others] = new Set(ends.flatMap((end) => readers.get(end.value) ?? []));
  const meet =
    concat?.op === 'Concat' && others.length === 0 && concat.inputs.every((name) => ends.some((e) => e.value === name));
  if (!meet || ends.length !== concat.inputs.length) return undefined;
  const mean = (of: (end: Affine) => number): number => ends.reduce((sum, end) => sum + of(end.at), 0) / ends.length;
  return { at: { scale: mean((e) => e.scale), offset: mean((e) => e.offset) }, value: concat.outputs[0]! };
}

function after(graph: Graph, { op, inputs }: Node, { scale, offset }: Affine): Affine | undefined {
  const constant = graph.constants.get(inputs[1] ?? '');
  if (!constant || constant.data.length === 0 || constant.data.length > MOST) return undefined;
  const values = toFloat32(constant);
  const c = values.reduce((a, b) => a + b, 0) / values.length;
  if (op === 'Add') return { scale, offset: offset + c };
  if (op === 'Sub') return { scale, offset: offset - c };
  if (op === 'Mul') return { scale: scale * c, offset: offset * c };
  return op === 'Div' && c !== 0 ? { scale: scale / c, offset: offset / c } : undefined;
}
