// What a rule about the size of a node's outputs may ask, and the arithmetic that the rules share.
import { toIntegers, type Tensor } from '../core/tensor.js';
import type { Node } from '../onnx/graph.js';

export type Dims = readonly number[];

/** What is known of a node's inputs. `dims` and `values` of a value are undefined while nobody has run what makes it. */
export interface Known {
  readonly dims: (name: string) => Dims | undefined;
  readonly value: (name: string) => Tensor | undefined;
}

/** A rule asks for its inputs through this, and is given up where one is not known. */
export interface Ask {
  readonly node: Node;
  has(input: number): boolean;
  dims(input: number): Dims;
  /** All inputs that are present. */
  all(): Dims[];
  numbers(input: number): number[];
  int(name: string, fallback: number): number;
  ints(name: string, fallback?: Dims): Dims;
  text(name: string, fallback: string): string;
}
/** Dims of the outputs, the first at least. */
export type Rule = (a: Ask) => Dims[];

/** The questions that a rule may put about `node`. Throws where the answer is not known. */
export function asker(node: Node, known: Known): Ask {
  const must = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('not known');
    return value;
  };
  const dims = (input: number): Dims => must(known.dims(node.inputs[input] ?? ''));
  const attribute = (name: string): unknown => node.attributes[name]?.value;
  return {
    node,
    has: (input) => (node.inputs[input] ?? '') !== '',
    dims,
    all: () => node.inputs.flatMap((name, i) => (name === '' ? [] : [dims(i)])),
    numbers: (input) => toIntegers(must(known.value(node.inputs[input] ?? ''))),
    int: (name, fallback) => (attribute(name) as number | undefined) ?? fallback,
    ints: (name, fallback = []) => (attribute(name) as Dims | undefined) ?? fallback,
    text: (name, fallback) => (attribute(name) as string | undefined) ?? fallback,
  };
}

/** numpy broadcasting; of lengths that do not fit, the larger. */
export function broadcast(shapes: readonly Dims[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const lengths = shapes.map((s) => s[i - rank + s.length] ?? 1);
    return lengths.includes(0) ? 0 : Math.max(1, ...lengths);
  });
}

/** An axis counted from the front. */
export const at = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
