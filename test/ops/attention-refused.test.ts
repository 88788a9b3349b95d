// What attention and fused nodes can not mean here is refused by name, and a huge one before anything is allocated.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder, type AttributeInput } from '../../src/onnx/builder.js';
import type { Graph, Model } from '../../src/onnx/graph.js';

const MICROSOFT = 'com.microsoft';
type Shapes = readonly (readonly number[] | undefined)[];

/** A model of one node 'y' with float inputs of these shapes. */
function modelOf(op: string, domain: string, shapes: Shapes, attributes: Record<string, AttributeInput>, outputs = 1): Model {
  const g = new GraphBuilder('refused');
  const inputs = shapes.map((dims, i) => (dims ? g.input(`x${i}`, 'float32', dims) : ''));
  const names = Array.from({ length: outputs }, (_, i) => (i ? `y${i}` : 'y'));
  g.append(op, inputs, names, attributes, domain);
  for (const name of names) g.output(name);
  const opsets = new Map([
    ['', 24],
    [MICROSOFT, 1],
  ]);
  return { irVersion: 10, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() };
}
const compiled = async (model: Model): Promise<Graph> => specialize(canonicalize(model, adapters), {}, probe, adapters);

const QKV: Shapes = [[2, 4, 6], [2, 5, 6], [2, 5, 6]]; // prettier-ignore
const GROUPED: Shapes = [[1, 5, 64], [1, 5, 32], [1, 5, 32], undefined, undefined, [1], []]; // prettier-ignore
const FUSED: Shapes = [[2, 5, 8], [8, 18], [18]]; // prettier-ignore

test.each<[string, Model, string]>([
  [
    'an unknown stage of the scores',
    modelOf('Attention', '', [[2, 3, 4, 6], [2, 3, 5, 6], [2, 3, 5, 6]], { qk_matmul_output_mode: 4 }), // prettier-ignore
    "Attention 'y': expected qk_matmul_output_mode 0, 1, 2 or 3, received 4.",
  ],
  [
    'fused attention without biases',
    modelOf('Attention', MICROSOFT, FUSED.slice(0, 2), { num_heads: 3 }),
    "Attention 'y': it has no biases (input 2), on which onnxruntime 1.30 ends the process. Give it zeros.",
  ],
  [
    'rotation inside fused attention',
    modelOf('Attention', MICROSOFT, FUSED, { num_heads: 3, do_rotary: 1 }),
    "Attention 'y': expected do_rotary 0. Export the model with RotaryEmbedding nodes of its own.",
  ],
  [
    'a packed input',
    modelOf('MultiHeadAttention', MICROSOFT, [[2, 4, 3, 3, 6]], { num_heads: 3 }),
    "MultiHeadAttention 'y': keys and values packed into one input are not supported. Export them apart.",
  ],
  [
    'scores as an output',
    modelOf('MultiHeadAttention', MICROSOFT, QKV, { num_heads: 3 }, 4),
    "MultiHeadAttention 'y': the output qk is not supported. Export the model without it.",
  ],
  [
    'groups that do not divide the heads',
    modelOf('GroupQueryAttention', MICROSOFT, GROUPED, { num_heads: 4, kv_num_heads: 3 }),
    "GroupQueryAttention 'y': expected num_heads to be a multiple of kv_num_heads, received 4 and 3.",
  ],
  [
    'a softmax with a sink',
    modelOf('GroupQueryAttention', MICROSOFT, GROUPED, { num_heads: 4, kv_num_heads: 2, smooth_softmax: 1 }),
    "GroupQueryAttention 'y': a softmax with a sink (smooth_softmax, input head_sink) is not supported",
  ],
  [
    'weights of 3 bits',
    modelOf('MatMulNBits', MICROSOFT, [[2, 16], [4, 1, 6], [4, 1]], { K: 16, N: 4, bits: 3, block_size: 16 }), // prettier-ignore
    "MatMulNBits 'y': expected weights of 2, 4 or 8 bits, received 3.",
  ],
  [
    'reordered groups',
    modelOf('MatMulNBits', MICROSOFT, [[2, 16], [4, 1, 8], [4, 1], undefined, [16]], { K: 16, N: 4, block_size: 16 }), // prettier-ignore
    "MatMulNBits 'y': the input g_idx is not supported. Quantise the model without reordered groups.",
  ],
  [
    'an unknown activation',
    modelOf('FusedGemm', MICROSOFT, [[2, 3], [3, 4]], { activation: 'Gelu' }), // prettier-ignore
    "FusedGemm 'y': expected an activation of Relu, Tanh, Sigmoid, LeakyRelu, HardSigmoid, Elu, Softplus, Softsign, ThresholdedRelu, Clip, received 'Gelu'.",
  ],
  [
    'an activation without its numbers',
    modelOf('FusedConv', MICROSOFT, [[1, 2, 5, 5], [3, 2, 3, 3]], { activation: 'Clip' }), // prettier-ignore
    "FusedConv 'y': its activation Clip has no min and max.",
  ],
  [
    'statistics of a skip normalisation',
    modelOf('SkipLayerNormalization', MICROSOFT, [[2, 3, 4], [2, 3, 4], [4]], {}, 2), // prettier-ignore
    "SkipLayerNormalization 'y': the outputs mean and inv_std_var are not supported. Export the model for inference.",
  ],
  [
    'an unknown way into a cache',
    modelOf('TensorScatter', '', [[2, 7, 5], [2, 4, 5]], { mode: 'ring' }), // prettier-ignore
    "TensorScatter 'y': expected mode 'linear' or 'circular', received 'ring'.",
  ],
])('%s', async (_, model, text) => {
  await expect(compiled(model)).rejects.toThrow(text);
});

test.each<[string, Model, string]>([
  [
    'scores of fused attention',
    modelOf('Attention', MICROSOFT, [[1, 200000, 1], [1, 3], [3]], { num_heads: 1 }), // prettier-ignore
    "Attention 'y' asks for 149.0 GiB; at most 2 are allowed.",
  ],
  [
    'scores of fused attention over heads',
    modelOf('MultiHeadAttention', MICROSOFT, [[1, 100000, 4], [1, 100000, 4], [1, 100000, 4]], { num_heads: 4 }), // prettier-ignore
    "MultiHeadAttention 'y' asks for 149.0 GiB; at most 2 are allowed.",
  ],
  [
    'scores of attention',
    modelOf('Attention', '', [[1, 1, 200000, 1], [1, 1, 200000, 1], [1, 1, 200000, 1]], {}), // prettier-ignore
    'at most 2 are allowed.',
  ],
])('%s that would not fit', async (_, model, text) => {
  await expect(compiled(model)).rejects.toThrow(text);
});
