// What an attribution method is: a question about one input, and how much each part of it was needed.
import { LanError } from '../core/errors.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Scorer } from './scorer.js';
import { fold, owners, type Fold } from './shapes.js';

/** What a method asks of a model: outputs alone, gradients by the input, a value inside that is a map of the input, or attention between tokens. */
export type Needs = 'nothing' | 'outputs' | 'gradients' | 'spatial value' | 'attention';

/** One input of one model, and what is asked about it. */
export interface Problem {
  readonly scorer: Scorer;
  /** [1,...sample]. */
  readonly x: Tensor;
  /** What is explained is sum_k w_k score_k: one-hot for a class, 1 and -1 for a contrast. */
  readonly weights: Float32Array;
  /** [1,...sample]: what stands for "nothing there" where parts are taken away, and where paths of gradients begin. */
  readonly baseline: Tensor;
  /** [1,1,H,W] for one value a pixel, [1,T,1] a token, else [1,...sample]. */
  readonly maskDims: readonly number[];
  /** Largest less least plausible value of an element. */
  readonly range: number;
  readonly seed: number;
  /** Wall-clock seconds, compiling not counted. A method that goes on improving ends there; one that cannot end before is refused. */
  readonly budget?: number;
  readonly signal?: AbortSignal;
}

/** Samples that went through the model, forward and backward. */
export interface Passes {
  readonly forward: number;
  readonly backward: number;
}

/** How much each part of an input was needed. */
export interface Attribution {
  /** Of `maskDims`, float32: higher = needed more. Only the order counts; there may be negative values. */
  readonly need: Tensor;
  /** Where the method gives each element a value of its own: [1,...sample], with its sign. */
  readonly attribution?: Tensor;
  /** Where the method gives a coarser map of places [height,width] that `need` was grown from: its values. */
  readonly map?: { readonly values: Float32Array; readonly height: number; readonly width: number };
  readonly passes: Passes;
  /** Compiling not counted. */
  readonly seconds: number;
  /** What else there is to know: the layer, the convergence delta, samples taken. */
  readonly details: Readonly<Record<string, number | string>>;
}

/** A method under one name, with its settings `S` and their defaults. */
export interface AttributionMethod<S extends object = object> {
  /** As options have it: `gradcam`. */
  readonly name: string;
  /** As people have it: `Grad-CAM`. */
  readonly title: string;
  /** Authors, year. */
  readonly reference: string;
  readonly needs: Needs;
  readonly defaults: Readonly<S>;
  /**
   * Explains. Throws LanError where the model does not allow the method (`gradient`, `unsupported`), where the budget is over before there is a result
   * (`usage`), and where it was interrupted before there was one (`interrupted`).
   */
  attribute(problem: Problem, settings?: Partial<S>): Promise<Attribution>;
}

/** What a method works with: its problem, and the model with its passes counted and its time measured. */
export class Run {
  private forward = 0;
  private backward = 0;
  private readonly start = performance.now();
  private readonly compiledBefore: number;
  private readonly owner: Int32Array;
  /** The input's elements. */
  readonly x: Float32Array;
  /** The baseline's elements. */
  readonly baseline: Float32Array;

  constructor(
    readonly problem: Problem,
    private readonly title: string,
  ) {
    this.compiledBefore = problem.scorer.compileSeconds;
    this.x = toFloat32(problem.x);
    this.baseline = toFloat32(problem.baseline);
    this.owner = owners(problem.scorer.scored.sampleShape, problem.maskDims);
    if (problem.budget !== undefined && !(problem.budget > 0))
      throw new LanError('usage', `\`budget\`: ${title} needs a time above 0, received ${problem.budget} s.`);
  }

  /** Elements of a sample. */
  get per(): number {
    return this.x.length;
  }

  /** Samples that are best run together, between two looks at the clock. */
  get chunk(): number {
    return this.problem.scorer.most;
  }

  /** Elements of the mask. */
  get places(): number {
    return sizeOf(this.problem.maskDims);
  }

