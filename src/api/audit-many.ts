// auditMany(model, inputs): many inputs on all cores, each with its folder, a line in results.jsonl, and a summary of all.
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { ensureWritable, readBytes, writeAtomically } from '../data/files.js';
import { whileLocked } from '../data/lock.js';
import { decodeNpy } from '../data/npy.js';
import { prepareResults } from '../data/results.js';
import { uniqueFolders } from '../data/unique-folders.js';
import type { AuditDocument } from '../report/audit-files.js';
import { answerText } from '../report/claims.js';
import { otherResults } from '../report/earlier.js';
import { readFailOn } from '../report/fail-on.js';
import { junit, type JunitCase } from '../report/junit.js';
import { openLines, RESULTS, writeSummary, type Lines } from '../report/many-files.js';
import { lineOf, Summing, summaryText, type Summary } from '../report/summary.js';
import { createAuditor, type Auditor } from './audit.js';
import { survey } from './audit-all.js';
import type { AuditOptions } from './audit-options.js';
import { openSource, type Source, type SourceSpec } from './many-source.js';
import { isFile, type ModelLike } from './opened.js';
import { explain, inOrder, notBegun, type Performer, type Task } from './performer.js';
import { startWorkers } from './worker-pool.js';

/** From so many inputs on, workers are worth their start. */
export const MANY = 8;

/** Options of `auditMany`: those of `audit`, and what is done about many. */
export interface ManyOptions extends AuditOptions {
  /** Folder for the results, one folder an input. */
  readonly out: string;
  /**
   * Processes, each with a model of its own on one thread (`threads` says otherwise), whose number changes no result. Default `'auto'`: as many as there are
   * cores from MANY inputs on; this process alone, on all cores, for fewer.
   */
  readonly workers?: number | 'auto';
  /** Take what an earlier run has finished for the same model, options and inputs, and make the rest. */
  readonly resume?: boolean;
  /** Throw at the first input that cannot be explained. Default: it is told, and the rest goes on. */
  readonly strict?: boolean;
  /** Findings that count as negative: `replaceable<0.5`, `noise-alone>0.1`. See readFailOn. */
  readonly failOn?: string | readonly string[];
  /** Path of a JUnit file: a test an input, failed where `failOn` found something, in error where it could not be explained. */
  readonly junit?: string;
  /** Told once all that may be refused has been, before the first input is explained. */
  readonly onStart?: (auditor: Auditor, workers: number, inputs: number) => void;
  /** Told of each input that is explained, in their order. */
  readonly onDocument?: (path: string, document: AuditDocument, folder: string) => void;
  readonly onFailure?: (error: LanError) => void;
  /** Told after each input, explained or not. */
  readonly onDone?: (done: number, total: number) => void;
}

/** What was made of many inputs. */
export interface ManyResult {
  /** The document of summary.json. Of a single input nothing is summarised, and no file is written but its own. */
  readonly summary: Summary & { readonly model: { readonly path: string; readonly sha256: string }; readonly workers: number; readonly seconds: number; readonly resumed: number }; // prettier-ignore
  readonly failures: readonly LanError[];
  /** Inputs that `failOn` found. */
  readonly negative: number;
  /** Interrupted before the last input. */
  readonly unfinished: boolean;
  /** Files of earlier results that are not of this run, removed; and folders of other results, left alone. */
  readonly removed: readonly string[];
  readonly others: readonly string[];
  /** Paths of what was written beside the folders of the inputs. */
  readonly files: readonly string[];
  /** The summary in sentences. */
  readonly lines: readonly string[];
}

/**
 * Explains many inputs and writes a folder for each, and where there are several results.jsonl (a line an input, as soon as it is finished), summary.json
 * and classes.png. What cannot be explained is told by name, and the rest goes on. Throws as `audit` does for what is not about one input, and where none
 * of them can be explained; LanError (`runtime`) where a worker ends.
 *
 * @example
 * const { summary } = await auditMany('model.onnx', { kind: 'data', path: 'photos/', seed: 0 }, { out: 'out', failOn: 'replaceable<0.5' });
 */
