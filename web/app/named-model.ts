// Models of texts and of rows of tables: what makes an input of what a person gives, and the model that was compiled for it.
import { createAuditor } from '../../src/api/audit.js';
import type { AuditOptions } from '../../src/api/audit-options.js';
import type { Auditor } from '../../src/api/auditor.js';
import type { Sample } from '../../src/api/inputs.js';
import type { NamedInputs } from '../../src/api/named-inputs.js';
import type { Classifier } from '../../src/api/opened.js';
import { isFloat, sizeOf } from '../../src/core/tensor.js';
import { vocabularyOf } from '../../src/data/vocabulary.js';
import { topPredictions } from '../../src/explain/predictions.js';
import type { Inspection } from '../../src/model/inspect.js';
import type { OpenOptions } from '../../src/model/open.js';
import { putModel } from '../../src/web/files.js';
import { LanError } from '../../src/web/index.js';
import { put, takeAway } from '../../src/web/memory.js';
import type { Answer, NamedFile, Piece, ToWorker } from './protocol.js';

/** How a model is given an input that is no picture. */
type Way =
  | { readonly takes: 'text'; readonly tokenizer: string }
  | { readonly takes: 'text'; readonly words: readonly string[] }
  | { readonly takes: 'row' };

/** Does it take ids of tokens: whole numbers in a row? */
export const takesTokens = ({ inputs }: Pick<Inspection, 'inputs'>): boolean =>
  inputs.length > 0 &&
  inputs.every(({ type, declared }) => (type === 'int32' || type === 'int64') && declared !== undefined && declared.length <= 2);

/** What is not known yet, or not at all, of a model of tokens that has just been opened, and what is done about it. */
export function openedFor(model: Classifier, { inputs }: Pick<Inspection, 'inputs'>, files: readonly NamedFile[]): string[] {
  const open = inputs.some(({ declared }) => typeof declared?.at(-1) !== 'number');
  const length = open ? [`opened for ${sizeOf(model.inputShape)} tokens until a text is given, and then for as many as that has`] : []; // prettier-ignore
  if (named(files, /(^|[\\/])config\.json$/i).length > 0) return length;
  const cut = open ? ['a text of more tokens than the model has places for may be refused, as nobody says how many it has'] : [];
  const missing = [...cut, ...(model.labels.length > 0 ? [] : ['classes have no names'])];
  return missing.length > 0 ? [...length, `no config.json came with it: ${missing.join('; ')}`] : length;
}

const named = (files: readonly NamedFile[], ending: RegExp): NamedFile[] => files.filter(({ name }) => ending.test(name));

/** What is known of an input that was asked about. */
export interface AskedAbout {
  readonly top: readonly Answer[];
  readonly pieces: readonly Piece[];
  /** What can come in place, first what suits best. */
  readonly noises: readonly string[];
  readonly notes: readonly string[];
}

type Asked = Extract<ToWorker, { readonly type: 'text' | 'row' }>;

/** Pieces that the page is told of. */
const PIECES = 2000;

/** A model of texts or rows with its last input. Of tokens it is compiled for as many as a text has. */
export class NamedModel {
  private columns: readonly string[] | undefined;
  private last: { readonly input: NamedInputs; readonly elements: number } | undefined;

  private constructor(
    private readonly way: Way,
    private auditor: Auditor,
    /** Frees what is behind it. */
    private readonly letGo: () => Promise<void> | void,
  ) {}

  /** Opens a model of tokens. Throws LanError (`usage`) where no tokenizer.json came with it, and what opening throws. */
  static async ofTokens(name: string, files: readonly NamedFile[], options: OpenOptions): Promise<NamedModel> {
    // Of several the one at the top.
    const [found] = named(files, /(^|[\\/])tokenizer\.json$/i).sort((a, b) => a.name.length - b.name.length);
    if (!found)
      throw new LanError(
        'usage',
        `${name} takes ids of tokens, and no tokenizer.json came with it, which makes them of a text.`,
        'Drop the Hugging Face folder as a whole, or tokenizer.json together with the file.',
      );
    const { path, places, takeAway: letGo } = putModel(files);
    const tokenizer = places.get(found.name)!;
    try {
      return new NamedModel({ takes: 'text', tokenizer }, await createAuditor(path, { ...options, tokenizer }), letGo);
    } catch (error) {
      letGo();
      throw error;
    }
  }

