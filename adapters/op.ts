// What an op adapter is: one op's definitions, its canonical form, its tfjs forward and its ONNX gradient rule, in one block.
import type * as tfc from '@tensorflow/tfjs-core';
import type { DType, Tensor } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import type { Attribute, Node, ValueType } from '../src/onnx/graph.js';

/** The opset of the dialect that canonicalize writes, and the newest opset whose definitions the adapters' authors have read. */
export const DIALECT_OPSET = 18;
export const NEWEST_OPSET = 25;

export type Tf = typeof tfc;
export type TfTensor = tfc.Tensor;

/** An attribute of the canonical form: its kind and default. */
export interface AttributeSpec<T> {
  readonly kind: Attribute['kind'];
  readonly default: T;
}
type Specs = Readonly<Record<string, AttributeSpec<unknown>>>;
/** The resolved attributes that rules receive: every name of the spec, defaults filled in. */
export type AttributesOf<S extends Specs> = { readonly [K in keyof S]: S[K] extends AttributeSpec<infer T> ? T : never };

/**
 * A float attribute with its default, or without one (`float()`: undefined where the node lacks it).
 *
 * @example
 * attributes: { alpha: float(0.01) }
 */
export function float(value: number): AttributeSpec<number>;
export function float(): AttributeSpec<number | undefined>;
export function float(value?: number): AttributeSpec<number | undefined> {
  return { kind: 'float', default: value };
}
/**
 * A whole-number attribute with its default, or without one.
 *
 * @example
 * attributes: { axis: int(-1) }
 */
export function int(value: number): AttributeSpec<number>;
export function int(): AttributeSpec<number | undefined>;
export function int(value?: number): AttributeSpec<number | undefined> {
  return { kind: 'int', default: value };
}
/**
 * A string attribute with its default, or without one.
 *
 * @example
 * attributes: { mode: text('constant') }
 */
export function text(value: string): AttributeSpec<string>;
export function text(): AttributeSpec<string | undefined>;
export function text(value?: string): AttributeSpec<string | undefined> {
  return { kind: 'string', default: value };
}
/** An attribute that is a list of whole numbers. */
export const ints = (value?: readonly number[]): AttributeSpec<readonly number[] | undefined> => ({
  kind: 'ints',
  default: value,
});
/** An attribute that is a list of numbers. */
export const floats = (value?: readonly number[]): AttributeSpec<readonly number[] | undefined> => ({
  kind: 'floats',
  default: value,
});
export const texts = (value?: readonly string[]): AttributeSpec<readonly string[] | undefined> => ({
  kind: 'strings',
  default: value,
});
/** An attribute that is a tensor. */
export const tensor = (): AttributeSpec<Tensor | undefined> => ({ kind: 'tensor', default: undefined });

/** A node as `canonicalize` sees it: of its own opset, shapes unknown. */
export interface OldNode {
  readonly node: Node;
  /** The definition that applies: the newest of the adapter's `versions` that is not newer than the model's opset. */
  readonly version: number;
  /** Input names; an omitted one, or one past the end, is ''. */
  readonly x: readonly string[];
  /** The raw value of an attribute, of this or an older definition; undefined when absent. */
  attr<T = number>(name: string): T | undefined;
  /** The input's value when it is an initialiser or the output of a Constant node. */
  constant(this: void, index: number): Tensor | undefined;
  /** How many outputs are in use (index of the last one + 1). */
  readonly outputs: number;
  /** dtype of an input where it shows before shapes are bound: a constant's, a graph input's, a Cast's, or of what the input carries. */
  dtype(this: void, index: number): DType | undefined;
  /** Does the input carry whole numbers of dtype(index) in float32? Only where the adapter says `carries`. */
  carried(this: void, index: number): boolean;
  /** Says that `value`, which is returned as an output, holds whole numbers of `type` in float32; gives its name back. */
  carry(this: void, value: string, type: DType): string;
  /** Refuses the node: the reason is reported with every other problem of the model. */
  refuse(this: void, reason: string): never;
}

/** A node of a static graph, as `lower` and `vjp` see it. */
export interface StaticNode {
  readonly node: Node;
  /** Input names; an omitted one, or one past the end, is ''. */
  readonly x: readonly string[];
  /** Output names. */
  readonly y: readonly string[];
  /** dtype and dims of an input; of an omitted one, a float32 scalar. */
  type(this: void, index: number): ValueType;
  /** dtype and dims of an output. */
  outputType(this: void, index: number): ValueType;
  /** An input's value where it is a constant. */
  constant(this: void, index: number): Tensor | undefined;
  refuse(this: void, reason: string): never;
}

/** What a gradient rule gets besides: the cotangents, and which inputs want a gradient. */
export interface Cotangents extends StaticNode {
  /** One per output: the name of dL/dy, or undefined where no gradient arrives (then it is zero). */
  readonly dy: readonly (string | undefined)[];
  /** One per input: does anyone need its gradient? Others may be left undefined. */
  readonly needs: readonly boolean[];
  /**
   * May dy be infinite or NaN, an op close behind having no bounded derivative (Sqrt at 0)? Then 0 * dy is no 0: a rule that leaves elements out
   * selects (Where), even where a product would be faster.
   */
  readonly steep: boolean;
  /** May what the node gives be left out behind it (Where, IsNaN)? Then its NaN need not be the result's, nor the gradient's. */
  readonly replaced: boolean;
}

