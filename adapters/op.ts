// What an op adapter is: all that this project knows of one op, from its definitions to its gradient, in one block.
import type * as tfc from '@tensorflow/tfjs-core';
import type { DType, Tensor } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import type { Node, ValueType } from '../src/onnx/graph.js';
import type { AttributeKind, AttributesOf, AttributeSpecs } from './attributes.js';

export * from './attributes.js';

/** The opset of the dialect that canonicalize writes: what `lower` and `vjp` may emit. */
export const DIALECT_OPSET = 18;
/** The newest opset whose definitions the adapters' authors have read; models of a newer one are refused. */
export const NEWEST_OPSET = 25;

/** tfjs, as it is passed in: adapters import no engine. */
export type Tf = typeof tfc;
/** A tensor of tfjs: float32, int32 (all whole numbers) or bool. */
export type TfTensor = tfc.Tensor;
/** Lengths of a value's axes. */
export type Dims = readonly number[];

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
  /** Refuses the node: the reason (no full stop), and what to do about it (a sentence), is reported with every other problem of the model. */
  refuse(this: void, reason: string, advice?: string): never;
}

/** A node of a static graph, as `lower`, `vjp` and `macs` see it. */
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
  /** Refuses the node: the reason (no full stop), and what to do about it (a sentence), is reported with every other problem of the model. */
  refuse(this: void, reason: string, advice?: string): never;
}

/** A node that nobody has run yet, as `size` sees it. A question whose answer is not known ends the rule; it is asked again when it is. */
export interface UnsizedNode {
  readonly node: Node;
  /** Is this input there, and not omitted? */
  has(this: void, index: number): boolean;
  /** Lengths of an input's axes. */
  dims(this: void, index: number): Dims;
  /** The same of all inputs that are there. */
  all(this: void): Dims[];
  /** An input's elements as whole numbers, where its value decides a size (a shape, pads, repeats). */
  numbers(this: void, index: number): number[];
  /** Refuses the node before anything runs it, where a kernel would take minutes without asking for memory. As StaticNode's. */
  refuse(this: void, reason: string, advice?: string): never;
}
/**
 * Lengths of the axes of each output, the first ones at least; and where the op needs more memory than it returns, how many elements of 4 bytes
 * that is `workspace`. A length may be Infinity.
 */
export type Sizes = readonly Dims[] | { readonly outputs: readonly Dims[]; readonly workspace: number };
/** Tells how large the outputs will be. Inputs that do not fit may give any size: whoever runs the node refuses it. */
export type Size<S extends AttributeSpecs> = (n: UnsizedNode, attributes: AttributesOf<S>) => Sizes;

/** Which inputs (all of them, or by index) hold elements of one dtype that an op hands on unchanged to its first output, or to all. */
export interface Moves {
  readonly inputs: readonly number[] | 'all';
  readonly outputs?: 'all';
}

/**
 * What becomes of infinity and NaN at an op, on the backward pass:
 * - `steep`: its derivative has no bound (Sqrt at 0), so what reaches its inputs may be infinite or NaN;
 * - `mixes`: each output is a sum over many elements, so that one infinite gradient spoils all, and leaving elements out before it saves nothing;
 * - `selects`: it may leave out elements of its inputs or test them for NaN (Where, IsNaN), so that a NaN in them need not be the result's.
 */
export type Hazard = 'steep' | 'mixes' | 'selects';

