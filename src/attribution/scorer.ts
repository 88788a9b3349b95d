// Runs what is explained: scores and their gradients of many samples, in batches where the model takes them, compiled once.
import { blockedBy } from '../compile/differentiate.js';
import { breathe } from '../core/breathe.js';
import { LanError } from '../core/errors.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { gradientOf, type Program } from '../engine/engine.js';
import { LOG_P } from '../model/probabilities.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { SCORES, type Scored } from './scored.js';

/** Elements of a batch at most: what a convolutional network keeps of them for its backward pass still fits a cache or two. */
const MOST_ELEMENTS = 1_250_000;
/** Samples of a batch at most. */
const MOST_SAMPLES = 64;

/** Name of the input that holds the weights of the outputs, of the weighted score of each sample, and of the sum of these. */
const [WEIGHTS, ROWS, TOTAL] = ['attribution:weights', 'attribution:rows', 'attribution:total'] as const;

/** A program and the samples that it takes at once. */
interface Batched {
  readonly program: Program;
  readonly batch: number;
}

/** Weighted scores of one model. One of them serves any number of inputs and classes; `dispose` frees its programs. */
export class Scorer {
  /** Spent on compiling until now, which no method's time is charged for. */
  compileSeconds = 0;
  private readonly programs = new Map<string, Promise<Batched | undefined>>();
  private outputs: number | undefined;

  constructor(readonly scored: Scored) {}

  /** Elements of a sample. */
  get per(): number {
    return sizeOf(this.scored.sampleShape);
  }

  /** Samples of a batch, where the model takes batches. */
  get most(): number {
    return Math.min(MOST_SAMPLES, 2 ** Math.floor(Math.log2(Math.max(1, MOST_ELEMENTS / this.per))));
  }

  /** Outputs that weights are over. Of several labels each has two: given, and not given. */
  async classes(): Promise<number> {
    return (this.outputs ??= (await this.scored.graph(1)).types.get(SCORES)!.dims[1]!);
  }

  /** sum_k w_k score_k of each of `n` samples, which lie one after the other in `rows`. */
  async scores(rows: Float32Array, n: number, weights: Float32Array): Promise<Float32Array> {
    return weighted(await this.forward(rows, n, SCORES), n, weights);
  }

  /** sum_k w_k p_k of each of `n` samples: probabilities, of a `value` the scores. */
  async probabilities(rows: Float32Array, n: number, weights: Float32Array): Promise<Float32Array> {
    if (this.scored.kind === 'value') return this.scores(rows, n, weights);
    const p = await this.forward(rows, n, LOG_P);
    for (let i = 0; i < p.length; i++) p[i] = Math.exp(p[i]!);
    return weighted(p, n, weights);
  }

  /** The weighted score of each of `n` samples, and its gradient by the sample, in the order of `rows`. Throws LanError `gradient` where none exists. */
  async gradients(
    rows: Float32Array,
    n: number,
    weights: Float32Array,
  ): Promise<{ readonly scores: Float32Array; readonly gradients: Float32Array }> {
    const scores = new Float32Array(n);
    const gradients = new Float32Array(n * this.per);
    const feeds = { [WEIGHTS]: float32(await this.padded(weights), [1, await this.classes()]) };
    await this.inBatches('gradient', rows, n, feeds, (out, at, count) => {
      scores.set(toFloat32(out[ROWS]!).subarray(0, count), at);
      gradients.set(toFloat32(out[gradientOf('x')]!).subarray(0, count * this.per), at * this.per);
    });
    return { scores, gradients };
  }

  /** A program of this scorer's own, compiled once by its name: what a method runs besides scores and their gradients. */
  async program(name: string, compile: () => Promise<Program>): Promise<Program> {
    return (await this.compiled(name, 1, compile))!.program;
  }

  /** Weights as long as the scores: zeros for those that nobody named. Throws LanError `usage` where there are more of them than outputs. */
  async padded(weights: Float32Array): Promise<Float32Array> {
    const k = await this.classes();
    if (weights.length > k)
      throw new LanError('usage', `${this.scored.name}: has ${k} outputs, received ${weights.length} weights.`);
    const all = new Float32Array(k);
    all.set(weights);
    return all;
  }

  /** Frees all programs. */
  async dispose(): Promise<void> {
    const programs = await Promise.allSettled(this.programs.values());
    for (const p of programs) if (p.status === 'fulfilled') await p.value?.program.dispose();
    this.programs.clear();
  }