/** Two letters for where the channel axis of a rank-4 tensor is. */
export type Layout = 'nchw' | 'nhwc';

/** What a tfjs forward gets besides the tensors. */
export interface ForwardContext {
  readonly tf: Tf;
  readonly node: StaticNode;
  /** The memory layout of rank-4 inputs and outputs of this call: 'nhwc' only for adapters that say so. */
  readonly layout: Layout;
  /** Where ONNX axis `axis` (may be negative) of a tensor of `rank` axes is in the present layout. */
  axis(this: void, axis: number, rank: number): number;
}

export type Forward<S extends Specs> = (x: TfTensor[], attributes: AttributesOf<S>, context: ForwardContext) => TfTensor[];
/** Appends the backward nodes; returns a name (or undefined: no gradient) per input. */
export type Vjp<S extends Specs> = (c: Cotangents, attributes: AttributesOf<S>, g: GraphBuilder) => (string | undefined)[];
/** No gradient exists: integer outputs, index arithmetic, a step function (zero almost everywhere). */
export interface NoGradient {
  readonly none: string;
  /** Its values jump so often that differences say nothing about its gradient. */
  readonly jumps?: boolean;
}
/** The rule is not written. Reported by inspect; using it is refused. */
export interface Todo {
  readonly todo: string;
}

/** A gradient that does not exist, and why; `jumps`: its values jump so often that differences say nothing about it. */
export const none = (reason: string, jumps = false): NoGradient => ({ none: reason, jumps });
/** A rule that nobody has written yet, and what is missing. */
export const todo = (reason: string): Todo => ({ todo: reason });

export interface OpDefinition<S extends Specs> {
  readonly op: string;
  /** '' (ai.onnx) by default. */
  readonly domain?: string;
  /** Every definition ("since version") of the op that canonicalize understands, ascending, up to NEWEST_OPSET. */
  readonly versions: readonly number[];
  /** Attributes of the canonical form (DIALECT_OPSET). */
  readonly attributes: S;
  /** Attributes of other definitions that `canonicalize` reads, or that mean nothing for inference. Any other name is refused. */
  readonly legacy?: readonly string[];
  /**
   * Rewrites a node of any definition into the dialect; returns its outputs. Undefined: the node stays as it is
   * (its attributes already mean the same). May emit shape arithmetic freely: it is folded later.
   */
  readonly canonicalize?: (n: OldNode, g: GraphBuilder) => string | string[] | undefined;
  /**
   * Replaces a node of a static graph by simpler ones; undefined: stays. An op that is always lowered needs neither forward nor vjp.
   */
  readonly lower?: (n: StaticNode, attributes: AttributesOf<S>, g: GraphBuilder) => string | string[] | undefined;
  /**
   * `canonicalize` takes quantised values in float32, as compile/carried.ts passes them on, and asks `n.carried`; any other op gets them in their
   * own type, through which no gradient passes.
   */
  readonly carries?: true;
  /** Inputs by index that must be constants once shapes are bound (a Reshape's shape, axes, pads). */
  readonly constants?: readonly number[];
  /** tfjs. The tape must be able to differentiate it, or it brings tf.customGrad. */
  readonly forward?: Forward<S> | Todo;
  /** Needs no NCHW order: 'nhwc': wants rank-4 inputs and gives outputs channels-last; 'any': works in either, by `context.axis`. */
  readonly layout?: 'nhwc' | 'any';
  /** ONNX. */
  readonly vjp?: Vjp<S> | NoGradient | Todo;
  /** Inputs broadcast as in numpy: the walker sums the rule's gradients (in the output's shape) down to each input's shape. */
  readonly broadcasts?: boolean;
  /**
   * How two gradients of one value are added, where the rules of this op know a cheaper form than Add (a memory layout that they share);
   * undefined: not these two. The walker asks every adapter that has it.
   */
  readonly addGradients?: (g: GraphBuilder, a: string, b: string) => string | undefined;
  /** In a few words: what is not supported, for docs and messages. */
  readonly restrictions?: string;
}

/** An adapter with its attribute types erased, as the compiler holds it. */
export type OpAdapter = OpDefinition<Specs>;

/** Types the rules of one op by its attribute table. */
export const defineOp = <const S extends Specs>(definition: OpDefinition<S>): OpAdapter => definition as unknown as OpAdapter;

/** Attributes of a node by the adapter's table: defaults filled in, unknown names ignored (canonicalize has refused them). */
export function resolveAttributes(adapter: OpAdapter, node: Node): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(adapter.attributes).map(([name, spec]) => [name, node.attributes[name]?.value ?? spec.default]),
  );
}

/** TensorProto.DataType numbers, for Cast. */
export const DATA_TYPE: Partial<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** Axes counted from the front. */
export const positiveAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
