// Small nets whose answers are known to hang on one word or one place: a transformer block over ids, and a convolution with a way round it.
import { random } from '../../src/core/random.js';
import { float32, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { inType } from './half.js';

/** Weights, the same in every run and whatever was drawn before by others. */
function weightsFrom(seed: number): (...dims: number[]) => Tensor {
  let draw = 0;
  return (...dims) => float32(random(seed, 5).normal(new Float32Array(sizeOf(dims)), draw++, 0, 0.3), dims);
}

/**
 * input_ids, attention_mask, token_type_ids int64 ['batch',count] -> words [N,T,8] + positions (learned, cut to T) + types, one head of
 * self-attention under the mask, the first token's context [N,8] -> `other` [N,3] behind a LayerNormalization, `logits` [N,2].
 * Row 7 of the 20 words alone decides for class 1.
 */
export function bert(count: number | 'sequence' = 'sequence'): Uint8Array {
  const weights = weightsFrom(1);
  const g = new GraphBuilder();
  const [ids, mask, types] = ['input_ids', 'attention_mask', 'token_type_ids'].map((n) => g.input(n, 'int64', ['batch', count])) as [string, string, string]; // prettier-ignore
  const words = weights(20, 8);
  (words.data as Float32Array).set([9, 0, 0, 0, 0, 0, 0, 0], 7 * 8);
  g.append('Gather', [g.constant(words, 'word_embeddings'), ids], ['words']);
  const length = g.op('Gather', [g.op('Shape', [ids]), g.ints([1])]);
  const positions = g.op('Slice', [g.constant(weights(12, 8), 'position_embeddings'), g.ints([0]), length, g.ints([0])]);
  const typed = g.op('Gather', [g.constant(weights(2, 8), 'type_embeddings'), types]);
  const x = g.add(g.add('words', positions), typed);
  const project = (): string => g.op('MatMul', [x, g.constant(weights(8, 8))]);
  const scores = g.mul(g.op('MatMul', [project(), g.transpose(project(), [0, 2, 1])]), g.scalar(0.1));
  const shut = g.mul(g.sub(g.one, g.cast(g.op('Unsqueeze', [mask, g.ints([1])]), 1)), g.scalar(-1e4));
  const context = g.op('MatMul', [g.op('Softmax', [g.add(scores, shut)], { axis: -1 }), x]);
  g.append('Gather', [context, g.constant({ type: 'int64', dims: [], data: BigInt64Array.of(0n) })], ['context'], { axis: 1 });
  const ones = g.constant(float32(new Float32Array(8).fill(1)));
  const normal = g.op('LayerNormalization', ['context', ones], { axis: -1 });
  g.append('MatMul', [normal, g.constant(weights(8, 3))], ['other']);
  const head = new Float32Array(16);
  head[1] = 8;
  g.append('Gemm', ['context', g.constant(float32(head, [8, 2])), g.constant(float32([3, -3], [2]))], ['logits']);
  g.output('other');
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

/**
 * x [N,3,8,8] -> conv1, relu1, + a second convolution of x (a way round both) -> sum, pool1 [N,4,4,4], pooled [N,4,1,1], then `logits` [N,3] and
 * `other` [N,5].
 */
export function residual(type: 'float16' | 'float32' = 'float32'): Uint8Array {
  const weights = weightsFrom(2);
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['batch', 3, 8, 8]);
  const conv = (from: string, to: string): void =>
    g.append('Conv', [from, g.constant(weights(4, 3, 3, 3), 'w')], [to], { pads: [1, 1, 1, 1] });
  conv(x, 'conv1');
  g.append('Relu', ['conv1'], ['relu1']);
  conv(x, 'skip');
  g.append('Add', ['relu1', 'skip'], ['sum']);
  g.append('AveragePool', ['sum'], ['pool1'], { kernel_shape: [2, 2], strides: [2, 2] });
  g.append('GlobalAveragePool', ['pool1'], ['pooled']);
  g.append('Flatten', ['pooled'], ['flat'], { axis: 1 });
  g.append('Gemm', ['flat', g.constant(weights(4, 3), 'v')], ['logits']);
  g.append('Gemm', ['flat', g.constant(weights(4, 5), 'u')], ['other']);
  g.output('logits');
  g.output('other');
  const model = dialectModel(g.build());
  return encodeModel(type === 'float16' ? inType(model, 'float16') : model);
}
