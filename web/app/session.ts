// What the worker holds between two messages: a model, its last input, and the audit that runs.
import type { Classifier } from '../../src/api/opened.js';
import type { Inspection } from '../../src/model/inspect.js';
import type { OpenOptions } from '../../src/model/open.js';
import {
  audit,
  exportGradient,
  filesOf,
  inspect,
  LanError,
  LanErrors,
  openExplainer,
  openModel,
  pixelsOf,
  predict,
  useRuntime,
} from '../../src/web/index.js';
import { defaultThreads, ortVersion, PROVIDER } from '../../src/engine/onnxruntime.js';
import type { Explainer } from '../../src/web/explainer.js';
import { attentionOf, LiveRun } from './live.js';
import { NamedModel, openedFor, takesTokens } from './named-model.js';
import { PICTURE_NOISES } from './noises.js';
import type { AuditSettings, CardGiven, FromWorker, NamedFile, ToWorker } from './protocol.js';
import { cardOf, downloadOf, factsOf, nameOf, summaryOf, unsure } from './summary.js';

type Say = (message: FromWorker, transfer?: Transferable[]) => void;
type Asked<T extends ToWorker['type']> = Extract<ToWorker, { readonly type: T }>;

/** What the control messages are not. */
type Task = Exclude<ToWorker, { readonly type: 'pause' | 'resume' | 'change' | 'stop' }>;

interface Open {
  readonly model: Classifier;
  readonly asked: Asked<'open'>;
  /** Where it takes no pictures. */
  readonly named?: NamedModel;
}

/** See the messages of the protocol, each of which is one method here. */
export class Session {
  private open: Open | undefined;
  private picture: Asked<'picture'> | undefined;
  /** The model with the card that the last picture settled. */
  private settled: Classifier | undefined;
  private run: LiveRun | undefined;
  private explainer: Explainer | undefined;

  constructor(private readonly say: Say) {}

  control(message: Asked<'pause' | 'resume' | 'change' | 'stop'>): void {
    this.run?.control(message);
  }

  async do(task: Task): Promise<void> {
    switch (task.type) {
      case 'open':
        return this.opened(task);
      case 'card':
        return this.recarded(task.card);
      case 'picture':
        return this.pictured(task);
      case 'audit':
        return this.audited(task.settings);
      case 'close':
        await this.close();
        return this.say({ type: 'closed' });
      case 'text':
      case 'row':
        return this.named(task);
      case 'explain-once':
        return this.explained(task);
      case 'export-gradient':
        return this.exported();
    }
  }

  private async exported(): Promise<void> {
    const { model, named } = this.required();
    const { bytes, notes } = await exportGradient(this.settled ?? named?.model ?? model);
    for (const text of notes.filter((n) => !model.notes.includes(n))) this.say({ type: 'note', text: `gradient.onnx: ${text}` });
    this.say({ type: 'exported', file: downloadOf({ name: 'gradient.onnx', bytes }) }, [bytes.buffer as ArrayBuffer]);
  }

  private async close(): Promise<void> {
    const { open, explainer } = this;
    this.open = undefined;
    this.explainer = undefined;
    this.settled = undefined;
    await Promise.all([(open?.named ?? open?.model)?.dispose(), explainer?.dispose()]);
  }

  private async opened(asked: Asked<'open'>): Promise<void> {
    await this.close();
    this.picture = undefined;
    if (asked.threads !== undefined) useRuntime({ threads: asked.threads });
    this.say({ type: 'phase', text: 'reading the model' });
    const options = openingOf(asked);
    const found = await inspect(asked.files, options);
    const name = nameOf(asked.files);
    if (found.metadata['lan-onnx.kind'] === 'explainer') return this.openedExplainer(name, found, asked);
    if (found.problems.length > 0) throw new LanErrors('unsupported', `${name} cannot be explained:`, found.problems);
    this.say({ type: 'phase', text: 'opening the model' });
    const { model, named } = (this.open = { asked, ...(await this.modelOf(name, found, asked.files, options)) });
    this.say({
      type: 'opened',
      id: asked.id,
      model: summaryOf(name, found, model, named?.takes ?? 'picture'),
      // Of a model of tokens it is not known before it is opened for how many.
      notes: takesTokens(found)
        ? [...model.notes, ...openedFor(model, found, asked.files)]
        : [...found.notes, ...model.notes.filter((n) => !found.notes.includes(n))],
      engine: model.engine.info,
    });
  }

  private async modelOf(name: string, found: Inspection, files: readonly NamedFile[], options: OpenOptions): Promise<Omit<Open, 'asked'>> {
    if (takesTokens(found)) {
      const named = await NamedModel.ofTokens(name, files, options);
      return { named, model: named.model };
    }
    // What takes the columns of a table one by one is given a row of it here.
    const model = await openModel(files, { ...options, joinColumns: true });
    if (model.card) return { model };
    try {
      return { model, named: await NamedModel.ofNumbers(model, files) };
    } catch (error) {
      await model.dispose();
      throw error;
    }
  } // prettier-ignore

