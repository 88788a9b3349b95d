// What openModel gives: a model run and differentiated on its own inputs, and as a classifier of samples in pixel space.
import type { OpAdapter } from '../../adapters/op.js';
import { specialize } from '../compile/specialize.js';
import { LanError, messageOf } from '../core/errors.js';
import { float32, sizeOf, toFloat32, type DType, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine, type Program } from '../engine/engine.js';
import { probe, type OrtProgram } from '../engine/ort.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import type { InputCard, OutputKind, PartialCard } from './card.js';
import { completeCard, pictureLayout } from './picture.js';
import { guessOutputKind, preprocessTensor, toProbabilities, withLogProbabilities, withPreprocessing, X } from './pixels.js';
import { widened } from './reference.js';
import type { ModelSource } from './source.js';

export interface Classifier {
  readonly source: ModelSource;
  readonly inputs: readonly { name: string; type: DType; shape: readonly number[] }[];
  readonly outputs: readonly { name: string; type: DType; shape: readonly number[] }[];
  readonly engine: Engine;
  /** The ops that it was opened with. */
  readonly adapters: readonly OpAdapter[];
  /** Why this engine was chosen, and what was assumed: sentences for the user. */
  readonly notes: readonly string[];
  readonly labels: readonly string[];
  readonly outputKind: OutputKind;
  /** How pictures go in; undefined when the input is not a picture. May be replaced (see chooseConvention). */
  card: InputCard | undefined;
  /** True when nobody said how pictures go in. */
  readonly cardAssumed: boolean;
  /** Shape of one sample in pixel space, without the batch axis: [C,H,W] for a picture. */
  readonly sampleShape: readonly number[];
  /**
   * What `predict` computes in: float16 has 11 bits, so that it differs from the converted graph (float32) in the third digit; quantised values
   * next to a half are rounded the other way, by a step of 1/255 of their range.
   */
  readonly precision: 'float16' | 'float32' | 'quantised';
  /** Numbers that the float output, the first of them, holds for one sample. */
  readonly classes: number;
  /** The static graph of the whole model at its bound shapes. */
  readonly graph: Graph;
  /** Runs the model on its own inputs, by the engine. Floats are float32; a float16 or float64 file's own type is taken as well. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Outputs, and the gradients of sum(cotangent * output) with respect to every float input. */
  vjp(
    feeds: Readonly<Record<string, Tensor>>,
    cotangents: Readonly<Record<string, Tensor>>,
  ): Promise<{ outputs: Record<string, Tensor>; gradients: Record<string, Tensor> }>;
  /** Class probabilities [N,K] of samples x [N,...sampleShape] in pixel space, by onnxruntime on the original file. */
  predict(x: Tensor, card?: InputCard): Promise<Tensor>;
  /** Static graph from `x` [batch,...sampleShape] to `log_probabilities`; throws LanError when the model does not take that batch. */
  logProbabilities(batch: number): Promise<Graph>;
  /** A graph of fixed input shapes made static, with this classifier's adapters. */
  specialize(graph: Graph): Promise<Graph>;
  dispose(): Promise<void>;
}

/** See openModel, which makes it. */
export class OnnxClassifier implements Classifier {
  readonly inputs;
  readonly outputs;
  readonly labels: readonly string[];
  readonly outputKind: OutputKind;
  readonly sampleShape: readonly number[];
  readonly cardAssumed: boolean;
  readonly classes: number;
  card: InputCard | undefined;
  private readonly input: ValueInfo;
  private readonly output: string;
  private forward?: Promise<Program>;
  private backward?: Promise<Program>;

