// The Classifier that openModel gives: a file's reference, static graph and engine behind one interface.
import type { OpAdapter } from '../../adapters/op.js';
import { downstreamOf, upstreamOf, withConstants } from '../compile/cut.js';
import { refuseOtherValues } from '../compile/deciding.js';
import { specialize } from '../compile/specialize.js';
import { asyncDispose } from '../core/dispose.js';
import { LanError, messageOf } from '../core/errors.js';
import { table } from '../core/own.js';
import { castTensor, isFloat, sizeOf, type DType, type Tensor } from '../core/tensor.js';
import type { Engine } from '../engine/engine.js';
import { probe } from '../engine/ort.js';
import { prune, reads, type Graph, type ValueInfo } from '../onnx/graph.js';
import type { InputCard, OutputKind } from './card.js';
import type { Classifier } from './classifier.js';
import { completeCard, leavesValuesOpen } from './conventions.js';
import { refuseMissing } from './feeds.js';
import { widened } from './float-types.js';
import type { HookPoint } from './hook-point.js';
import { classNames } from './labels-inside.js';
import type { Parts, Programs } from './parts.js';
import { ownDims, pictureIn, type Picture } from './picture.js';
import { requireAxes } from './selection.js';
import { Predictor } from './predictor.js';
import { withPreprocessing, X } from './preprocess.js';
import { isOfLabels } from './output-kind.js';
import { guessOutputKind, isBinary, withLogProbabilities } from './probabilities.js';
import { feedsAt, randomTokensAt, runToPoint } from './run-to-point.js';
import type { ModelSource } from './source.js';
import { requireScores } from './score-output.js';
import { requireOneAnswer, severalRows } from './answers.js';
import { rangeOf } from './value-range.js';
import { readAs, requireDeclared, requireOneValue, type Task } from './task.js';
import { Vjp, type VjpResult } from './vjp.js';

/** An input or output of a static graph, as a Classifier shows it. */
export const describe = (v: ValueInfo): { name: string; type: DType; shape: readonly number[] } => ({
  name: v.name,
  type: v.type!,
  shape: v.dims as number[],
});

/** See openModel, which makes it. */
export class OnnxClassifier implements Classifier {
  readonly source: ModelSource;
  readonly graph: Graph;
  readonly engine: Engine;
  readonly adapters: readonly OpAdapter[];
  readonly plugins;
  readonly precision: Classifier['precision'];
  readonly notes: string[];
  readonly inputs;
  readonly outputs;
  readonly input;
  readonly output;
  readonly hookPoint: HookPoint | undefined;
  readonly labels: readonly string[];
  readonly outputKind: OutputKind;
  readonly task: Task;
  readonly severalLabels: boolean;
  readonly inputShape: readonly number[];
  readonly sampleShape: readonly number[];
  readonly cardAssumed: boolean;
  readonly cardGiven: Partial<InputCard>;
  readonly classes: number;
  readonly card: InputCard | undefined;
  readonly integers: DType | undefined;
  readonly picture: Picture | undefined;
  readonly axes: readonly string[] | undefined;
  readonly forwardOnly: boolean;
  readonly batch: number;
  /** False where the value at the hook point has no batch axis: then one sample is all of it. */
  readonly batched: boolean;
  /** The canonical graph of what is made of x. */
  private readonly part: Graph;
  /** Inputs besides x that the chosen output needs. */
  private readonly others: readonly ValueInfo[];
  private readonly predictor: Predictor;
  /** Of the output, for one sample. */
  private readonly numbers: number;

