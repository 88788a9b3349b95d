// Attributes of ops: their kinds and defaults, as adapters declare them, and their values, as rules receive them.
import type { Tensor } from '../src/core/tensor.js';
import type { Attribute, Node } from '../src/onnx/graph.js';

/** What an attribute of the file holds: `int`, `float`, `string`, `tensor`, `graph`, lists of these (`ints`, ...). */
export type AttributeKind = Attribute['kind'];

/** An attribute of the canonical form: its kind, and its value where a node lacks it. */
export interface AttributeSpec<T> {
  readonly kind: AttributeKind;
  readonly default: T;
}
/** The attributes of one op by name. */
export type AttributeSpecs = Readonly<Record<string, AttributeSpec<unknown>>>;
/** The resolved attributes that rules receive: every name of the spec, defaults filled in. */
export type AttributesOf<S extends AttributeSpecs> = {
  readonly [K in keyof S]: S[K] extends AttributeSpec<infer T> ? T : never;
};

/**
 * A float attribute with its default, or without one (`float()`: undefined where the node lacks it).
 *
 * @example
 * attributes: { alpha: float(0.01) }
 */
export function float(value: number): AttributeSpec<number>;
/** A float attribute without a default: undefined where the node lacks it. */
export function float(): AttributeSpec<number | undefined>;
export function float(value?: number): AttributeSpec<number | undefined> {
  return { kind: 'float', default: value };
}
/**
 * A whole-number attribute with its default, or without one (`int()`: undefined where the node lacks it). Flags are whole numbers too, 0 or 1.
 *
 * @example
 * attributes: { axis: int(-1), keepdims: int(1) }
 */
export function int(value: number): AttributeSpec<number>;
/** A whole-number attribute without a default: undefined where the node lacks it. */
export function int(): AttributeSpec<number | undefined>;
export function int(value?: number): AttributeSpec<number | undefined> {
  return { kind: 'int', default: value };
}
/**
 * A string attribute with its default, or without one (`text()`: undefined where the node lacks it).
 *
 * @example
 * attributes: { mode: text('constant') }
 */
export function text(value: string): AttributeSpec<string>;
/** A string attribute without a default: undefined where the node lacks it. */
export function text(): AttributeSpec<string | undefined>;
export function text(value?: string): AttributeSpec<string | undefined> {
  return { kind: 'string', default: value };
}
/**
 * An attribute that is a list of whole numbers, undefined where the node lacks it and no default is given.
 *
 * @example
 * attributes: { strides: ints(), pads: ints() }
 */
export const ints = (value?: readonly number[]): AttributeSpec<readonly number[] | undefined> => ({
  kind: 'ints',
  default: value,
});
/**
 * An attribute that is a list of floats, undefined where the node lacks it and no default is given.
 *
 * @example
 * attributes: { scale: floats() }
 */
export const floats = (value?: readonly number[]): AttributeSpec<readonly number[] | undefined> => ({
  kind: 'floats',
  default: value,
});
/**
 * An attribute that is a list of strings, undefined where the node lacks it and no default is given.
 *
 * @example
 * attributes: { activations: texts(['Tanh']) }
 */
export const texts = (value?: readonly string[]): AttributeSpec<readonly string[] | undefined> => ({
  kind: 'strings',
  default: value,
});
/**
 * An attribute that is a tensor of any dtype and shape, undefined where the node lacks it.
 *
 * @example
 * attributes: { value: tensor() }
 */
export const tensor = (): AttributeSpec<Tensor | undefined> => ({ kind: 'tensor', default: undefined });

/** Attributes of a node by the op's table: defaults filled in, unknown names ignored. That the kinds fit, canonicalize has seen to. */
export function resolveAttributes(op: { readonly attributes: AttributeSpecs }, node: Node): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(op.attributes).map(([name, spec]) => [name, node.attributes[name]?.value ?? spec.default]),
  );
}
