// What an engine is: something that runs a static graph, and its gradient.
import type { Tensor } from '../core/tensor.js';
import type { Graph } from '../onnx/graph.js';

/**
 * A compiled graph. `run` takes every graph input by name and gives every output by name, or those that are `wanted`; the returned arrays
 * belong to the caller.
 */
export interface Program {
  run(feeds: Readonly<Record<string, Tensor>>, wanted?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Frees native memory. A disposed program must not be run. */
  dispose(): Promise<void>;
}

/** How an engine describes itself in reports. */
export interface EngineInfo {
  readonly name: 'onnxruntime' | 'tfjs';
  /** Execution provider or tfjs backend. */
  readonly backend: string;
  readonly version: string;
  readonly threads: number;
}

/** What a descent trains: graph inputs of these names, float32 of these dims. */
export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  /** The output that it lowers, where that is not the descent's loss: an adversary's. It moves after those of the loss, along its gradient at where they are then. */
  readonly lowers?: string;
  /** Its learning rate as a multiple of the descent's. Default 1. */
  readonly pace?: number;
}

/** Training by Adam: the parameters and the optimiser's state live with the program, which moves them on. */
export interface Descent {
  /** One step at this learning rate. `feeds` holds every graph input that is no parameter; gives the outputs as they were before the step. */
  step(feeds: Readonly<Record<string, Tensor>>, learningRate: number): Promise<Record<string, Tensor>>;
  /** Any of the graph's outputs at the present parameters; nothing moves. */
  evaluate(feeds: Readonly<Record<string, Tensor>>, wanted: readonly string[]): Promise<Record<string, Tensor>>;
  /** A copy of a parameter. Throws LanError where there is none of this name. */
  get(name: string): Float32Array;
  /** Starts again, at step 1 with empty moments: parameters as given by name, zeros elsewhere. Throws LanError for a wrong name or length. */
  reset(values?: Readonly<Record<string, Float32Array>>): void;
  /** All that the next step depends on besides its feeds: parameters `p` and their moments `m:p` and `v:p` (copies), and the steps taken. */
  save(): DescentState;
  /** Goes on from a saved state. Throws LanError where names or lengths do not fit; nothing has changed then. */
  restore(state: DescentState): void;
  /** Frees native memory. */
  dispose(): Promise<void>;
}

/** All that a descent needs to go on: how many steps it has done, and its parameters and their moments by name. */
export interface DescentState {
  readonly steps: number;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** What runs graphs and their gradients: onnxruntime or tfjs. Made by createOrtEngine or createTfEngine. */
export interface Engine {
  readonly info: EngineInfo;
  /** Compiles the forward pass. Throws LanErrors naming every op that the engine cannot run. */
  compile(graph: Graph): Promise<Program>;
  /**
   * Compiles the graph together with d(of)/d(input) for each input in `wrt`: the program gives the graph's outputs and, as `grad:<input>`,
   * one gradient in the input's shape (zeros where nothing depends on it). `of` is a graph output with one element.
   * Throws LanErrors naming every op on the backward pass that has no gradient rule.
   */
  gradient(graph: Graph, of: string, wrt: readonly string[]): Promise<Program>;
  /**
   * Compiles whole training steps that lower `loss` (a graph output with one element). `outputs`: which of the graph's outputs each step gives.
   * Throws as `gradient` does.
   */
  descend(graph: Graph, loss: string, parameters: readonly Parameter[], outputs: readonly string[]): Promise<Descent>;
}

export { gradientOf } from '../compile/differentiate.js';
