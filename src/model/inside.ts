// Preprocessing that a file holds itself: its first nodes normalise pixels, so that those go in as they are.
import { toFloat32 } from '../core/tensor.js';
import { reads, type Graph, type Node } from '../onnx/graph.js';

/** Nodes between an input and its normalisation that leave a pixel what it is. */
const PASSES = new Set(['Identity', 'Cast', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Resize', 'Clip']);
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

/** The arithmetic with constants that a value goes through alone, before anything else is done with it. */
function affineOf(graph: Graph, input: string): Affine {
  let at: Affine = { scale: 1, offset: 0 };
  let value = input;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const readers: Node[] = graph.nodes.filter((n) => reads(n).includes(value));
    const [node] = readers;
    const next =
      readers.length === 1 && node?.inputs[0] === value ? (PASSES.has(node.op) ? at : after(graph, node, at)) : undefined;
    if (!node || !next) return at;
    at = next;
    value = node.outputs[0]!;
  }
  return at;
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