  constructor(
    readonly source: ModelSource,
    private readonly canonical: Graph,
    readonly graph: Graph,
    readonly engine: Engine,
    readonly adapters: readonly OpAdapter[],
    private readonly reference: OrtProgram,
    readonly precision: Classifier['precision'],
    card: PartialCard,
    readonly notes: string[],
    private readonly fixedBatch: number | undefined,
  ) {
    const describe = (v: ValueInfo): { name: string; type: DType; shape: readonly number[] } => ({
      name: v.name,
      type: v.type!,
      shape: v.dims as number[],
    });
    this.inputs = graph.inputs.map(describe);
    this.outputs = graph.outputs.map(describe);
    const input = graph.inputs.find((i) => i.type?.startsWith('float'));
    const output = graph.outputs.find((o) => o.type?.startsWith('float'));
    if (!input || !output)
      throw new LanError(
        `${source.name}: needs a float input and a float output; inputs are ${this.inputs.map((i) => `${i.name}: ${i.type}`).join(', ')}.`,
      );
    this.input = input;
    this.output = output.name;
    this.outputKind = card.output ?? guessOutputKind(graph, this.output);
    this.labels = (card.labels as readonly string[] | undefined) ?? [];
    const shape = input.dims as number[];
    const picture = pictureLayout(shape, card.input?.layout);
    this.cardAssumed = picture !== undefined && card.input?.mean === undefined && card.input?.range === undefined;
    this.card = picture ? completeCard(card.input ?? {}, picture) : undefined;
    this.sampleShape = picture ? [picture.channels, ...picture.size] : shape.slice(1);
    const k = sizeOf(output.dims as number[]) / ((output.dims as number[])[0] || 1);
    this.classes = k;
    if (this.labels.length > 0 && this.labels.length !== k) {
      throw new LanError(
        `${source.name}: ${this.labels.length} labels for ${k} outputs. Are they another model's? (A background class makes 1001.)`,
      );
    }
  }

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const own = this.checked(feeds);
    return (await (this.forward ??= this.engine.compile(this.graph))).run(own);
  }

  async vjp(feeds: Readonly<Record<string, Tensor>>, cotangents: Readonly<Record<string, Tensor>>) {
    const own = this.checked(feeds);
    const given: Record<string, Tensor> = {};
    for (const o of this.outputs) {
      if (!o.type.startsWith('float')) continue;
      given[`cotangent:${o.name}`] = cotangents[o.name] ?? float32(new Float32Array(sizeOf(o.shape)), o.shape);
    }
    const names = this.inputs.filter((i) => i.type.startsWith('float')).map((i) => i.name);
    this.backward ??= this.withCotangents().then((graph) => this.engine.gradient(graph, 'weighted_sum', names));
    const results = await (await this.backward).run({ ...own, ...widened(given) });
    return {
      outputs: Object.fromEntries(this.outputs.map((o) => [o.name, results[o.name]!])),
      gradients: Object.fromEntries(names.map((n) => [n, results[gradientOf(n)]!])),
    };
  }

  private withCotangents(): Promise<Graph> {
    const g = GraphBuilder.from(this.graph);
    const terms: string[] = [];
    for (const o of this.outputs) {
      g.output(o.name);
      if (!o.type.startsWith('float')) continue;
      const product = g.mul(g.input(`cotangent:${o.name}`, 'float32', o.shape), o.name);
      terms.push(
        g.reduceSum(
          product,
          o.shape.map((_, i) => i),
          false,
        ),
      );
    }
    g.output(
      terms.reduce((a, b) => g.add(a, b)),
      'weighted_sum',
    );
    return this.specialize(g.build());
  }

  private checked(feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    const own: Record<string, Tensor> = {};
    for (const i of this.inputs) {
      const feed = feeds[i.name];
      if (!feed) throw new LanError(`Input '${i.name}' has no value. Expected: ${this.inputs.map((x) => x.name).join(', ')}.`);
      const declared = this.source.model.graph.inputs.find((x) => x.name === i.name)?.type;
      if ((feed.type !== i.type && feed.type !== declared) || feed.dims.join() !== i.shape.join()) {
        throw new LanError(
          `Input '${i.name}': expected ${i.type}[${i.shape.join(',')}], received ${feed.type}[${feed.dims.join(',')}].`,
        );
      }
      own[i.name] = feed;
    }
    return widened(own);
  }

  async predict(x: Tensor, card: InputCard | undefined = this.card): Promise<Tensor> {
    const [n = 1, ...sample] = x.dims;
    if (sample.join() !== this.sampleShape.join()) {
      throw new LanError(
        `${this.source.name}: expected samples of shape [${this.sampleShape.join(',')}], received [${sample.join(',')}].`,
      );
    }
    const size = this.fixedBatch && this.fixedBatch > 0 ? this.fixedBatch : Math.min(n, 16);
    const rows: Float32Array[] = [];
    const per = sizeOf(this.sampleShape);
    const data = toFloat32(x);
    for (let i = 0; i < n; i += size) {
      const count = Math.min(size, n - i);
      const length = this.fixedBatch ? size : count;
      // A model of fixed batch gets its last batch filled up with zeros; their rows are dropped.
      const chunk = length === count ? data.subarray(i * per, (i + count) * per) : new Float32Array(length * per);
      if (length !== count) chunk.set(data.subarray(i * per));
      const input = preprocessTensor(float32(chunk, [length, ...this.sampleShape]), this.card ? card : undefined);
      const out = await this.reference.run({ ...this.constantFeeds(), [this.input.name]: input }, [this.output]);
      const p = toProbabilities(out[this.output]!, this.outputKind);
      rows.push((p.data as Float32Array).subarray(0, count * p.dims[1]!));
    }
    const k = rows[0]!.length / Math.min(size, n);
    const all = new Float32Array(n * k);
    let at = 0;
    for (const row of rows) {
      all.set(row, at);
      at += row.length;
    }
    return float32(all, [n, k]);
  }

  private constantFeeds(): Record<string, Tensor> {
    const others = this.graph.inputs.filter((i) => i !== this.input);
    if (others.length > 0)
      throw new LanError(
        `${this.source.name}: has further inputs (${others.map((o) => o.name).join(', ')}); only one is supported here.`,
      );
    return {};
  }

  async logProbabilities(batch: number): Promise<Graph> {
    const dims = [batch, ...this.sampleShape];
    const composed = withPreprocessing(this.canonical, this.input.name, [this.output], dims, this.card);
    let graph: Graph;
    try {
      graph = await specialize(composed, { [X]: dims }, probe, this.adapters);
    } catch (error) {
      throw new LanError(`${this.source.name}: does not take a batch of ${batch} (${messageOf(error)})`);
    }
    if (graph.types.get(this.output)?.dims[0] !== batch)
      throw new LanError(`${this.source.name}: does not take a batch of ${batch}.`);
    return specialize(withLogProbabilities(graph, this.output, this.outputKind), { [X]: dims }, probe, this.adapters);
  }

  specialize(graph: Graph): Promise<Graph> {
    return specialize(graph, {}, probe, this.adapters);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.forward, this.backward].map(async (p) => (await p)?.dispose()));
    await this.reference.dispose();
  }
}
