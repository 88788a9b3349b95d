// Learning on a faster engine where there is one: it is tried at the first step, beside the engine that is known, and taken only where it computes the same in less time.
import { ADAM } from '../core/adam.js';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { reasonOf } from './in-words.js';
import type { Descent, DescentState, Engine } from './engine.js';

/** What may be faster, and what is said of it. */
export interface Provided {
  /** onnxruntime's name of it: `webgpu`. */
  readonly provider: string;
  /** What it is called: `WebGPU`. */
  readonly name: string;
  /** What the known one is called: `WebAssembly`. */
  readonly instead: string;
  /** Told before a trial begins, which may take as long as `patience`. */
  readonly onTrial?: () => void;
  /** Milliseconds for a trial: loading, compiling, a first step, and a few to be timed. Default 20 s. */
  readonly patience?: number;
}

/** The same, as an engine. */
export interface Accelerator extends Omit<Provided, 'provider'> {
  readonly engine: Engine;
}

/**
 * How far the first step may be from that of the known engine: its loss by this part of it (of 1, where it is smaller), its gradient by this part of the
 * gradient's length. Sums in another order differ by 1e-6 to 1e-4; a ReLU that falls the other way changes single elements; a wrong kernel changes all.
 */
export const TRIAL_TOLERANCES = { loss: 1e-3, gradient: 1e-2 } as const;

const PATIENCE = 20_000;
/** Steps that are timed on each, of which the fastest counts. */
const TIMED = 3;

/**
 * The engine, whose descents move to the accelerator where a trial says so. A model that was refused once is not tried again. `tell` gets a sentence on each
 * decision; `info` is that of the engine which the last descent was on.
 */
export function accelerated(own: Engine, accelerator: Accelerator, tell: (note: string) => void): Engine {
  let [refused, last] = [false, own];
  return {
    get info() {
      return last.info;
    },
    compile: (graph) => own.compile(graph),
    gradient: (graph, of, wrt) => own.gradient(graph, of, wrt),
    async descend(graph, loss, parameters, outputs) {
      last = own;
      const known = await own.descend(graph, loss, parameters, outputs);
      if (refused) return known;
      const refuse = (why: string): void => {
        [refused, last] = [true, own];
        tell(`learned on ${accelerator.instead}: ${why}`);
      };
      const decide = async (first: Feeds, rate: number): Promise<Descent | undefined> => {
        accelerator.onTrial?.();
        const other = accelerator.engine.descend(graph, loss, parameters, outputs);
        const start = known.save();
        const work: Promise<unknown>[] = [];
        try {
          tell(await trial(known, other, loss, first, rate, accelerator, work));
          (await other).restore(start);
          last = accelerator.engine;
          return await other;
        } catch (error) {
          refuse(reasonOf(error));
          // It may still be at work where it took too long.
          void Promise.allSettled(work).then(async () => (await other).dispose()).catch(() => undefined); // prettier-ignore
          return undefined;
        } finally {
          known.restore(start);
        }
      };
      return movable(known, decide, (error, steps) =>
        refuse(`${accelerator.name} failed after ${steps} steps, which it had been taken for (${reasonOf(error)})`),
      );
    },
  };
}

type Feeds = Readonly<Record<string, Tensor>>;

/** The known descent, until `decide` gives another at the first step, and again where that one fails: a step that failed has moved nothing. */
function movable(
  known: Descent,
  decide: (feeds: Feeds, rate: number) => Promise<Descent | undefined>,
  failed: (error: unknown, steps: number) => void,
): Descent {
  let [now, other, decided] = [known, undefined as Descent | undefined, false];
  const orBack = async <T>(act: (descent: Descent) => Promise<T>): Promise<T> => {
    try {
      return await act(now);
    } catch (error) {
      if (now === known) throw error;
      const state = now.save();
      failed(error, state.steps);
      now = known;
      known.restore(state);
      return act(known);
    }
  };
  return {
    async step(feeds, rate) {
      if (!decided) {
        decided = true;
        other = await decide(feeds, rate);
        now = other ?? known;
      }
      return orBack((descent) => descent.step(feeds, rate));
    },
    evaluate: (feeds, wanted) => orBack((descent) => descent.evaluate(feeds, wanted)),
    get: (name) => now.get(name),
    reset: (values) => now.reset(values),
    save: () => now.save(),
    restore: (state) => now.restore(state),
    dispose: async () => void (await Promise.all([known.dispose(), other?.dispose()])),
  };
}