/** What a gradient rule gets besides: the cotangents, and which inputs want a gradient. */
export interface Cotangents extends StaticNode {
  /** One per output: the name of dL/dy, of the output's shape, or undefined where no gradient arrives (then it is zero). */
  readonly dy: readonly (string | undefined)[];
  /** One per input: does anyone need its gradient? Others may be left undefined. */
  readonly needs: readonly boolean[];
  /**
   * May dy be infinite or NaN, an op close behind being `steep` (Sqrt at 0)? Then 0 * dy is no 0: a rule that leaves elements out
   * selects (Where), even where a product would be faster.
   */
  readonly steep: boolean;
  /** May what the node gives be left out behind it (an op that `selects`)? Then its NaN need not be the result's, nor the gradient's. */
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

/** Computes the outputs in tfjs. An omitted input is undefined in `x`. The tape must be able to differentiate it, or it brings tf.customGrad. */
export type Forward<S extends AttributeSpecs> = (
  x: TfTensor[],
  attributes: AttributesOf<S>,
  context: ForwardContext,
) => TfTensor[];
/** Appends the backward nodes; returns a name (or undefined: no gradient) per input, each of the input's shape unless the op `broadcasts`. */
export type Vjp<S extends AttributeSpecs> = (
  c: Cotangents,
  attributes: AttributesOf<S>,
  g: GraphBuilder,
) => (string | undefined)[];
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

/**
 * A gradient that does not exist, and why; `jumps`: its values jump so often that differences say nothing about it.
 *
 * @example
 * vjp: none('its output is an index')
 */
export const none = (reason: string, jumps = false): NoGradient => ({ none: reason, jumps });
/**
 * A rule that nobody has written yet, and what is missing.
 *
 * @example
 * forward: todo('more than three spatial axes')
 */
export const todo = (reason: string): Todo => ({ todo: reason });

/** All that is known of one op. Only `op`, `versions` and `attributes` are needed, and one way to run it. */
export interface OpDefinition<S extends AttributeSpecs> {
  readonly op: string;
  /** '' (ai.onnx) by default. */
  readonly domain?: string;
  /** Every definition ("since version") of the op that canonicalize understands, ascending, up to NEWEST_OPSET. */
  readonly versions: readonly number[];
  /** Attributes of the canonical form (DIALECT_OPSET). One of another kind is refused. */
  readonly attributes: S;
  /**
   * Attributes of other definitions that `canonicalize` reads, or that mean nothing for inference, by their kind; one that is in `attributes` as
   * well may be of either kind. Any other name is refused.
   */
  readonly legacy?: Readonly<Record<string, AttributeKind>>;
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
   * own type, through which no gradient passes, unless it only `moves` them.
   */
  readonly carries?: true;
  /** The op hands elements on as they are, whatever their dtype; for some attributes only: a function of them. */
  readonly moves?: Moves | ((attributes: AttributesOf<S>) => Moves | undefined);
  /** Inputs by index that must be constants once shapes are bound (a Reshape's shape, axes, pads). */
  readonly constants?: readonly number[];
  /** How large its outputs will be, told before it runs. Without it the op counts as making no more elements than it is given. */
  readonly size?: Size<S>;
  /** Its outputs may have more elements than all of its inputs: nothing runs it before `size` is known. Said of every op that `broadcasts`. */
  readonly grows?: true;
  /**
   * Of a costly product of input 0 with weights (input 1): do the shapes fit exactly, `y` being the output's? Then zeros of that shape stand in for
   * it where only shapes are looked at. Only for speed.
   */
  readonly fits?: (n: UnsizedNode, attributes: AttributesOf<S>, y: Dims) => boolean;
  /** Multiply-accumulates of the node, additions of biases not counted, for what `inspect` reports. Without it: none worth counting. */
  readonly macs?: (n: StaticNode, attributes: AttributesOf<S>) => number;
  /** tfjs. */
  readonly forward?: Forward<S> | Todo;
  /** Needs no NCHW order: 'nhwc': wants rank-4 inputs and gives outputs channels-last; 'any': works in either, by `context.axis`. */
  readonly layout?: 'nhwc' | 'any';
  /** ONNX. */
  readonly vjp?: Vjp<S> | NoGradient | Todo;
  /** What it does to infinite gradients and to NaN, where that depends on its constant inputs: a function. */
  readonly hazard?: Hazard | ((n: Pick<StaticNode, 'constant'>) => Hazard | undefined);
  /**
   * Inputs broadcast as in numpy: `size` follows, and the walker sums the rule's gradients (in the output's shape) down to each input's shape.
   */
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
export type OpAdapter = OpDefinition<AttributeSpecs>;

/**
 * An op from its definition, whose rules are typed by its attribute table.
 *
 * @example
 * const leakyRelu = defineOp({
 *   op: 'LeakyRelu',
 *   versions: [1, 6, 16],
 *   attributes: { alpha: float(0.01) },
 *   forward: ([x], { alpha }, { tf }) => [tf.leakyRelu(x!, alpha)],
 *   vjp: ({ y: [y], dy: [dy] }, { alpha }, g) => [g.where(g.greater(y!, g.zero), dy!, g.mul(dy!, g.scalar(alpha)))],
 * });
 */
export const defineOp = <const S extends AttributeSpecs>(definition: OpDefinition<S>): OpAdapter =>
  definition as unknown as OpAdapter;

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

/** An axis of a value with `rank` axes, counted from the front. */
export const positiveAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