  private async forward(rows: Float32Array, n: number, output: string): Promise<Float32Array> {
    const k = await this.classes();
    const all = new Float32Array(n * k);
    await this.inBatches(output, rows, n, {}, (out, at, count) =>
      all.set(toFloat32(out[output]!).subarray(0, count * k), at * k),
    );
    return all;
  }

  /** Whole batches as far as they reach, then single samples, or one batch that is filled up where that is less work. */
  private async inBatches(
    kind: string,
    rows: Float32Array,
    n: number,
    feeds: Readonly<Record<string, Tensor>>,
    take: (out: Record<string, Tensor>, at: number, count: number) => void,
  ): Promise<void> {
    const { per, most } = this;
    const dims = this.scored.sampleShape;
    const several = n >= most / 2 && most > 1 ? await this.compiled(kind, most, () => this.compile(kind, most)) : undefined;
    for (let at = 0; at < n;) {
      const left = n - at;
      const use = several && left >= several.batch / 2 ? several : await this.compiled(kind, 1, () => this.compile(kind, 1));
      const { program, batch } = use!;
      const count = Math.min(left, batch);
      let chunk = rows.subarray(at * per, (at + count) * per);
      if (count < batch) {
        chunk = new Float32Array(batch * per);
        chunk.set(rows.subarray(at * per, (at + count) * per));
      }
      take(await program.run({ ...feeds, x: float32(chunk, [batch, ...dims]) }), at, count);
      at += count;
      // Lets signals in: a native run blocks the thread.
      if (at < n) await breathe();
    }
  }

  private compiled(kind: string, batch: number, compile: () => Promise<Program>): Promise<Batched | undefined> {
    const key = `${kind} of ${batch}`;
    let made = this.programs.get(key);
    if (!made) this.programs.set(key, (made = this.timed(batch, compile)));
    return made;
  }

  private async timed(batch: number, compile: () => Promise<Program>): Promise<Batched | undefined> {
    const start = performance.now();
    try {
      return { program: await compile(), batch };
    } catch (error) {
      // A model that takes single samples only.
      if (batch > 1 && error instanceof LanError && error.code === 'input') return undefined;
      throw error;
    } finally {
      this.compileSeconds += (performance.now() - start) / 1000;
    }
  }

  private async compile(kind: string, batch: number): Promise<Program> {
    const graph = await this.scored.graph(batch);
    const { engine } = this.scored;
    if (kind !== 'gradient') return engine.compile({ ...graph, outputs: graph.outputs.filter((o) => o.name === kind) });
    refuseBlocked(this.scored, graph, 'x');
    return engine.gradient(withTotal(graph), TOTAL, ['x']);
  }
}

/** Throws LanError `gradient`, in one sentence, where no gradient of the scores reaches `value`. */
export function refuseBlocked({ name, adapters }: Scored, graph: Graph, value: string): void {
  const [blocked] = blockedBy(graph, { of: SCORES, wrt: [value] }, adapters);
  if (blocked)
    throw new LanError(
      'gradient',
      `${name}: no gradient of its answer reaches ${value === 'x' ? 'the input' : `'${value}'`} (${blocked.reason}).`,
      'Take a method that only asks for outputs: occlusion, rise, lime or kernelshap.',
    );
}

/** The graph with the weighted score of each sample, ROWS [batch], and the sum of these, TOTAL [], as outputs; WEIGHTS [1,K] is one more input. */
export function withTotal(graph: Graph): Graph {
  const g = GraphBuilder.from(graph);
  const [batch, k] = g.typeOf(SCORES).dims as [number, number];
  const typed = (value: string, dims: readonly number[]): string => {
    g.types.set(value, { type: 'float32', dims });
    return value;
  };
  const product = typed(g.mul(SCORES, g.input(WEIGHTS, 'float32', [1, k])), [batch, k]);
  const rows = typed(g.reduceSum(product, [1], false), [batch]);
  g.output(rows, ROWS);
  g.output(typed(g.reduceSum(rows, [0], false), []), TOTAL);
  return g.build();
}

/** What `withTotal` reads and gives, by name. */
export const NAMES = { weights: WEIGHTS, rows: ROWS, total: TOTAL } as const;

function weighted(all: Float32Array, n: number, weights: Float32Array): Float32Array {
  const k = all.length / n;
  const sums = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < weights.length; j++) if (weights[j] !== 0) sum += weights[j]! * all[i * k + j]!;
    sums[i] = sum;
  }
  return sums;
}
