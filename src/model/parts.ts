// What an opened model is made of.
import type { OpAdapter } from '../../adapters/op.js';
import type { PluginLike } from '../core/plugin.js';
import type { DType, Tensor } from '../core/tensor.js';
import type { Engine, Program } from '../engine/engine.js';
import type { OrtProgram } from '../engine/ort.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import type { PartialCard } from './card.js';
import type { Classifier } from './classifier.js';
import type { HookPoint } from './hook-point.js';
import type { ModelSource } from './source.js';
import type { Steps } from './steps.js';
import type { Task } from './task.js';
import type { Vjp } from './vjp.js';

/** What an OnnxClassifier is made of. */
export interface Parts {
  readonly source: ModelSource;
  readonly canonical: Graph;
  readonly graph: Graph;
  readonly engine: Engine;
  readonly adapters: readonly OpAdapter[];
  readonly plugins: readonly PluginLike[];
  /** Preprocessing of the plug-ins; shared by all classifiers of one model. */
  readonly steps: Steps;
  /** Of the whole file, or from the hook point on. */
  readonly reference: OrtProgram;
  /** Up to the hook point, where there is one. */
  readonly upstream: OrtProgram | undefined;
  readonly precision: Classifier['precision'];
  readonly card: PartialCard;
  /** Says that the card is a guess, or that it is none; absent: it is one where it leaves mean and range open. */
  readonly cardAssumed?: boolean;
  /** Opened to be asked only; see EngineOptions. */
  readonly forwardOnly?: boolean;
  /** Names of the axes of a sample, which is no picture then; see SelectionOptions. */
  readonly axes?: readonly string[];
  /** The file's type of a picture in whole numbers, which is float32 in `canonical` and `graph`. */
  readonly integers: DType | undefined;
  readonly notes: string[];
  readonly input: ValueInfo;
  readonly output: ValueInfo;
  readonly hookPoint: HookPoint | undefined;
  readonly task: Task;
  /** Of the other inputs, in their static shapes. */
  readonly feeds: Readonly<Record<string, Tensor>>;
}

/** What classifiers of one model have in common: compiled when first needed, freed once. */
export interface Programs {
  forward?: Promise<Program>;
  gradients?: Vjp;
  disposed?: Promise<void>;
}