  constructor(
    private readonly parts: Parts,
    private readonly programs: Programs = {},
  ) {
    const { source, graph, canonical, card, input, output, hookPoint } = parts;
    this.source = source;
    this.graph = graph;
    this.engine = parts.engine;
    this.adapters = parts.adapters;
    this.plugins = parts.plugins;
    this.precision = parts.precision;
    this.notes = parts.notes;
    this.inputs = graph.inputs.map(describe);
    this.outputs = graph.outputs.map(describe);
    this.input = describe(input);
    this.output = describe(output);
    this.hookPoint = hookPoint;
    this.outputKind = card.output ?? guessOutputKind(graph, output.name);
    const shape = this.input.shape;
    this.integers = parts.integers;
    this.axes = parts.axes;
    this.forwardOnly = parts.forwardOnly ?? false;
    const picture = (this.picture =
      isFloat(this.input.type) && !parts.axes && card.picture !== false
        ? pictureIn(shape, card.input, this.integers)
        : undefined);
    this.cardGiven = card.input ?? {};
    this.cardAssumed = parts.cardAssumed ?? (picture !== undefined && leavesValuesOpen(this.cardGiven));
    this.card = picture ? completeCard(card.input ?? {}, picture) : undefined;
    const single = picture?.batched === false;
    this.batch = single ? 1 : (shape[0] ?? 1);
    // Where the output has another number of rows than the input (time first, say), the whole input is one sample.
    const rows = !single && (this.output.shape[0] === this.batch || this.batch === 1);
    this.batched = hookPoint ? hookPoint.dims[0] === this.batch : rows;
    this.inputShape =
      picture && (rows || single || hookPoint) ? [picture.channels, ...picture.size] : rows || hookPoint ? shape.slice(1) : shape;
    requireAxes(parts.axes, this.inputShape, source.name);
    this.sampleShape = !hookPoint ? this.inputShape : this.batched ? hookPoint.dims.slice(1) : hookPoint.dims;
    this.part = hookPoint
      ? downstreamOf(canonical, hookPoint.name, { type: 'float32', dims: hookPoint.dims }, [output.name])
      : { ...canonical, outputs: canonical.outputs.filter((o) => o.name === output.name) };
    const entry = hookPoint?.name ?? input.name;
    const needed = hookPoint
      ? downstreamOf(graph, hookPoint.name, { type: 'float32', dims: hookPoint.dims }, [output.name])
      : prune({ ...graph, outputs: [output] });
    const read = new Set(needed.nodes.flatMap(reads));
    const upTo = new Set(hookPoint ? upstreamOf(graph, hookPoint.name).inputs.map((i) => i.name) : []);
    this.others = graph.inputs.filter((i) => i.name !== entry && i.name !== input.name && (read.has(i.name) || upTo.has(i.name)));
    const k = sizeOf(this.output.shape) / (this.batched ? this.output.shape[0] || 1 : 1);
    this.numbers = k;
    this.task = parts.task;
    if (this.task === 'regression') requireOneValue(source.name, this.output, k);
    this.predictor = new Predictor(parts, this);
    this.classes = isBinary(k, readAs(this)) ? 2 : k;
    this.severalLabels = isOfLabels(this.outputKind) && k > 1;
    this.labels = classNames(this, card, k);
  }