  private async openedExplainer(name: string, found: Inspection, { files, id }: Asked<'open'>): Promise<void> {
    const { bytes } = files.find((f) => /\.onnx$/i.test(f.name))!;
    const explainer = (this.explainer = await openExplainer(bytes));
    this.say({
      type: 'opened',
      id,
      model: { ...factsOf(name, found), kind: 'explainer', takes: 'picture', classes: 0, labels: [] },
      notes: [`an explainer: it gives the masks of ${explainer.model ?? 'its model'} at once, without evidence`],
      engine: { name: 'onnxruntime', backend: PROVIDER, version: ortVersion(), threads: defaultThreads() },
    });
  }

  private async explained({ id, ...picture }: Asked<'explain-once'>): Promise<void> {
    if (!this.explainer) throw new LanError('usage', 'No explainer is open.', 'Open a lan.onnx first.');
    const start = performance.now();
    const mask = await this.explainer.explain(picture);
    const [height, width] = [mask.dims.at(-2)!, mask.dims.at(-1)!];
    const attention = attentionOf(mask, height * width);
    const seconds = (performance.now() - start) / 1000;
    this.say({ type: 'explained', id, attention, height, width, seconds }, [attention.buffer]);
  }

  /**
   * Another card is another preprocessing, other labels, another meaning of the output: the model is opened anew. With a card that does not fit it, it is opened as it
   * was: the page still shows it.
   */
  private async recarded(card: CardGiven): Promise<void> {
    const { asked } = this.required();
    const { picture } = this;
    const again = async (as: Asked<'open'>): Promise<void> => {
      await this.opened(as);
      if (picture) await this.pictured(picture);
    };
    try {
      await again({ ...asked, card });
    } catch (error) {
      // Where nothing is known of the runtime's state, the page starts another worker.
      if (error instanceof LanError) await again(asked);
      throw error;
    }
  }

  private required(): Open {
    if (!this.open) throw new LanError('usage', 'No model is open.', 'Open one first.');
    return this.open;
  }

  private async pictured(picture: Asked<'picture'>): Promise<void> {
    const { model } = this.required();
    const found = await predict(model, picture);
    this.picture = picture;
    const { x, answers } = found.seen[0]!;
    this.settled = model.withCard(found.card.input);
    const seen = pixelsOf(x, found.card.input.range);
    const notes = found.notes.filter((n) => !model.notes.includes(n));
    const cautions = unsure(answers, model);
    this.say(
      { type: 'predicted', name: picture.name, top: answers, seen, noises: PICTURE_NOISES, card: cardOf(found), notes, cautions },
      [seen.rgba.buffer],
    );
  }

  /** A text or a row. */
  private async named(asked: Asked<'text' | 'row'>): Promise<void> {
    const { named } = this.required();
    if (!named) throw new LanError('usage', `This model takes a picture, and no ${asked.type}.`);
    const { top, pieces, noises, notes } = await named.ask(asked);
    const name = asked.type === 'row' ? `${asked.csv.name}, row ${asked.row}` : (asked.name ?? 'text');
    this.say({ type: 'predicted', name, top, pieces, noises, notes, cautions: unsure(top, named.model) });
  }

  private async audited(settings: AuditSettings): Promise<void> {
    const { model: opened, named } = this.required();
    const model = named?.model ?? opened;
    const input = named ? named.asked.input : this.picture;
    if (!input) throw new LanError('usage', 'There is no picture to explain.', 'Give one first.');
    const start = performance.now();
    const run = new LiveRun(this.say, named ? { elements: named.asked.elements } : { range: this.settled?.card?.range });
    this.run = run;
    try {
      const result = await audit(listening(model, run.listen), input, {
        ...named?.reading,
        ...settings,
        signal: run.signal,
        watch: run.watch,
        onAgreement: (agreement) => this.say({ type: 'checked', agreement }),
        onNote: (text) => model.notes.includes(text) || this.say({ type: 'note', text }),
        onProgress: ({ phase, step }) => step === undefined && this.say({ type: 'phase', text: phase }),
      });
      this.say({ type: 'phase', text: 'writing the report' });
      const document = await result.page();
      const files = (await filesOf(result)).map(downloadOf);
      const seconds = (performance.now() - start) / 1000;
      this.say(
        { type: 'finding', document, files, seconds },
        files.map(({ bytes }) => bytes.buffer as ArrayBuffer),
      );
    } finally {
      this.run = undefined;
    }
  }
}

function openingOf({ card, size, trust }: Asked<'open'>): OpenOptions {
  return { ...(card ? { card } : {}), ...(size ? { pictureSize: size } : {}), ...(trust ? { trust } : {}) };
}

/** The model, that lets the page's messages in before each batch: a run of WebAssembly blocks the thread. */
function listening(model: Classifier, listen: () => Promise<void>): Classifier {
  const predict: Classifier['predict'] = async (...asked) => {
    await listen();
    return model.predict(...asked);
  };
  const withCard: Classifier['withCard'] = (card) => listening(model.withCard(card), listen);
  return Object.create(model, { predict: { value: predict }, withCard: { value: withCard } }) as Classifier;
}
