// Graphs built by a test as models and as files.
import { encodeModel } from '../../src/onnx/codec.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { Model } from '../../src/onnx/graph.js';

/** The graph as a model of opset 18, or another. IR 8 is old enough for every reader. */
export const modelOf = (g: GraphBuilder, opset = 18): Model => ({
  irVersion: 8,
  producer: 'test',
  opsets: new Map([['', opset]]),
  metadata: {},
  functions: [],
  graph: g.build(),
});

/** The bytes of modelOf. */
export const encoded = (g: GraphBuilder, opset?: number): Uint8Array => encodeModel(modelOf(g, opset));
