// Einsum written as Transpose, Reshape, ReduceSum, Mul and MatMul, two operands at a time.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { Dims, StaticNode, UnsizedNode } from '../op.js';
import { product, range, sameDims } from './shape-common.js';
import { broadcast, positive } from './sizes.js';

/** A value whose axes carry labels: letters, or '0', '1', ... for the axes under an ellipsis (numbered from the right). */
interface Operand {
  readonly value: string;
  readonly labels: readonly string[];
  readonly dims: readonly number[];
}

interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Reads an equation (Einsum-12): '...' stands for the axes that a term does not name; without '->' the output is implied. */
function parse(n: StaticNode, equation: string, ranks: readonly number[]): Equation {
  const [left, right] = equation.replaceAll(' ', '').split('->') as [string, string?];
  const terms = left.split(',');
  if (terms.length !== ranks.length)
    return n.refuse(`equation '${equation}' has ${terms.length} terms for ${ranks.length} inputs.`);
  const hidden = terms.map((term, i) => (term.includes('...') ? ranks[i]! - (term.length - 3) : 0));
  const most = Math.max(0, ...hidden);
  // Ellipses align at their right ends, as broadcasting does.
  const ellipsis = (count: number): string[] => range(count).map((i) => String(count - 1 - i));
  const split = (term: string, count: number): string[] => {
    const at = term.indexOf('...');
    return at < 0 ? [...term] : [...term.slice(0, at), ...ellipsis(count), ...term.slice(at + 3)];
  };
  const parsed = terms.map((term, i) => split(term, hidden[i]!));
  parsed.forEach((labels, i) => {
    if (labels.length !== ranks[i])
      n.refuse(`term ${i} of equation '${equation}' names ${labels.length} axes, but input ${i} has ${ranks[i]}.`);
  });
  if (right !== undefined) return { terms: parsed, output: split(right, most) };
  const letters = parsed.flat().filter((l) => !/\d/.test(l));
  const once = [...new Set(letters)].filter((l) => letters.indexOf(l) === letters.lastIndexOf(l)).sort();
  return { terms: parsed, output: [...ellipsis(most), ...once] };
}

/** A label that a term repeats ('ii') keeps the diagonal of its axes. */
function diagonal(g: GraphBuilder, x: Operand): Operand {
  const label = x.labels.find((l, i) => x.labels.indexOf(l) !== i);
  if (label === undefined) return x;
  const first = x.labels.indexOf(label);
  const second = x.labels.indexOf(label, first + 1);
  const rest = range(x.dims.length).filter((i) => i !== first && i !== second);
  const d = x.dims[first]!;
  const kept = rest.map((i) => x.dims[i]!);
  const flat = g.reshape(g.transpose(x.value, [...rest, first, second]), [...kept, d * d]);
  const value = g.slice(flat, [0], [d * d], [rest.length], [d + 1]);
  return diagonal(g, { value, labels: [...rest.map((i) => x.labels[i]!), label], dims: [...kept, d] });
}

/** Without axes of length 1 (they broadcast, so they say nothing), and summed over labels that nobody else wants. */
function trimmed(g: GraphBuilder, x: Operand, wanted: ReadonlySet<string>): Operand {
  const long = range(x.dims.length).filter((i) => x.dims[i] !== 1);
  let result = x;
  if (long.length < x.dims.length) {
    const dims = long.map((i) => x.dims[i]!);
    result = { value: g.reshape(x.value, dims), labels: long.map((i) => x.labels[i]!), dims };
  }
  const gone = range(result.dims.length).filter((i) => !wanted.has(result.labels[i]!));
  if (gone.length === 0) return result;
  const stay = range(result.dims.length).filter((i) => !gone.includes(i));
  return {
    value: g.reduceSum(result.value, gone, false),
    labels: stay.map((i) => result.labels[i]!),
    dims: stay.map((i) => result.dims[i]!),
  };
}

/** The operand as a tensor of shape `shape`, its axes in the order of `labels`. */
function arranged(g: GraphBuilder, x: Operand, labels: readonly string[], shape: readonly number[]): string {
  const perm = labels.map((l) => x.labels.indexOf(l));
  const ordered = perm.every((p, i) => p === i) ? x.value : g.transpose(x.value, perm);
  return sameDims(shape, perm.map((p) => x.dims[p]!)) ? ordered : g.reshape(ordered, shape); // prettier-ignore
}