/** Steps of both from the same state. Gives a sentence on why the other is taken; throws LanError with one on why it is not. `work`: what the other was asked for. */
async function trial(
  known: Descent,
  compiling: Promise<Descent>,
  loss: string,
  feeds: Feeds,
  rate: number,
  { name, instead, patience = PATIENCE }: Accelerator,
  work: Promise<unknown>[],
): Promise<string> {
  const start = known.save();
  const deadline = performance.now() + patience;
  const within = <T>(asked: Promise<T>): Promise<T> => {
    work.push(asked);
    return before(deadline, asked, `${name} took longer than ${patience / 1000} s for a first look`);
  };
  const other = await within(compiling);
  other.restore(start);
  const theirs = (await within(other.step(feeds, rate)))[loss]!;
  const ours = (await known.step(feeds, rate))[loss]!;
  const apart = { loss: lossApart(ours, theirs), gradient: gradientApart(known.save(), other.save(), start) };
  for (const what of ['loss', 'gradient'] as const)
    if (!(apart[what] <= TRIAL_TOLERANCES[what]))
      throw refusal(
        `${name} computes another ${what}: ${part(apart[what])} off, where ${part(TRIAL_TOLERANCES[what])} is allowed`,
      );
  const own = await fastest(() => known.step(feeds, rate));
  const its = await fastest(() => within(other.step(feeds, rate)), 2 * own);
  if (!(its < own)) throw refusal(`${name} computes the same, but takes ${ms(its)} a step, and ${instead} ${ms(own)}`);
  return `learned on ${name}: ${ms(its)} a step, where ${instead} takes ${ms(own)}; its first gradient is ${part(apart.gradient)} off`;
}

const refusal = (why: string): LanError => new LanError('runtime', why);
const ms = (time: number): string => `${Number(time.toPrecision(2))} ms`;
const part = (value: number): string => (Number.isFinite(value) ? `${Number((100 * value).toPrecision(2))} %` : 'without end');

/** Milliseconds of the fastest of a few turns; of the first alone where that takes longer than `hopeless`. */
async function fastest(turn: () => Promise<unknown>, hopeless = Infinity): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < TIMED && (i === 0 || best < hopeless); i++) {
    const start = performance.now();
    await turn();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

async function before<T>(deadline: number, work: Promise<T>, otherwise: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(refusal(otherwise)), deadline - performance.now());
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lossApart(a: Tensor, b: Tensor): number {
  const [ours, theirs] = [Number(a.data[0]), Number(b.data[0])];
  return Math.abs(ours - theirs) / Math.max(1, Math.abs(ours));
}

/** By how much the gradients of one step differ, as a part of the first one's length. Adam's first moment tells them, of which each is a tenth. */
function gradientApart(ours: DescentState, theirs: DescentState, start: DescentState): number {
  let [difference, length] = [0, 0];
  for (const [name, tensor] of Object.entries(ours.tensors)) {
    if (!name.startsWith('m:')) continue;
    const [a, b, m] = [tensor, theirs.tensors[name]!, start.tensors[name]!].map(toFloat32) as [Float32Array, Float32Array, Float32Array]; // prettier-ignore
    for (let i = 0; i < a.length; i++) {
      difference += (a[i]! - b[i]!) ** 2;
      length += (a[i]! - ADAM.beta1 * m[i]!) ** 2;
    }
  }
  return difference === 0 ? 0 : Math.sqrt(difference / length);
}
