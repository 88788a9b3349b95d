// An auditor of texts: tokens are as many as a text has, and a model is compiled for just so many.
import { asyncDispose } from '../core/dispose.js';
import type { ErrorCode } from '../core/errors.js';
import { sizeOf } from '../core/tensor.js';
import type { Tokenizer } from '../data/tokenizer.js';
import type { Classifier } from '../model/open.js';
import { firstOf, TOKEN_COUNTS } from '../model/open-tokens.js';
import type { AuditDocument } from '../report/audit-files.js';
import type { AuditOptions } from './audit-options.js';
import type { AuditResult } from './audit-result.js';
import type { Auditor } from './auditor.js';
import type { AuditInput, Expected, Sample } from './inputs.js';
import { isNamed, readNamed, type NamedInputs } from './named-inputs.js';
import { lengthOfText, openingForLength, type Length } from './text-length.js';

type Open = (options: AuditOptions) => Promise<Auditor>;

/** What a model says that has fewer places than tokens, once it is opened for them. */
const NO_PLACES: ReadonlySet<ErrorCode> = new Set(['input']);

/** Opens the model anew for each number of tokens; texts of equal numbers share what was compiled. Inputs that are no texts go to whichever is open. */
export class TextAuditor implements Auditor {
  [asyncDispose] = (): Promise<void> => this.dispose();

  private constructor(
    private inner: Auditor,
    private current: Length,
    /** The number of tokens that the file itself fixes. */
    private readonly fixed: number | undefined,
    private readonly tokenizer: Tokenizer,
    private readonly options: AuditOptions,
    private readonly openWith: Open,
  ) {}

  /** Throws as `open` does. */
  static async open(tokenizer: Tokenizer, options: AuditOptions, open: Open): Promise<TextAuditor> {
    const told = new Set<string>();
    const once = { ...options, onNote: (note: string): void => void (told.has(note) || (told.add(note), options.onNote?.(note))) }; // prettier-ignore
    const { longest = Infinity } = tokenizer;
    const samples = options.sample ? [options.sample] : TOKEN_COUNTS.map((length) => [1, Math.min(length, longest)]);
    const [inner, length] = await firstOf(samples, NO_PLACES, async (sample) => {
      const length = sample.at(-1)!;
      return [await open({ ...once, ...openingForLength({ length, padding: 0 }, options), sample }), length] as const;
    });
    const own = sizeOf(inner.model.inputShape);
    // What was tried once needs no further trial.
    return new TextAuditor(
      inner,
      { length: own, padding: 0 },
      own === length ? undefined : own,
      tokenizer,
      { ...once, trust: true },
      open,
    );
  }

  get model(): Classifier {
    return this.inner.model;
  }

  read(input: AuditInput | NamedInputs, expected?: Expected): Promise<Sample> {
    const { fixed, model, tokenizer, options } = this;
    if (!isNamed(input) || !('text' in input) || !model.hookPoint?.tokens) return this.inner.read(input, expected);
    const length = fixed ?? lengthOfText(tokenizer, input.text);
    return readNamed(model, input, { tokenizer, named: options.vocabulary !== undefined }, [length]);
  }

  async prepare(...inputs: readonly (AuditInput | NamedInputs | Sample)[]): Promise<void> {
    const samples = await Promise.all(inputs.map((input) => this.sampleOf(input)));
    const [first] = samples;
    if (first) await this.openFor(first);
    await this.inner.prepare(
      ...samples.filter((sample) => lengthOf(sample)?.length === this.current.length || !lengthOf(sample)),
    );
  }

  async audit(input: AuditInput | NamedInputs | Sample): Promise<AuditResult> {
    const sample = await this.sampleOf(input);
    await this.openFor(sample);
    return this.inner.audit(sample);
  }

  async finished(input: AuditInput | NamedInputs | Sample, folder: string): Promise<AuditDocument | undefined> {
    const sample = await this.sampleOf(input);
    await this.openFor(sample);
    return this.inner.finished(sample, folder);
  }

  dispose(): Promise<void> {
    return this.inner.dispose();
  }

  private async sampleOf(input: AuditInput | NamedInputs | Sample): Promise<Sample> {
    return typeof input === 'object' && 'sha256' in input ? input : this.read(input);
  }

  /** Opens the model for as many tokens as this sample has. */
  private async openFor(sample: Sample): Promise<void> {
    const wanted = lengthOf(sample);
    const { current, options } = this;
    if (!wanted || (wanted.length === current.length && wanted.padding === current.padding)) return;
    const next = await this.openWith({ ...options, ...openingForLength(wanted, options), sample: [1, wanted.length] });
    await this.inner.dispose();
    [this.inner, this.current] = [next, wanted];
  }
}

/** How many tokens a sample of a text has; undefined for anything else. */
const lengthOf = ({ tokens }: Sample): Length | undefined =>
  tokens?.padding === undefined ? undefined : { length: tokens.ids.length, padding: tokens.padding };
