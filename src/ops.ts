// lan-onnx/ops: what an op of one's own is written with (docs/adding-an-op.md), and what differentiates graphs by such rules.
export { adapters } from '../adapters/index.js';
export { defineOp, float, floats, int, ints, none, tensor, text, texts, todo, type OpAdapter } from '../adapters/op.js';
export type { AttributeKind, AttributesOf, AttributeSpec, AttributeSpecs } from '../adapters/attributes.js';
export type { Cotangents, Forward, ForwardContext, OldNode, OpDefinition, StaticNode, UnsizedNode, Vjp } from '../adapters/op.js';
export type { Dims, Hazard, Moves, NoGradient, Size, Sizes, Todo } from '../adapters/op.js';
export { caseOf, distinct, uniform, uniformAway, type OpCase } from './check/op-case.js';
export { differentiate } from './compile/differentiate.js';
export { GraphBuilder } from './onnx/builder.js';
export type { Graph, Node } from './onnx/graph.js';
