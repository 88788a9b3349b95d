// diff(a, b, inputs): two versions of a model on the same inputs: what they answer, how sure they are, and whether their attention moved.
import { basename, join } from 'node:path';
import { asyncDispose } from '../core/dispose.js';
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import { FEWEST_SEEDS, movedBetween, type Moved } from '../evidence/moved.js';
import type { Answer } from '../evidence/answer.js';
import { orderOf } from '../lan/learn.js';
import { openModel, type Classifier } from '../model/open.js';
import { drawDiff } from '../report/diff-sheet.js';
import { writeFigure } from '../report/figure-files.js';
import { diffReport } from '../report/page/diff.js';
import { REPORT, reportPage } from '../report/page/template.js';
import { needMap } from '../report/summary.js';
import { writeAtomically } from '../data/files.js';
import type { Picture } from '../data/resize.js';
import { createAuditor, type AuditResult } from './audit.js';
import type { AuditOptions } from './audit-options.js';
import { answersText, classPairs, sameAnswer, type ClassPairs } from './diff-classes.js';
import { failureNaming } from './audit-all.js';
import { ownNamesIn } from './elements.js';
import type { AuditInput } from './inputs.js';
import { isNamed, nameOf, type NamedInputs, type TextInput } from './named-inputs.js';
import { openingOf } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { readingFor, shapesFor, tokenizerFor } from './reading.js';
import { lengthOfText, openForText } from './text-length.js';

/** Options of `diff`: those of `audit`, for both models. */
export interface DiffOptions extends Omit<AuditOptions, 'method'> {
  /** Masks of each model, by seeds from `seed` on; at least 4, the default. */
  readonly seeds?: number;
  readonly onFailure?: (error: LanError) => void;
}

/** What one model says of an input. */
export interface DiffSide {
  readonly answer: Answer;
  /** Of the most probable class, in [0,1]; absent for a regression. */
  readonly probability?: number;
}

/** One input with both models. */
export interface DiffFinding {
  readonly input: string;
  readonly a: DiffSide;
  readonly b: DiffSide;
  readonly sameAnswer: boolean;
  /** `difference` is in the picture only. */
  readonly attention: Omit<Moved, 'difference'>;
  /** In words. */
  readonly verdict: string;
}

/** What was found about two models. */
export interface DiffResult {
  readonly findings: readonly DiffFinding[];
  readonly failures: readonly LanError[];
  /** Inputs on which the answers differ, and on which attention moved. */
  readonly answers: number;
  readonly moved: number;
  /** The document of diff.json, schema lan-onnx/diff@1. */
  toJSON(): object;
  /** Writes report.html, diff.json, and a sheet an input that is a picture; returns their paths. Throws LanError (`write`). */
  save(folder: string): Promise<string[]>;
}

/**
 * Compares two models by their files on inputs: answers, confidence, and masks of several seeds each, so that what moved is told from what a change
 * of seed moves (see movedBetween). An input that cannot be explained is told and left out. Throws LanError (`usage`) where the models have another number of
 * classes, or fewer than 4 seeds are asked for; where no input can be explained the failure; and as `audit` does.
 *
 * @example
 * const { moved, findings } = await diff('float.onnx', 'int8.onnx', ['dog.jpg', 'cat.jpg']);
 */