  /** For each element of the sample, its element of the mask. */
  get owners(): Int32Array {
    return this.owner;
  }

  /** Seconds since the start without compiling. */
  seconds(): number {
    return (performance.now() - this.start) / 1000 - (this.problem.scorer.compileSeconds - this.compiledBefore);
  }

  /** Is the time up, or was a stop asked for? */
  over(): boolean {
    const { budget, signal } = this.problem;
    return signal?.aborted === true || (budget !== undefined && this.seconds() > budget);
  }

  /**
   * Throws LanError where the time is up although the method is not done: `done` of the `all` passes that it cannot do without. `advice`: what would
   * make it shorter.
   */
  requireTime(done: number, all: number, advice?: string): void {
    // Before the first pass nothing is known about how long one takes.
    if (!this.over() || (done === 0 && this.problem.signal?.aborted !== true)) return;
    const { budget, signal } = this.problem;
    if (signal?.aborted) throw new LanError('interrupted', `${this.title}: stopped before there was a result.`);
    const spent = this.seconds();
    throw new LanError(
      'usage',
      done >= all
        ? `\`budget\`: ${short(budget!)} s are shorter than the ${all === 1 ? 'one pass' : `${all} passes`} that ${this.title} cannot do without (${short(spent)} s).`
        : `\`budget\`: ${short(budget!)} s were over after ${done} of the ${all} passes that ${this.title} cannot do without (about ${short((spent * all) / Math.max(1, done))} s).`,
      advice,
    );
  }

  /** Weighted scores of `n` samples. */
  async scores(rows: Float32Array, n: number): Promise<Float32Array> {
    this.forward += n;
    return this.problem.scorer.scores(rows, n, this.problem.weights);
  }

  /** Weighted probabilities of `n` samples. */
  async probabilities(rows: Float32Array, n: number): Promise<Float32Array> {
    this.forward += n;
    return this.problem.scorer.probabilities(rows, n, this.problem.weights);
  }

  /** Weighted scores of `n` samples and their gradients. */
  async gradients(rows: Float32Array, n: number): Promise<{ readonly scores: Float32Array; readonly gradients: Float32Array }> {
    this.forward += n;
    this.backward += n;
    return this.problem.scorer.gradients(rows, n, this.problem.weights);
  }

  /** Counts passes of a program of the method's own. */
  count(forward: number, backward: number): void {
    this.forward += forward;
    this.backward += backward;
  }

  /** One value a mask element from one a sample element. */
  fold(values: ArrayLike<number>, how: Fold): Float32Array {
    return fold(values, this.owner, this.places, how);
  }

  /** The result. `need`: one value a mask element; `attribution`: one a sample element. */
  result(
    need: Float32Array,
    details: Attribution['details'] = {},
    attribution?: Float32Array,
    map?: Attribution['map'],
  ): Attribution {
    const { scorer, maskDims, x } = this.problem;
    return {
      need: float32(need, maskDims),
      ...(attribution ? { attribution: float32(attribution, x.dims) } : {}),
      ...(map ? { map } : {}),
      passes: { forward: this.forward, backward: this.backward },
      seconds: this.seconds(),
      details: { score: scorer.scored.kind, ...details },
    };
  }
}

const short = (v: number): string => String(Number(v.toPrecision(2)));

/**
 * A method from its definition. `explain` gets a Run and the settings with defaults filled in.
 *
 * @example
 * const random = defineMethod({ name: 'random', title: 'Random', reference: '', needs: 'nothing', defaults: {}, explain: (run) => ... });
 */
export function defineMethod<S extends object>({
  explain,
  ...words
}: Omit<AttributionMethod<S>, 'attribute'> & {
  readonly explain: (run: Run, settings: S) => Promise<Attribution>;
}): AttributionMethod<S> {
  return {
    ...words,
    async attribute(problem, settings = {}) {
      const given = Object.fromEntries(Object.entries(settings).filter(([, v]) => v !== undefined)) as Partial<S>;
      return explain(new Run(problem, words.title), { ...words.defaults, ...given });
    },
  };
}