export async function auditMany(model: ModelLike, spec: SourceSpec, options: ManyOptions): Promise<ManyResult> {
  const { out, workers = 'auto', resume = false, strict, failOn = [], junit: report, onStart, onDocument, onFailure, onDone, ...own } = options; // prettier-ignore
  const failing = (typeof failOn === 'string' ? [failOn] : failOn).map(readFailOn);
  const source = await openSource(spec);
  const total = source.inputs.length;
  const width = widthFor(workers, total, model, own);
  const auditing = { ...own, ...(width.threads ? { threads: own.threads ?? width.threads } : {}) };
  let current: { path: string; notes: readonly string[] } | undefined;
  const told = new Set<string>();
  const onNote = (text: string): void => {
    told.add(text);
    options.onNote?.(current?.notes.includes(text) ? `${current.path}: ${text}` : text);
  };
  let performer: Performer | undefined;
  let auditor: Auditor | undefined;
  try {
    if (report !== undefined) await prepareResults([report], [isFile(model) && typeof model === 'string' ? model : undefined, ...source.inputs.map((i) => i.path)]); // prettier-ignore
    auditor = await createAuditor(model, { pictureSize: source.pictureSize, ...auditing, onNote });
    for (const note of source.notes) onNote(note);
    const place = new Map(source.inputs.map((input, at) => [input, at]));
    const failures = new Map<number, LanError>();
    const failed = (error: LanError, at: number): void => {
      failures.set(at, error);
      onFailure?.(error);
    };
    let first: readonly number[] = [];
    const sound = await survey(auditor, source.inputs, {
      strict,
      read: (input) => source.read(auditor!, place.get(input)!),
      onFailure: (error, input) => failed(error, place.get(input)!),
      onFirst: (inputs) => (first = inputs.map((input) => place.get(input)!)),
    });
    const { labels, note } = source.actual(auditor);
    if (note !== undefined) onNote(note);
    await ensureWritable(out);
    return await whileLocked(out, async () => {
      const here = auditor!;
      onStart?.(here, width.workers, total);
      performer =
        width.workers > 1
          ? startWorkers(width.workers, { model: model as string, options: plain(auditing, source), source: spec, first }, own.signal) // prettier-ignore
          : alone(here, source, (at, notes) => (current = { path: source.inputs[at]!.path, notes }), own.signal);
      const start = performance.now();
      const folders = uniqueFolders(source.inputs.map(({ path }) => path));
      const seed = own.seed ?? 0;
      const summing = new Summing(total, seed, failing.length > 0);
      const removed: string[] = [];
      const written: string[] = [];
      const cases: JunitCase[] = [];
      let resumed = 0;
      let negative = 0;
      const lines: Lines | undefined = total > 1 ? await openLines(out) : undefined;
      const failure = async (at: number): Promise<void> => {
        const error = failures.get(at)!;
        const { path } = source.inputs[at]!;
        const line = { path, error: { code: error.code, message: error.message } };
        cases.push({ name: path, error: error.message });
        summing.add(line);
        await lines?.append(line);
      };
      let done = 0;
      /** Those before the next one that can be explained. */
      const failuresUpTo = async (at: number): Promise<void> => {
        for (; done < at; done++) await failure(done);
      };
      try {
        const tasks = sound.map(({ input, take }): Task => {
          const at = place.get(input)!;
          return { at, folder: join(out, folders[at]!), resume, take };
        });
        for await (const [{ at, folder }, result] of inOrder(performer, tasks)) {
          if (result.error?.code === 'interrupted') break;
          await failuresUpTo(at);
          const { path } = source.inputs[at]!;
          if (result.error) {
            if (strict || total === 1) throw result.error;
            failed(result.error, at);
            await failure(at);
          } else {
            const { document } = result;
            const name = folders[at]!;
            if (result.resumed) resumed++;
            if (width.workers > 1 && !result.resumed)
              for (const text of document.notes) if (!told.has(text)) options.onNote?.(`${path}: ${text}`);
            removed.push(...result.removed.map((file) => join(name, file)));
            written.push(name);
            const fails = failing.flatMap((fail) => fail(document) ?? []);
            if (fails.length > 0) negative++;
            cases.push({ name: path, ...(fails.length > 0 ? { failure: fails.join('; ') } : {}) });
            const line = lineOf(path, name, document, answerText(document.answer), { actual: labels?.[at], ...(failing.length > 0 ? { fails } : {}) }); // prettier-ignore
            if (lines) {
              const { mask } = document.betas[0]!.files;
              summing.add(line, decodeNpy(await readBytes(join(folder, mask), 'Mask'), mask), document.prediction[0]?.label);
              await lines.append(line);
            }
            onDocument?.(path, document, folder);
          }
          done = at + 1;
          onDone?.(done, total);
        }
        const unfinished = own.signal?.aborted === true;
        if (!unfinished) await failuresUpTo(total);
        const seconds = (performance.now() - start) / 1000;
        const { source: from } = here.model;
        const summary = { ...summing.summary(), model: { path: from.name, sha256: from.sha256 }, workers: width.workers, seconds, resumed }; // prettier-ignore
        const files = lines ? [RESULTS, ...(await writeSummary(out, summary, summing, basename(from.name)))] : [];
        const paths = files.map((file) => join(out, file));
        if (report !== undefined) {
          await writeAtomically(report, junit([{ name: `audit ${basename(from.name)}`, seconds, cases }]));
          paths.push(report);
        }
        return {
          summary,
          failures: [...failures.values()],
          negative,
          unfinished,
          removed,
          others: await otherResults(out, written),
          files: paths,
          lines: summaryText(summary),
        };
      } finally {
        await lines?.close();
      }
    });
  } finally {
    await performer?.close();
    await auditor?.dispose();
    await source.close();
  }
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

/** How many processes, and the threads of each where that is settled by it. */
function widthFor(
  workers: number | 'auto',
  inputs: number,
  model: ModelLike,
  { adapters }: AuditOptions,
): { readonly workers: number; readonly threads?: number } {
  const may = isFile(model) && !adapters;
  if (workers === 'auto') {
    const cores = availableParallelism();
    return may && inputs >= MANY && cores > 1 ? { workers: Math.min(cores, inputs), threads: 1 } : { workers: 1 };
  }
  if (!Number.isInteger(workers) || workers < 1)
    throw new LanError('usage', `\`workers\`: expected a whole number of at least 1 or auto, received ${workers}.`);
  if (workers > 1 && !may)
    throw new LanError(
      'usage',
      `\`workers: ${workers}\`: other processes open the model for themselves, which takes its path and no \`adapters\`.`,
      'Leave `workers` out, or give the path.',
    );
  return { workers: Math.min(workers, inputs), threads: 1 };
}

/** What can be told to another process; the file was tried by this one. */
function plain(options: AuditOptions, { pictureSize }: Source): AuditOptions {
  const { signal: _, onNote: _n, onProgress: _p, adapters: _a, ...rest } = options;
  return { pictureSize, ...rest, trust: true };
}