export async function diff(
  a: string | Uint8Array,
  b: string | Uint8Array,
  inputs: readonly (AuditInput | NamedInputs)[],
  options: DiffOptions = {},
): Promise<DiffResult> {
  refuseUnknown('diff', options, NAMES.diff);
  const { seeds = FEWEST_SEEDS, seed = 0, onFailure, ...own } = options;
  if (!Number.isInteger(seeds) || seeds < FEWEST_SEEDS || seeds > 8)
    throw new LanError('usage', `\`seeds\`: expected a whole number of ${FEWEST_SEEDS} to 8, received ${seeds}.`);
  if (inputs.length === 0) throw new LanError('usage', 'diff: there is no input to compare the models on.');
  await using models = new Models([a, b], inputs[0]!, own);
  const rest = Object.fromEntries(Object.entries(own).filter(([key]) => !(key in openingOf(own)))) as AuditOptions;
  const made: { finding: DiffFinding; x: Tensor; range: 1 | 255 | undefined; maps: Drawn }[] = [];
  const failures: LanError[] = [];
  // Before the first input: two models that cannot be compared are no failure of an input.
  const { sources, opened } = await models.for(inputs[0]!);
  const pairs = classPairs(opened[0], opened[1], [own.target, own.against]);
  if (pairs.note !== undefined) own.onNote?.(pairs.note);
  for (const [at, input] of inputs.entries()) {
    const name = typeof input === 'string' ? input : isNamed(input) ? nameOf(input) : `input ${at + 1}`;
    try {
      const { opened } = await models.for(input);
      const results: AuditResult[][] = [[], []];
      const names: (readonly string[] | undefined)[] = [];
      let range: 1 | 255 | undefined;
      for (const model of opened) {
        await using auditor = await createAuditor(model, rest);
        names.push(ownNamesIn(model, await auditor.read(input), await readingFor(model, own)));
      }
      requireSameElements(name, names);
      for (const [side, model] of opened.entries())
        for (let s = 0; s < seeds; s++) {
          await using auditor = await createAuditor(model, { evidenceDraws: 32, ...rest, seed: seed + s });
          results[side]!.push(await auditor.audit(input));
          // Without a card how pictures go in is chosen by the input.
          if (side === 0) range = model.hookPoint ? undefined : auditor.model.card?.range;
        }
      const [mine, theirs] = results.map((r) => r.map((x) => needMap(orderOf(x.betas[0]!.learned))));
      const attention = movedBetween(mine!, theirs!, names[0] && Infinity);
      const [one, other] = [results[0]![0]!, results[1]![0]!];
      const { difference, ...figures } = attention;
      const finding = findingOf(name, one, other, attention, figures, names[0], pairs);
      made.push({ finding, x: one.input.x, range, maps: { mine: mine!, theirs: theirs!, difference } }); // prettier-ignore
    } catch (error) {
      const failure = failureNaming(name, error);
      if (inputs.length === 1) throw failure;
      failures.push(failure);
      onFailure?.(failure);
    }
  }
  if (made.length === 0) throw failures[0]!;
  const findings = made.map((m) => m.finding);
  const answers = findings.filter((f) => !f.sameAnswer).length;
  const moved = findings.filter((f) => f.attention.moved).length;
  const toJSON = () => ({
    schema: 'lan-onnx/diff@1' as const,
    version: version(),
    a: sources[0]!,
    b: sources[1]!,
    seeds,
    seed,
    notes: pairs.note === undefined ? [] : [pairs.note],
    answers,
    moved,
    inputs: findings,
    failed: failures.map((f) => ({ code: f.code, message: f.message })),
  });
  return {
    findings,
    failures,
    answers,
    moved,
    toJSON,
    async save(folder) {
      const files: string[] = [];
      const sheets = new Map<DiffFinding, Picture>();
      for (const [at, { finding, x, range, maps }] of made.entries()) {
        if (!range || x.dims.length !== 4) continue;
        const title = `${basename(finding.input)}: ${sources.map((m) => basename(m.path)).join(' and ')}`;
        const sheet = drawDiff(title, x, range, maps, finding);
        sheets.set(finding, sheet);
        files.push(...(await writeFigure(folder, `diff-${at + 1}.png`, sheet)));
      }
      const json = join(folder, 'diff.json');
      await writeAtomically(json, `${JSON.stringify(toJSON(), null, 2)}\n`);
      const shown = findings.map((f) => ({ ...f, sheet: sheets.get(f) }));
      const messages = failures.map((f) => f.message);
      const page = {
        models: sources,
        answers,
        moved,
        findings: shown,
        failures: messages,
        seeds,
        seed,
        version: version(),
        repeat: own.repeat,
      };
      const report = join(folder, REPORT);
      await writeAtomically(report, await reportPage(await diffReport(page)));
      return [...files, json, report];
    },
  };
}

type Drawn = Parameters<typeof drawDiff>[3];