  get feeds(): Readonly<Record<string, Tensor>> {
    return this.parts.feeds;
  }

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const own = this.checked(feeds);
    return (await (this.programs.forward ??= this.engine.compile(this.graph))).run(own);
  }

  async vjp(feeds: Readonly<Record<string, Tensor>>, cotangents: Readonly<Record<string, Tensor>>): Promise<VjpResult> {
    const own = this.checked(feeds);
    return (this.programs.gradients ??= new Vjp(this.graph, this.hookPoint, this.engine, (g) => this.specialize(g))).run(
      own,
      cotangents,
    );
  }

  private checked(feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    const own = table<Tensor>();
    for (const i of this.inputs) {
      const feed = Object.hasOwn(feeds, i.name) ? feeds[i.name] : undefined;
      if (!feed)
        throw new LanError('input', `Input '${i.name}' has no value. Expected: ${this.inputs.map((x) => x.name).join(', ')}.`);
      const declared = this.source.model.graph.inputs.find((x) => x.name === i.name)?.type;
      if ((feed.type !== i.type && feed.type !== declared) || feed.dims.join() !== i.shape.join()) {
        throw new LanError(
          'input',
          `Input '${i.name}': expected ${i.type}[${i.shape.join(',')}], received ${feed.type}[${feed.dims.join(',')}].`,
        );
      }
      // A picture in whole numbers is float32 here.
      own[i.name] = i.type === 'float32' && /^u?int/.test(feed.type) ? castTensor(feed, 'float32') : feed;
    }
    refuseOtherValues(this.graph, this.parts.feeds, own);
    return widened(own);
  }

  async predict(x: Tensor, card: InputCard | undefined = this.card, batch = 16): Promise<Tensor> {
    const sample = x.dims.slice(1);
    if (sample.join() !== this.sampleShape.join()) {
      throw new LanError(
        'input',
        `${this.source.name}: expected samples of shape [${this.sampleShape.join(',')}], received [${sample.join(',')}].`,
        sample.length === 3 && sizeOf(sample) === sizeOf(this.sampleShape) ? `Where it takes pictures of ${sample.at(-2)} x ${sample.at(-1)}, give that as \`size\`.` : undefined, // prettier-ignore
      );
    }
    this.requireFeeds();
    return this.predictor.predict(x, this.card ? card : undefined, batch);
  }

  /**
   * Has each sample of a batch the answer that it has alone? Asked of the model once; where it has not, the notes say so. One that can be run in such batches
   * only is opened all the same, since `run` and `vjp` take whole inputs; `predict` refuses it.
   */
  async askIndependence(): Promise<void> {
    const missing = this.others.some((o) => !(o.name in this.parts.feeds));
    if (!this.batched || missing || this.hookPoint?.hasSkipPath) return;
    await this.predictor.independent().catch((error: unknown) => {
      if (!(error instanceof LanError && error.code === 'unsupported')) throw error;
      this.notes.push(error.problem);
    });
  }

  requireFeeds(): void {
    const { source, output, task, outputKind, labels } = this;
    if (task === 'classification') requireScores(this.graph, output.name, source.name);
    // First what is to be fed: of images held against texts the number of texts is that of the classes.
    if (this.numbers === 1) this.requireOthers();
    if (task === 'classification' && this.numbers === 1)
      requireDeclared(source.name, output.name, { outputKind, said: this.parts.card.output, labels: labels.length, range: rangeOf(this.graph, output.name) }); // prettier-ignore
    if (task === 'classification') requireOneAnswer(this, this.parts.card, source);
    const { feeds, input, hookPoint } = this.parts;
    this.requireOthers();
    if (hookPoint?.hasSkipPath && !Object.hasOwn(feeds, input.name))
      throw new LanError(
        'input',
        `${source.name}: a path from '${input.name}' to the output skips '${hookPoint.name}', so the output is known for one sample only: use locate(sample).`,
      );
  }

  private requireOthers(): void {
    const missing = this.others.filter((o) => !(o.name in this.parts.feeds));
    refuseMissing(missing, this.input.name, this.source.name);
  }

  async locate(sample: Tensor): Promise<{ x: Tensor; classifier: Classifier }> {
    const { hookPoint, input, parts } = this;
    if (!hookPoint || !parts.upstream) return { x: sample, classifier: this };
    this.requireOthers();
    const { x, own } = await runToPoint(parts, this, sample, this.card);
    if (!hookPoint.hasSkipPath) return { x, classifier: this };
    return { x, classifier: new OnnxClassifier({ ...parts, feeds: { ...parts.feeds, [input.name]: own } }, this.programs) };
  }

  randomTokens(count: number, seed: number): Promise<Tensor> {
    return randomTokensAt(this, this.parts.input, (sample) => this.locate(sample), count, seed);
  }

  async logProbabilities(batch: number): Promise<Graph> {
    this.requireFeeds();
    const { name } = this.output;
    const dims = [batch, ...this.sampleShape];
    const refusal = `${this.source.name}: does not take a batch of ${batch}`;
    const asked = this.batched && (batch > 1 || (this.predictor.fixed ?? 1) > 1);
    const several = asked && (await this.predictor.independent());
    if (batch !== 1 && !several) throw new LanError('input', `${refusal}.`);
    const entry = this.hookPoint?.name ?? this.input.name;
    const fixed = withConstants(
      this.part,
      feedsAt(
        this.parts,
        batch,
        this.part.inputs.map((i) => i.name),
      ),
    );
    const card = this.hookPoint ? undefined : this.card;
    const own = card ? ownDims(this.picture, this.input.shape, batch) : this.batched ? dims : this.sampleShape;
    const composed = withPreprocessing(fixed, entry, [name], dims, card, own, this.parts.steps);
    let graph: Graph;
    try {
      graph = await specialize(composed, { [X]: dims }, probe, this.adapters);
    } catch (error) {
      throw new LanError('input', `${refusal} (${messageOf(error)})`);
    }
    const made = graph.outputs[0]!.name;
    const out = graph.types.get(made)?.dims ?? [];
    if (this.batched && out[0] !== batch) throw batch > 1 ? new LanError('input', `${refusal}.`) : severalRows(this, made, out);
    return specialize(withLogProbabilities(graph, made, readAs(this), batch), { [X]: dims }, probe, this.adapters);
  }

  specialize(graph: Graph): Promise<Graph> {
    return specialize(graph, {}, probe, this.adapters);
  }

  withCard(card: InputCard, assumed = false): Classifier {
    if (!this.card) throw new LanError('input', `${this.source.name}: its input '${this.input.name}' is not a picture.`);
    return new OnnxClassifier({ ...this.parts, card: { ...this.parts.card, input: card }, cardAssumed: assumed }, this.programs);
  }

  dispose(): Promise<void> {
    return (this.programs.disposed ??= this.free());
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private async free(): Promise<void> {
    await (await this.programs.forward)?.dispose();
    await this.programs.gradients?.dispose();
    await this.parts.reference.dispose();
    await this.parts.upstream?.dispose();
    await this.parts.steps.dispose();
  }
}
