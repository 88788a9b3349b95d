// What is written and counted of many inputs, in their order: results.jsonl, what failOn found, the JUnit file and the summary.
import { basename, join } from 'node:path';
import { asyncDispose } from '../core/dispose.js';
import { version } from '../core/version.js';
import type { LanError } from '../core/errors.js';
import { readBytes, writeAtomically } from '../data/files.js';
import { decodeNpy } from '../data/npy.js';
import { uniqueFolders } from '../data/unique-folders.js';
import { answerText } from '../report/claims.js';
import { otherResults } from '../report/earlier.js';
import type { FailOn } from '../report/fail-on.js';
import { junit, type JunitCase } from '../report/junit.js';
import { openLines, RESULTS, writeSummary, type Lines } from '../report/many-files.js';
import { Cards } from '../report/page/many.js';
import { lineOf, Summing, summaryText, type ResultLine, type Summary } from '../report/summary.js';
import type { AuditOptions } from './audit-options.js';
import type { Done } from './performer.js';

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

/** What a ledger is about. */
export interface LedgerSetup {
  /** Folder of all results. */
  readonly out: string;
  /** Path of the JUnit file. */
  readonly junit: string | undefined;
  /** Of the inputs, in their order. */
  readonly paths: readonly string[];
  /** Those that cannot be explained, by number; the ledger adds what it is told. */
  readonly failures: Map<number, LanError>;
  /** The classes that the data says, one an input. */
  readonly labels: Int32Array | undefined;
  readonly failing: readonly FailOn[];
  readonly seed: number;
  /** See AuditOptions. */
  readonly look: Pick<AuditOptions, 'repeat' | 'colormap'>;
}

/** Takes the inputs that were tried one by one in their order, and enters those that could not be before the next one. */
export class Ledger implements AsyncDisposable {
  private readonly start = performance.now();
  private readonly folders: readonly string[];
  private readonly summing: Summing;
  private readonly removed: string[] = [];
  private readonly written: string[] = [];
  /** Where a JUnit file is asked for: there may be a million inputs. */
  private readonly cases: JunitCase[] = [];
  private readonly cards = new Cards();
  private resumed = 0;
  private negative = 0;
  /** Inputs that are entered. */
  private done = 0;
  [asyncDispose] = async (): Promise<void> => this.lines?.close();

  private constructor(
    private readonly setup: LedgerSetup,
    private readonly lines: Lines | undefined,
  ) {
    const { paths, seed, failing } = setup;
    // Rows of a table are told apart by their number.
    this.folders = uniqueFolders(paths.map((path) => path.replace(/\.csv, row (\d+)$/i, '-row$1')));
    this.summing = new Summing(paths.length, seed, failing.length > 0);
  }

  /** Begins results.jsonl, where there are several inputs. Throws LanError (`write`), as `failed`, `explained` and `finish` do. */
  static async open(setup: LedgerSetup): Promise<Ledger> {
    return new Ledger(setup, setup.paths.length > 1 ? await openLines(setup.out) : undefined);
  }

  get total(): number {
    return this.setup.paths.length;
  }

  pathOf(at: number): string {
    return this.setup.paths[at]!;
  }

  /** Where the result of an input goes. */
  folderOf(at: number): string {
    return join(this.setup.out, this.folders[at]!);
  }

  /** Enters an input that could not be explained after all. */
  async failed(at: number, error: LanError): Promise<void> {
    this.setup.failures.set(at, error);
    await this.failuresUpTo(at + 1);
  }

  /** Enters an input whose files are written. */
  async explained(at: number, { document, removed, resumed }: Extract<Done, { readonly error?: undefined }>): Promise<void> {
    await this.failuresUpTo(at);
    this.done = at + 1;
    const { failing, labels } = this.setup;
    const [path, folder] = [this.pathOf(at), this.folders[at]!];
    if (resumed) this.resumed++;
    this.removed.push(...removed.map((file) => join(folder, file)));
    this.written.push(folder);
    const fails = failing.flatMap((fail) => fail(document) ?? []);
    if (fails.length > 0) this.negative++;
    if (this.setup.junit !== undefined)
      this.cases.push({ name: path, ...(fails.length > 0 ? { failure: fails.join('; ') } : {}) });
    if (!this.lines) return;
    const { mask, overlay } = document.betas[0]!.files;
    const line = lineOf(path, folder, document, answerText(document.answer), { actual: labels?.[at], ...(failing.length > 0 ? { fails } : {}) }); // prettier-ignore
    this.summing.add(
      line,
      decodeNpy(await readBytes(join(this.folderOf(at), mask), 'Mask'), mask),
      document.prediction[0]?.label,
    );
    this.cards.add(line, overlay);
    await this.lines.append(line);
  }

  /** Enters those that are not, each of which could not be explained. */
  private async failuresUpTo(at: number): Promise<void> {
    for (; this.done < at; this.done++) {
      const { code, message } = this.setup.failures.get(this.done)!;
      const line: ResultLine = { path: this.pathOf(this.done), error: { code, message } };
      if (this.setup.junit !== undefined) this.cases.push({ name: line.path, error: message });
      this.summing.add(line);
      this.cards.add(line);
      await this.lines?.append(line);
    }
  }

  /** Writes the summary and the JUnit file, and gives what was made. */
  async finish(
    model: { readonly name: string; readonly sha256: string },
    { workers, unfinished }: { readonly workers: number; readonly unfinished: boolean },
  ): Promise<Omit<ManyResult, 'failures' | 'unfinished'>> {
    if (!unfinished) await this.failuresUpTo(this.total);
    const { summing, cases, negative, removed, resumed } = this;
    const { out, junit: report } = this.setup;
    const seconds = (performance.now() - this.start) / 1000;
    const summary = { ...summing.summary(), model: { path: model.name, sha256: model.sha256 }, workers, seconds, resumed };
    const written = this.lines
      ? [
          RESULTS,
          ...(await writeSummary(out, summary, summing, this.cards, {
            title: basename(model.name),
            model: summary.model,
            version: version(),
            ...this.setup.look,
          })),
        ]
      : [];
    const files = written.map((file) => join(out, file));
    if (report !== undefined) {
      await writeAtomically(report, junit([{ name: `audit ${basename(model.name)}`, seconds, cases }]));
      files.push(report);
    }
    const others = await otherResults(out, this.written);
    return { summary, negative, removed, others, files, lines: summaryText(summary) };
  }
}
