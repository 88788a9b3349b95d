// The training loop that classifiers and LANs share: Adam steps, validation, metrics, and checkpoints from which a run goes on bit for bit.
import { appendFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { breathe } from '../core/breathe.js';
import { LanError, messageOf } from '../core/errors.js';
import { isFiniteTensor, type Tensor } from '../core/tensor.js';
import { codeOf, readBytes, refusal, writeAtomically } from '../data/files.js';
import { whileLocked } from '../data/lock.js';
import { decodeSafetensors, encodeSafetensors } from '../data/safetensors.js';
import type { Descent } from '../engine/engine.js';
import type { Schedule } from './choices.js';
import { notFinite } from './not-finite.js';

/** What decides a run's result; a checkpoint of other settings is refused. Values are JSON. */
export type RunIdentity = Readonly<Record<string, unknown>>;

/** How long and how fast Adam goes. `iterations`: steps; `learningRate`: above 0. */
export interface TrainSettings {
  readonly iterations: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
}

/** A training, whatever is trained: its descent, what it is fed at each step, and where it keeps its checkpoint. */
export interface TrainJob {
  readonly settings: TrainSettings;
  readonly identity: RunIdentity;
  readonly descent: Descent;
  readonly initial: () => Readonly<Record<string, Float32Array>>;
  /** Everything that the graph reads at a step (from 0) besides parameters; pure in the step. */
  readonly feeds: (step: number) => Promise<Readonly<Record<string, Tensor>>> | Readonly<Record<string, Tensor>>;
  /** Scalar outputs of the graph to report, the loss first. */
  readonly metrics: readonly string[];
  /** The node where the gradient stops being finite, at the parameters of the start; asked where the loss is no number after one step. */
  readonly infiniteGradient?: (feeds: Readonly<Record<string, Tensor>>) => Promise<string | undefined>;
  /** Metrics on validation samples at the present parameters; pure in the parameters. */
  readonly validate?: () => Promise<Record<string, number>>;
  readonly files?: TrainFiles;
  readonly onStep?: (progress: TrainProgress) => void;
  /** After an abort the run ends with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** Where a training leaves its checkpoint and its metrics. */
export interface TrainFiles {
  readonly checkpoint: string;
  /** One JSON object a line: step, metrics (their mean since the last line), and validation metrics where they were taken. No times. */
  readonly metrics?: string;
  /** Seconds between checkpoints; 0: after every step. Default 20. */
  readonly every?: number;
  /** Go on from the checkpoint if there is one. */
  readonly resume: boolean;
  /** Take what is trained to its end, and write nothing: another process has trained it. */
  readonly taken?: boolean | undefined;
}

/** How far a training is. */
export interface TrainProgress {
  /** Steps done. */
  readonly step: number;
  readonly iterations: number;
  /** Mean since the last report, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Steps per second of this process. */
  readonly rate: number;
}

/** How a training ended. `last` and `validation`: the last metrics by name; times in seconds. */
export interface TrainResult {
  readonly steps: number;
  readonly finished: boolean;
  /** Of this process. */
  readonly seconds: number;
  /** Steps that a checkpoint spared it. */
  readonly resumedAt: number;
  readonly last: Readonly<Record<string, number>>;
  readonly validation?: Readonly<Record<string, number>>;
}

/** Lines of metrics, and validations, of a whole run. */
const LINES = 500;
const VALIDATIONS = 20;

/**
 * Runs the job from its start, or from its checkpoint. The same job gives the same parameters on the same engine and thread count, however often
 * it was broken off. The files' folder is locked meanwhile. Throws LanError where the loss is no longer finite (`numbers`), a checkpoint is there
 * that is not to be gone on from (`usage`), belongs to another run or is damaged (`data`), another process trains in the folder, or a file cannot
 * be written (`write`; its advice says whether there is a checkpoint to go on from).
 */
export async function train(job: TrainJob): Promise<TrainResult> {
  return job.files && !job.files.taken ? whileLocked(dirname(job.files.checkpoint), () => run(job)) : run(job);
}

async function run(job: TrainJob): Promise<TrainResult> {
  const { descent, settings, files, metrics } = job;
  const { iterations } = settings;
  const every = Math.max(1, Math.floor(iterations / LINES));
  const validateEvery = Math.max(every, Math.ceil(iterations / VALIDATIONS / every) * every);
  descent.reset(job.initial());
  const taken = files && (await takeUp(files, job));
  if (files?.taken && taken?.steps !== iterations)
    throw new LanError('data', `Checkpoint '${files.checkpoint}': is not trained to its end.`);
  let step = taken?.steps ?? 0;
  const resumedAt = step;
  if (files?.metrics && step === 0 && !files.taken) await writeAtomically(files.metrics, '');
  const start = performance.now();
  let saved = start;
  let sums = metrics.map((_, i) => taken?.sums[i] ?? 0);
  // Of a run that was killed between its last step and its result, nothing is measured any more.
  let last: Readonly<Record<string, number>> = taken?.last ?? {};
  let validation: Record<string, number> | undefined;
  let lines = '';
  const save = async (): Promise<void> => {
    if (!files || files.taken) return;
    try {
      // Lines first: those beyond the checkpoint are cut when the run goes on, those that miss before it would stay lost.
      if (files.metrics && lines) await append(files.metrics, lines);
      lines = '';
      await writeCheckpoint(files.checkpoint, job, sums, last);
    } catch (error) {
      throw await unsaved(error, files.checkpoint);
    }
    saved = performance.now();
  };
  let next = step < iterations ? Promise.resolve(job.feeds(step)) : undefined;
  while (step < iterations) {
    const feeds = await next!;
    // The next batch is read (pictures are decoded on other threads) while this one is learned from.
    next = step + 1 < iterations ? Promise.resolve(job.feeds(step + 1)) : undefined;
    // Awaited above, in the next round; an error must not count as unhandled until then.
    next?.catch(() => undefined);
    const out = await descent.step(feeds, rateAt(settings, step));
    metrics.forEach((name, i) => (sums[i]! += Number(out[name]!.data[0])));
    step++;
    if (!Number.isFinite(sums[0])) {
      // Of the first step all is known: where its gradient was no number, no learning rate helps.
      const became = `${metrics[0]} became ${sums[0]}`;
      if (!job.infiniteGradient)
        throw new LanError(
          'numbers',
          `The ${became} at step ${step}.`,
          'Lower `learningRate`, or check the data for values out of range.',
        );
      const node = step === 2 ? await job.infiniteGradient(await job.feeds(0)) : undefined;
      throw notFinite(became, step - 1, node);
    }
    if (step % every === 0 || step === iterations) {
      const count = step % every || every;
      last = Object.fromEntries(metrics.map((name, i) => [name, sums[i]! / count]));
      sums = metrics.map(() => 0);
      if (job.validate && (step % validateEvery === 0 || step === iterations)) validation = await job.validate();
      const validated = step % validateEvery === 0 || step === iterations ? validation : undefined;
      lines += `${JSON.stringify({ step, ...rounded(last), ...(validated && { validation: rounded(validated) }) })}\n`;
      const rate = (step - resumedAt) / ((performance.now() - start) / 1000);
      job.onStep?.({ step, iterations, metrics: { ...last, ...validation }, rate });
      // Lets signals and timers in: a native step blocks the thread.
      await breathe();
    }
    if (job.signal?.aborted) break;
    if (files && performance.now() - saved >= 1000 * (files.every ?? 20)) await save();
  }
  await save();
  if (!validation && job.validate && step === iterations) validation = await job.validate();
  return { steps: step, finished: step === iterations, seconds: (performance.now() - start) / 1000, resumedAt, last, validation };
}

function rateAt({ learningRate, schedule, iterations }: TrainSettings, step: number): number {
  const done = step / iterations;
  if (schedule === 'cosine') return learningRate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * done)));
  return schedule === 'linear' ? learningRate * (1 - done) : learningRate;
}