/** Both models, opened: once for inputs of one shape, anew for each number of tokens that texts have. */
class Models {
  private opened?: readonly [Classifier, Classifier];
  private length?: number;

  constructor(
    private readonly files: readonly [string | Uint8Array, string | Uint8Array],
    private readonly first: AuditInput | NamedInputs,
    private readonly options: AuditOptions,
  ) {}

  /** Throws LanError (`usage`) where the models have another number of classes, and as openModel. */
  async for(input: AuditInput | NamedInputs) {
    const [a] = this.files;
    const tokenizer = isNamed(input) && 'text' in input ? await tokenizerFor(a, this.options.tokenizer) : undefined;
    const length = tokenizer && lengthOfText(tokenizer, (input as TextInput).text);
    if (!this.opened || this.length !== length) {
      await this.dispose();
      const opening = openingOf(this.options);
      const shapes = openingOf({ ...(await shapesFor(a, this.first, this.options)), ...opening });
      const open = (file: string | Uint8Array): Promise<Classifier> =>
        length === undefined ? openModel(file, shapes) : openForText(file, length, opening);
      const first = await open(this.files[0]);
      const second = await open(this.files[1]).catch(async (error: unknown) => {
        await first.dispose();
        throw error;
      });
      this.opened = [first, second];
      this.length = length;
      if (first.classes !== second.classes || first.task !== second.task || first.severalLabels !== second.severalLabels)
        throw new LanError(
          'usage',
          `${first.source.name} gives ${first.classes} classes and ${second.source.name} gives ${second.classes}${first.classes === second.classes ? ', of another kind' : ''}: their answers cannot be compared.`,
          'Give two versions of one model.',
        );
    }
    const { opened } = this;
    return { opened, sources: opened.map(({ source }) => ({ path: source.name, sha256: source.sha256 })) };
  }

  [asyncDispose] = (): Promise<void> => this.dispose();

  private async dispose(): Promise<void> {
    const { opened } = this;
    delete this.opened;
    for (const model of opened ?? []) await model.dispose();
  }
}

/** Throws LanError (`data`) where the models do not see the same elements: their attention has no places in common. */
function requireSameElements(input: string, [one, other]: readonly (readonly string[] | undefined)[]): void {
  if (one?.length === other?.length && (one ?? []).every((name, i) => name === other![i])) return;
  const told = (names: readonly string[] | undefined): string => (names ? `${names.length} (${names.slice(0, 3).join(', ')}, ...)` : 'none'); // prettier-ignore
  throw new LanError(
    'data',
    `${input}: the two models do not see the same elements, ${told(one)} and ${told(other)}, so that their attention cannot be compared.`,
    'Give two versions of one model, with the same tokens or columns.',
  );
}

function findingOf(
  input: string,
  one: AuditResult,
  other: AuditResult,
  { moved, between, within, p, more, less, difference }: Moved,
  attention: DiffFinding['attention'],
  names: readonly string[] | undefined,
  pairs: ClassPairs,
): DiffFinding {
  const side = ({ answer, prediction: [top] }: AuditResult): DiffSide => ({ answer, ...(top ? { probability: top.probability } : {}) }); // prettier-ignore
  const [a, b] = [side(one), side(other)];
  const same = sameAnswer(one, other, pairs);
  const sure = a.probability === undefined ? undefined : ([a.probability, b.probability!] as const);
  const answers = answersText(a.answer, b.answer, same, sure);
  const place = ([row, column]: readonly [number, number]): string => names?.[column] ?? `row ${row + 1}, column ${column + 1}`;
  const figures = `distance ${between.toFixed(2)} between the models, ${within.toFixed(2)} between seeds of one, p ${p.toFixed(3)}`;
  const where = `more at ${place(more)}, less at ${place(less)}${names ? '' : ` of ${difference.rows} x ${difference.columns}`}`;
  const attentionText = moved
    ? `the attention moved by more than a change of seed moves it (${figures}): ${where}`
    : `the attention moved by no more than a change of seed moves it (${figures})`;
  return { input, a, b, sameAnswer: same, attention, verdict: `${answers}; ${attentionText}` };
}