/** Product of two operands, summed over the labels that are not in `wanted`. */
function contract(g: GraphBuilder, a: Operand, b: Operand, wanted: ReadonlySet<string>): Operand {
  const size = (x: Operand, labels: readonly string[]): number => product(labels.map((l) => x.dims[x.labels.indexOf(l)]!));
  const dimsOf = (x: Operand, labels: readonly string[]): number[] => labels.map((l) => x.dims[x.labels.indexOf(l)]!);
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const batch = shared.filter((l) => wanted.has(l));
  const summed = shared.filter((l) => !wanted.has(l));
  const freeA = a.labels.filter((l) => !shared.includes(l));
  const freeB = b.labels.filter((l) => !shared.includes(l));
  const [nb, na, nf, ns] = [size(a, batch), size(a, freeA), size(b, freeB), size(a, summed)];
  const labels = [...batch, ...freeA, ...freeB];
  const dims = [...dimsOf(a, batch), ...dimsOf(a, freeA), ...dimsOf(b, freeB)];
  if (summed.length === 0) {
    const left = arranged(g, a, [...batch, ...freeA], [nb, na, 1]);
    return { value: g.reshape(g.mul(left, arranged(g, b, [...batch, ...freeB], [nb, 1, nf])), dims), labels, dims };
  }
  // Without batch labels both are plain matrices, the form with the best kernels and gradients.
  const lead = batch.length ? [nb] : [];
  const left = arranged(g, a, [...batch, ...freeA, ...summed], [...lead, na, ns]);
  const right = arranged(g, b, [...batch, ...summed, ...freeB], [...lead, ns, nf]);
  return { value: g.reshape(g.matMul(left, right), dims), labels, dims };
}

/** Appends the ops that an Einsum stands for; returns its output. */
export function lowerEinsum(n: StaticNode, equation: string, g: GraphBuilder): string {
  const inputs = n.node.inputs.map((value, i) => ({ value, dims: n.type(i).dims }));
  const { terms, output } = parse(n, equation, inputs.map((x) => x.dims.length)); // prettier-ignore
  const operands: Operand[] = inputs.map((x, i) => diagonal(g, { ...x, labels: terms[i]! }));
  const wantedAfter = (i: number): Set<string> => new Set([...output, ...operands.slice(i + 1).flatMap((o) => o.labels)]);
  let result = trimmed(g, operands[0]!, wantedAfter(0));
  for (let i = 1; i < operands.length; i++) {
    // What only this operand has and nobody after it wants is summed before the product.
    const next = trimmed(g, operands[i]!, new Set([...wantedAfter(i), ...result.labels]));
    result = contract(g, result, next, wantedAfter(i));
  }
  // Labels whose axes all had length 1 come back as 1 in the final shape.
  return arranged(g, result, output.filter((l) => result.labels.includes(l)), n.outputType(0).dims); // prettier-ignore
}

/** Shape of the output: the length of every label of the terms, the ellipsis being one label of several axes. */
export function einsumDims(n: UnsizedNode, { equation }: { readonly equation: string }): Dims[] {
  const [left, right] = equation.replaceAll(' ', '').split('->') as [string, string?];
  const lengths = new Map<string, number>();
  const ellipses: Dims[] = [];
  const labels = (term: string): string[] => term.replace('...', '.').split('');
  left.split(',').forEach((term, k) => {
    const dims = n.dims(k);
    const extra = dims.length - labels(term).filter((l) => l !== '.').length;
    let axis = 0;
    for (const label of labels(term)) {
      if (label !== '.') lengths.set(label, Math.max(dims[axis++] ?? 1, lengths.get(label) ?? 1));
      else ellipses.push(dims.slice(axis, (axis += positive(extra))));
    }
  });
  const once = [...lengths.keys()].filter((l) => left.split(l).length === 2).sort();
  const wanted = right === undefined ? [...(ellipses.length > 0 ? ['.'] : []), ...once] : labels(right);
  return [wanted.flatMap((l) => (l === '.' ? broadcast(ellipses) : [lengths.get(l) ?? 1]))];
}