const rounded = (metrics: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).map(([k, v]) => [k, Number(v.toPrecision(7))]));

async function append(path: string, lines: string): Promise<void> {
  try {
    await appendFile(path, lines);
  } catch (error) {
    throw refusal(path, error);
  }
}

/** The error of a save that failed, with what can be gone on from: looked at, since the whole folder may be gone. */
async function unsaved(error: unknown, checkpoint: string): Promise<LanError> {
  const kept = await readCheckpoint(checkpoint).catch(() => undefined);
  return new LanError(
    'write',
    error instanceof LanError ? error.problem : messageOf(error),
    kept
      ? `The checkpoint of step ${kept.steps} is whole: make room, then go on from it with \`resume\`.`
      : 'There is no checkpoint to go on from: choose another place and begin anew.',
  );
}

const SCHEMA = 'lan-onnx/checkpoint@1';

async function writeCheckpoint(
  path: string,
  { descent, identity }: TrainJob,
  sums: readonly number[],
  last: Readonly<Record<string, number>>,
): Promise<void> {
  const { steps, tensors } = descent.save();
  // Sums of the metrics since the last line, and that line, so that a resumed run writes and shows the same.
  const own = { identity: JSON.stringify(identity), sums: JSON.stringify(sums), last: JSON.stringify(last) };
  const metadata = { schema: SCHEMA, steps: String(steps), ...own };
  await writeAtomically(path, encodeSafetensors(tensors, metadata));
}

