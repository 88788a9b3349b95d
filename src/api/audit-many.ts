// auditMany(model, inputs): many inputs on all cores, each with its folder, a line in results.jsonl, and a summary of all.
import type { LanError } from '../core/errors.js';
import { ensureWritable } from '../data/files.js';
import { whileLocked } from '../data/lock.js';
import { prepareResults } from '../data/results.js';
import type { AuditDocument } from '../report/audit-files.js';
import { readFailOn } from '../report/fail-on.js';
import { createAuditor, type Auditor } from './audit.js';
import { survey } from './audit-all.js';
import type { AuditOptions } from './audit-options.js';
import { earlierWay, fasterOf, onQueue, widthFor } from './audit-ways.js';
import { Ledger, type ManyResult } from './ledger.js';
import { openSource, type Source, type SourceSpec } from './many-source.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { type ModelLike, pluginsOf } from './opened.js';
import { pacer } from './pace.js';
import { explain, inOrder, notBegun, type Performer, type Task } from './performer.js';
import { queuePerformer, type QueueOptions } from './queue-performer.js';
import type { Way } from './ways.js';
import { startWorkers, type WorkerPool } from './worker-pool.js';

export type { ManyResult };

/** Options of `auditMany`: those of `audit`, and what is done about many. */
export interface ManyOptions extends AuditOptions {
  /** Folder for the results, one folder an input. */
  readonly out: string;
  /**
   * Processes, each with a model of its own on one thread (`threads` says otherwise), whose number changes no result. Default `'auto'`: from MANY inputs on
   * whatever is faster, measured for a moment and told: this process alone on all cores, or as many as there are cores; this process for fewer.
   */
  readonly workers?: number | 'auto';
  /**
   * Have the inputs explained by the workers of a queue (see workOn), on any number of machines, in place of `workers` here. The results are the same. A run that
   * was broken off goes on where it stood.
   */
  readonly queue?: QueueOptions;
  /** Take what an earlier run has finished for the same model, options and inputs, and make the rest. */
  readonly resume?: boolean;
  /** Throw at the first input that cannot be explained. Default: it is told, and the rest goes on. */
  readonly strict?: boolean;
  /** Findings that count as negative: `replaceable<0.5`, `noise-alone>0.1`. See readFailOn. */
  readonly failOn?: string | readonly string[];
  /** Path of a JUnit file: a test an input, failed where `failOn` found something, in error where it could not be explained. */
  readonly junit?: string;
  /** Told once all that may be refused has been, before the first input is explained; `threads`: of each of several processes. */
  readonly onStart?: (auditor: Auditor, workers: number, inputs: number, threads: number | undefined) => void;
  /** Told of each input that is explained, in their order; waited for. */
  readonly onDocument?: (path: string, document: AuditDocument, folder: string) => void | Promise<void>;
  /** Told of each input that cannot be explained. */
  readonly onFailure?: (error: LanError, path: string) => void;
  /** Told after each input, explained or not. */
  readonly onDone?: (done: number, total: number) => void;
}

/**
 * Explains many inputs and writes a folder for each, and where there are several report.html, results.jsonl (a line an input, as soon as it is finished), summary.json
 * and classes.png. What cannot be explained is told by name, and the rest goes on. Throws as `audit` does for what is not about one input, and where none
 * of them can be explained. An input whose worker ends is tried once more, and is then left out; LanError (`runtime`) where five in a row are.
 *
 * @example
 * const { summary } = await auditMany('model.onnx', { kind: 'data', path: 'photos/', seed: 0 }, { out: 'out', failOn: 'replaceable<0.5' });
 */
export async function auditMany(model: ModelLike, spec: SourceSpec, options: ManyOptions): Promise<ManyResult> {
  refuseUnknown('auditMany', options, NAMES.auditMany);
  if (options.queue) refuseUnknown('`queue`', options.queue, NAMES.queue);
  const { out, workers = 'auto', queue, resume = false, strict, failOn = [], junit, onStart, onDocument, onFailure, onDone, ...own } = options; // prettier-ignore
  const failing = [failOn].flat().map((text) => readFailOn(text, pluginsOf(model, own)));
  const source = await openSource(spec, pluginsOf(model, own));
  let auditor: Auditor | undefined;
  try {
    const paths = source.inputs.map(({ path }) => path);
    const asked = queue ? onQueue(workers, model, own) : widthFor(workers, paths.length, model, own);
    const width = resume ? await earlierWay(out, asked) : asked;
    const auditing = { ...own, ...(width.threads ? { threads: own.threads ?? width.threads } : {}) };
    const notes = tellingNotes((text) => options.onNote?.(text));
    if (junit !== undefined) await prepareResults([junit], [typeof model === 'string' ? model : undefined, ...paths]); // prettier-ignore
    const measuring = pacer({ onProgress: own.onProgress, onNote: notes.tell });
    auditor = await createAuditor(model, { pictureSize: source.pictureSize, ...auditing, ...measuring.hooks });
    for (const note of source.notes) notes.tell(note);
    const { sound, failures, first } = await surveyed(auditor, source, { strict, onFailure, lazily: queue !== undefined });
    const { labels, note } = source.actual(auditor);
    if (note !== undefined) notes.tell(note);
    await ensureWritable(out);
    const here = auditor;
    return await whileLocked(out, async () => {
      const onOthers = queue && (await queuePerformer(queue, { model, auditor: here, source, options: own, first, out, total: paths.length, onNote: notes.tell, signal: own.signal })); // prettier-ignore
      const start = ({ workers: many, threads }: Way): WorkerPool =>
        startWorkers(many, { model: model as string, options: plain({ ...own, threads }, source), source: spec, first }, { signal: own.signal, nameOf: (at) => paths[at as number]!, onNote: notes.tell }); // prettier-ignore
      const { other } = width;
      const chosen =
        width.workers > 1
          ? start({ workers: width.workers, threads: auditing.threads! })
          : other && (await fasterOf({ auditor: here, measuring, source, inputs: sound.map(({ at }) => at), other, start, onNote: notes.tell })); // prettier-ignore
      const many = chosen?.width ?? 1;
      if (many > 1) {
        // Others explain: what this process has compiled would only take memory.
        await here.dispose();
        auditor = undefined;
      }
      onStart?.(here, onOthers ? 0 : many, paths.length, many > 1 ? (own.threads ?? 1) : undefined);
      const performer: Performer =
        onOthers ?? chosen ?? alone(here, source, (at, theirs) => notes.reading(paths[at]!, theirs), own.signal);
      const setup = {
        out,
        junit,
        paths,
        failures,
        labels,
        failing,
        seed: own.seed ?? 0,
        look: { repeat: own.repeat, colormap: own.colormap },
      };
      const told = (done: number, total: number): void => {
        onOthers?.entered(done, failures.size);
        onDone?.(done, total);
      };
      const run = { strict, resume, onDocument, onFailure, onDone: told, notes: onOthers || many > 1 ? notes : undefined }; // prettier-ignore
      try {
        await using ledger = await Ledger.open(setup);
        await explainAll(performer, ledger, sound, run);
        const unfinished = own.signal?.aborted === true;
        const found = await ledger.finish(here.model.source, { workers: many, unfinished });
        if (!unfinished) await onOthers?.finished();
        return { ...found, failures: [...failures.values()], unfinished };
      } finally {
        await performer.close();
      }
    });
  } finally {
    await auditor?.dispose();
    await source.close();
  }
}

