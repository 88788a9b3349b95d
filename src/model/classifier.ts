// What openModel gives: a model run and differentiated on its own inputs, and as a classifier of samples in pixel space.
import type { OpAdapter } from '../../adapters/op.js';
import type { PluginLike } from '../core/plugin.js';
import type { DType, Tensor } from '../core/tensor.js';
import type { Engine } from '../engine/engine.js';
import type { Graph } from '../onnx/graph.js';
import type { InputCard, OutputKind } from './card.js';
import type { HookPoint } from './hook-point.js';
import type { Picture } from './picture.js';
import type { ModelSource } from './source.js';
import type { Task } from './task.js';
import type { VjpResult } from './vjp.js';

/** A model, opened: run and differentiated on its own inputs, and as a classifier of samples in pixel space. Disposed of by `dispose` or `await using`. */
export interface Classifier extends AsyncDisposable {
  readonly source: ModelSource;
  readonly inputs: readonly { name: string; type: DType; shape: readonly number[] }[];
  readonly outputs: readonly { name: string; type: DType; shape: readonly number[] }[];
  readonly engine: Engine;
  /** The ops that it was opened with. */
  readonly adapters: readonly OpAdapter[];
  /** The plug-ins that it was opened with, in which noise, losses, metrics ... are looked up by name. */
  readonly plugins: readonly PluginLike[];
  /** Why this engine was chosen, and what was assumed: sentences for the user. */
  readonly notes: readonly string[];
  readonly labels: readonly string[];
  readonly outputKind: OutputKind;
  /** Is the answer a class (or labels), or one number a sample that is taken as it is? */
  readonly task: Task;
  /** Are the classes labels of which several hold at once, each with a probability of its own? */
  readonly severalLabels: boolean;
  /** How pictures go in; undefined when the input is not a picture. */
  readonly card: InputCard | undefined;
  /** How the input holds a picture; undefined when it is none. */
  readonly picture: Picture | undefined;
  /** Is no gradient to be taken of it (`engine: 'forward'`)? */
  readonly forwardOnly: boolean;
  /** Names of the axes of a sample, those of one element left out, where somebody gave them; it is no picture then. */
  readonly axes: readonly string[] | undefined;
  /** The type of whole numbers in which the file takes its pictures; they are rounded to it where it is run. Undefined where it takes floats. */
  readonly integers: DType | undefined;
  /** What was said of how pictures go in, by the model's folder and the caller; `card` has the rest filled in. */
  readonly cardGiven: Partial<InputCard>;
  /** True when nobody said how pictures go in. */
  readonly cardAssumed: boolean;
  /** The input that is explained, and the output that is the classifier's. */
  readonly input: { readonly name: string; readonly type: DType; readonly shape: readonly number[] };
  readonly output: { readonly name: string; readonly type: DType; readonly shape: readonly number[] };
  /** Where the mask lies, when not on the input itself. */
  readonly hookPoint: HookPoint | undefined;
  /** Is the first axis of the input a batch? Else the whole input is one sample. */
  readonly batched: boolean;
  /** Shape of one sample of the input, without the batch axis: [C,H,W] in pixel space for a picture. */
  readonly inputShape: readonly number[];
  /** Shape of one sample where the mask lies: of the input, or of the value at the hook point. */
  readonly sampleShape: readonly number[];
  /**
   * What `predict` computes in: float16 has 11 bits, so that it differs from the converted graph (float32) in the third digit; quantised values
   * next to a half are rounded the other way, by a step of 1/255 of their range.
   */
  readonly precision: 'float16' | 'float32' | 'quantised';
  /** What the other inputs are fed. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Numbers that the float output, the first of them, holds for one sample. */
  readonly classes: number;
  /** The static graph of the whole model at its bound shapes. */
  readonly graph: Graph;
  /** Runs the model on its own inputs, by the engine. Floats are float32; a float16 or float64 file's own type is taken as well. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Outputs, and the gradients of sum(cotangent * output) with respect to every float input; by the value at the hook point where there is one. */
  vjp(feeds: Readonly<Record<string, Tensor>>, cotangents: Readonly<Record<string, Tensor>>): Promise<VjpResult>;
  /**
   * Where a sample [1,...inputShape] is explained: `x` [1,...sampleShape] there, and what classifies it: bound to this sample where a path goes
   * round the hook point, else this classifier. The sample itself where there is no hook point.
   */
  locate(sample: Tensor): Promise<{ readonly x: Tensor; readonly classifier: Classifier }>;
  /** Values at the hook point of `count` samples of random integers, [count,...sampleShape]; for hook points behind integer inputs. */
  randomTokens(count: number, seed: number): Promise<Tensor>;
  /** Throws LanErrors naming every other input that has no value. */
  requireFeeds(): void;
  /**
   * Class probabilities [N,K] of samples x [N,...sampleShape], by onnxruntime on the original file, `batch` samples a run (default 16; the file's
   * own where it fixes one); of a regression its values [N,1]. Floats are in pixel space, or values at the hook point; uint8 pixels always 0..255.
   */
  predict(x: Tensor, card?: InputCard, batch?: number): Promise<Tensor>;
  /** Static graph from `x` [batch,...sampleShape] to `log_probabilities`, of a regression to its values [batch,1]; throws LanError when the model does not take that batch. */
  logProbabilities(batch: number): Promise<Graph>;
  /** A graph of fixed input shapes made static, with this classifier's adapters. */
  specialize(graph: Graph): Promise<Graph>;
  /**
   * The same model with another card of the same size, on the same sessions. `assumed`: the card is a guess too (see cardAssumed).
   * Throws LanError 'input' where the input is no picture, or the card has another number of channels.
   */
  withCard(card: InputCard, assumed?: boolean): Classifier;
  /** Frees the sessions, also of those that `withCard` and `locate` gave; more than once does no harm. */
  dispose(): Promise<void>;
}