const Whole = z.string().regex(/^\d{1,15}$/).transform(Number); // prettier-ignore
const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('is no JSON');
    return z.NEVER;
  }
});
const Metadata = z.object({
  steps: Whole,
  identity: json.pipe(z.record(z.string(), z.unknown())),
  sums: json.pipe(z.array(z.number())),
  // Checkpoints of before have none.
  last: json.pipe(z.record(z.string(), z.number())).optional(),
});

async function readCheckpoint(path: string) {
  const { tensors, metadata } = decodeSafetensors(await readBytes(path, 'Checkpoint'), path);
  if (metadata.schema !== SCHEMA)
    throw new LanError('data', `'${path}' is no checkpoint of training (schema ${metadata.schema ?? 'absent'}).`);
  const damaged = (what: string): LanError =>
    new LanError('data', `Checkpoint '${path}': is damaged: ${what}.`, 'Remove it to begin anew.');
  const { success, data } = Metadata.safeParse(metadata);
  if (!success) throw damaged('its steps, identity or sums are not what training writes');
  const { steps, identity, sums, last } = data;
  for (const [name, values] of Object.entries(tensors))
    if (!isFiniteTensor(values)) throw damaged(`'${name}' holds values that are not finite`);
  return { tensors, steps, identity: identity as RunIdentity, sums, last };
}

/** Whether there is something at a path. What cannot be looked at counts as there: reading it says why. */
const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  );

/**
 * Goes on from the checkpoint, where there is one; gives its step, and the sums of the metrics since the last line. One that is there and is not
 * to be gone on from is refused: the first save would replace hours of work.
 */
async function takeUp(
  { checkpoint, metrics, resume, taken }: TrainFiles,
  job: TrainJob,
): Promise<{ steps: number; sums: readonly number[]; last?: Readonly<Record<string, number>> } | undefined> {
  if (!(await isThere(checkpoint))) return undefined;
  if (!resume)
    throw new LanError(
      'usage',
      `Checkpoint '${checkpoint}': is there from an earlier run, which this one would replace.`,
      'Go on from it with `resume`, choose another `out`, or remove it to begin anew.',
    );
  const { tensors, steps, identity, sums, last } = await readCheckpoint(checkpoint);
  const differences = Object.keys({ ...identity, ...job.identity }).filter(
    (key) => JSON.stringify(identity[key]) !== JSON.stringify(job.identity[key]),
  );
  if (differences.length > 0) {
    const named = differences.map((k) => `${k} ${say(identity[k])} there, ${say(job.identity[k])} here`);
    throw new LanError(
      'data',
      `Checkpoint '${checkpoint}': is of another run: ${named.join('; ')}.`,
      'Use the same settings, choose another `out`, or remove it to begin anew.',
    );
  }
  if (steps > job.settings.iterations || sums.length !== job.metrics.length)
    throw new LanError('data', `Checkpoint '${checkpoint}': is damaged: step ${steps}, ${sums.length} metrics.`, 'Remove it to begin anew.'); // prettier-ignore
  job.descent.restore({ steps, tensors });
  // Lines that were written after the checkpoint are written again.
  if (metrics && !taken && (await isThere(metrics))) {
    const lines = new TextDecoder().decode(await readBytes(metrics, 'Metrics')).split('\n');
    const kept = lines.filter((line) => line !== '' && stepOf(line) <= steps);
    await writeAtomically(metrics, kept.map((line) => `${line}\n`).join(''));
  }
  return { steps, sums, last };
}

const say = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value).slice(0, 80));

/** A line that was cut short by a kill counts as not written. */
function stepOf(line: string): number {
  try {
    return (JSON.parse(line) as { step: number }).step;
  } catch {
    return Infinity;
  }
}
