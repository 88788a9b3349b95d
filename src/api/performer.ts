// Who explains one input of many: this process, or whichever of several others is free.
import { LanError } from '../core/errors.js';
import type { AuditDocument } from '../report/audit-files.js';
import type { Auditor } from './audit.js';
import { failureNaming } from './audit-all.js';
import type { Sample } from './inputs.js';
import { unpackSample } from './stored-sample.js';
import type { Source } from './many-source.js';

/** Which input: by its number in a source, or as bytes that packSample has made. */
export type Which = number | { readonly packed: Uint8Array; readonly label: string };

/** Which input, and where its result goes. */
export interface Task<W extends Which = number> {
  /** The input. */
  readonly at: W;
  readonly folder: string;
  /** Take what is finished there. */
  readonly resume: boolean;
  /** What was read of it already, once; where another process explains it, it is read there. */
  readonly take?: () => Sample | undefined;
}

/** What became of an input: its document, or why there is none. */
export type Done =
  | {
      readonly document: AuditDocument;
      readonly removed: readonly string[];
      readonly resumed: boolean;
      readonly error?: undefined;
    }
  | { readonly error: LanError };

/** Explains inputs, `width` of them at the same time. */
export interface Performer<W extends Which = number> {
  readonly width: number;
  /** Explains an input and writes its folder. Throws LanError for what is not about this input alone. */
  explain(task: Task<W>): Promise<Done>;
  close(): Promise<void>;
}

/** Reads an input. Throws as the source does, and LanError (`data`) for bytes that are no input. */
export const sampleOf = async (auditor: Auditor, source: Source, at: Which): Promise<Sample> =>
  typeof at === 'number' ? source.read(auditor, at) : unpackSample(at.packed, at.label);

/** Explains an input with an auditor of this process. Throws LanError for what is not about this input alone. */
export async function explain(
  auditor: Auditor,
  source: Source,
  { at, folder, resume, take }: Task<Which>,
  onRead?: (notes: readonly string[]) => void,
): Promise<Done> {
  try {
    const sample = take?.() ?? (await sampleOf(auditor, source, at));
    onRead?.(sample.notes);
    const finished = resume ? await auditor.finished(sample, folder) : undefined;
    if (finished) return { document: finished, removed: [], resumed: true };
    const result = await auditor.audit(sample);
    const { removed } = await result.save(folder);
    return { document: result.toJSON(), removed, resumed: false };
  } catch (error) {
    return { error: failureNaming(typeof at === 'number' ? source.inputs[at]!.path : at.label, error) };
  }
}

/** What becomes of an input that was not begun before the run was to end. */
export const notBegun = (): Done => ({ error: new LanError('interrupted', 'Stopped before this input was begun.') });

/** Results in the order of `tasks`, as soon as they are there; a few more than are worked on are begun ahead, so that nobody waits for a slow one. */
export async function* inOrder(performer: Performer, tasks: readonly Task[]): AsyncGenerator<readonly [Task, Done]> {
  const begun: Promise<Done>[] = [];
  let next = 0;
  const ahead = performer.width === 1 ? 1 : 3 * performer.width;
  const begin = (): void => {
    while (next < tasks.length && begun.length < ahead) {
      const promise = performer.explain(tasks[next++]!);
      // Whoever awaits it sees a failure, in its turn.
      promise.catch(() => undefined);
      begun.push(promise);
    }
  };
  for (const task of tasks) {
    begin();
    yield [task, await begun.shift()!];
  }
}