  /** A model of numbers: of words where a file of as many words came with it, else of rows. Throws LanError (`input`) for what is neither. */
  static async ofNumbers(model: Classifier, files: readonly NamedFile[]): Promise<NamedModel> {
    const { hookPoint, input, inputShape, source } = model;
    if (hookPoint || !isFloat(input.type))
      throw new LanError('input', `${source.name}: its input '${input.name}' is ${input.type}[${input.shape.join(',')}]: neither a picture nor a text nor a row of numbers.`, 'Explain it with the command line: lan-onnx audit MODEL --tensor F.npy.'); // prettier-ignore
    const count = sizeOf(inputShape);
    const words = named(files, /\.txt$/i)
      .map(({ bytes }) => vocabularyOf(new TextDecoder().decode(bytes)))
      .find((lines) => lines.length === count);
    const way: Way = words ? { takes: 'text', words } : { takes: 'row' };
    return new NamedModel(way, await createAuditor(model, words ? { vocabulary: words } : {}), () => model.dispose());
  }

  get takes(): 'text' | 'row' {
    return this.way.takes;
  }

  /** As it is compiled now. */
  get model(): Classifier {
    return this.auditor.model;
  }

  /** What the audits of its inputs are told of how to read them. */
  get reading(): AuditOptions {
    const { way, columns } = this;
    if ('tokenizer' in way) return { tokenizer: way.tokenizer };
    return 'words' in way ? { vocabulary: way.words } : { columns };
  }

  /** The last input, and how many elements a mask of it has. Throws LanError (`usage`) where there is none. */
  get asked(): NonNullable<NamedModel['last']> {
    if (!this.last) throw new LanError('usage', `There is no ${this.takes} to explain.`, 'Give one first.');
    return this.last;
  }

  /** The model's answer to an input, which becomes the one that is explained. Throws LanError for what does not fit. */
  async ask(asked: Asked): Promise<AskedAbout> {
    if (asked.type !== this.takes) throw new LanError('usage', `This model takes a ${this.takes}, and no ${asked.type}.`);
    const input = asked.type === 'text' ? { text: asked.text, name: asked.name } : await this.rowOf(asked);
    const { auditor } = this;
    const sample = await auditor.read(input);
    await auditor.prepare(sample);
    const { x, classifier } = await auditor.model.locate(sample.x);
    const top = topPredictions(await classifier.predict(x), auditor.model.labels);
    const { pieces, elements } = partsOf(sample);
    this.last = { input, elements };
    const { noise = 'tokenizer' in this.way ? 'tokens' : 'uniform', otherNoises = [], notes } = sample;
    return { top, pieces: pieces.slice(0, PIECES), noises: [noise, ...otherNoises], notes };
  }

  async dispose(): Promise<void> {
    await this.auditor.dispose();
    await this.letGo();
    takeAway(TABLES);
  }

  /** Rows are read with the columns of a table, so that each needs an auditor of its own. */
  private async rowOf({ csv, row, columns }: Extract<Asked, { readonly type: 'row' }>): Promise<NamedInputs> {
    const path = `${TABLES}/${csv.name.split(/[\\/]/).at(-1)!}`;
    takeAway(TABLES);
    put(path, csv.bytes);
    const { model } = this;
    await this.auditor.dispose();
    this.columns = columns;
    this.auditor = await createAuditor(model, { columns });
    return { csv: path, row };
  }
}

/** Where tables lie, with no model. */
const TABLES = 'tables';

/** The text as it stands there, or the values of a row; and how many elements there are. */
function partsOf({ tokens, features, x }: Sample): { readonly pieces: readonly Piece[]; readonly elements: number } {
  if (features?.pieces)
    return {
      pieces: features.pieces.map(({ text, entry }) => ({ text, from: entry ?? 0, to: entry === undefined ? 0 : entry + 1 })),
      elements: features.names.length,
    };
  if (features)
    return {
      pieces: features.names.map((name, i) => ({ text: `${name} = ${features.written?.[i] ?? Number(features.values[i]!.toPrecision(6))}`, from: i, to: i + 1 })),
      elements: features.names.length,
    };
  const { words = [], special = [], ids } = tokens!;
  return { pieces: words.filter(({ from }) => !special[from]), elements: ids.length || sizeOf(x.dims) };
} // prettier-ignore