/** An input that can be explained, by its number. */
type Sound = Pick<Task, 'at' | 'take'>;

/** Surveys the inputs by their numbers. `failures`: those that cannot be explained; `first`: those by which it was chosen how pictures go in. */
async function surveyed(
  auditor: Auditor,
  source: Source,
  { strict, onFailure, lazily }: Pick<ManyOptions, 'strict' | 'onFailure'> & { readonly lazily: boolean },
): Promise<{ readonly sound: readonly Sound[]; readonly failures: Map<number, LanError>; readonly first: readonly number[] }> {
  const place = new Map(source.inputs.map((input, at) => [input, at]));
  const failures = new Map<number, LanError>();
  let first: readonly number[] = [];
  const sound = await survey(auditor, source.inputs, {
    strict,
    lazily,
    read: (input) => source.read(auditor, place.get(input)!),
    onFailure(error, input) {
      failures.set(place.get(input)!, error);
      onFailure?.(error, input.path);
    },
    onFirst: (inputs) => (first = inputs.map((input) => place.get(input)!)),
  });
  return { sound: sound.map(({ input, take }) => ({ at: place.get(input)!, take })), failures, first };
}

/** What explainAll is told. `notes`: where other processes explain, whose notes come with the documents only. */
interface Run extends Pick<ManyOptions, 'strict' | 'resume' | 'onDocument' | 'onFailure' | 'onDone'> {
  readonly notes: Notes | undefined;
}

/** Explains the inputs and enters each in its turn, until the last one or an interruption. Throws the failure of one where it is the only one, or with `strict`. */
async function explainAll(
  performer: Performer,
  ledger: Ledger,
  sound: readonly Sound[],
  { strict, resume = false, onDocument, onFailure, onDone, notes }: Run,
): Promise<void> {
  const tasks = sound.map(({ at, take }): Task => ({ at, folder: ledger.folderOf(at), resume, take }));
  for await (const [{ at, folder }, result] of inOrder(performer, tasks)) {
    if (result.error?.code === 'interrupted') return;
    if (result.error) {
      if (strict || ledger.total === 1) throw result.error;
      onFailure?.(result.error, ledger.pathOf(at));
      await ledger.failed(at, result.error);
    } else {
      const path = ledger.pathOf(at);
      if (!result.resumed) notes?.told(path, result.document.notes);
      await ledger.explained(at, result);
      await onDocument?.(path, result.document, folder);
    }
    onDone?.(at + 1, ledger.total);
  }
}

type Notes = ReturnType<typeof tellingNotes>;

/** Tells notes: those of the input that is being read with its path. */
function tellingNotes(say: (text: string) => void) {
  let current: { readonly path: string; readonly notes: readonly string[] } | undefined;
  const told = new Set<string>();
  return {
    tell: (text: string): void => {
      told.add(text);
      say(current?.notes.includes(text) ? `${current.path}: ${text}` : text);
    },
    reading: (path: string, notes: readonly string[]): void => {
      current = { path, notes };
    },
    /** Those that another process has told of an input, but for what was told of all. */
    told: (path: string, notes: readonly string[]): void => {
      for (const text of notes) if (!told.has(text)) say(`${path}: ${text}`);
    },
  };
}

/** This process as the only one. */
const alone = (
  auditor: Auditor,
  source: Source,
  onRead: (at: number, notes: readonly string[]) => void,
  signal?: AbortSignal,
): Performer => ({
  width: 1,
  explain: (task) =>
    signal?.aborted ? Promise.resolve(notBegun()) : explain(auditor, source, task, (notes) => onRead(task.at, notes)),
  close: () => Promise.resolve(),
});

/** What can be told to another process; the file was tried by this one. */
function plain(options: AuditOptions, { pictureSize }: Source): AuditOptions {
  const { signal: _, onNote: _n, onProgress: _p, adapters: _a, plugins: _u, ...rest } = options;
  return { pictureSize, ...rest, trust: true };
}
