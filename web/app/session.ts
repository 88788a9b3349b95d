// What the worker holds between two messages: a model, its last input, and the audit that runs.
import type { CardResult } from '../../src/api/card.js';
import type { Classifier } from '../../src/api/opened.js';
import type { Tensor } from '../../src/core/tensor.js';
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
import type {
  Answer,
  AuditSettings,
  CardGiven,
  CardShown,
  Download,
  FromWorker,
  ModelSummary,
  NamedFile,
  ToWorker,
} from './protocol.js';

type Say = (message: FromWorker, transfer?: Transferable[]) => void;
type Asked<T extends ToWorker['type']> = Extract<ToWorker, { readonly type: T }>;

/** What the control messages are not. */
type Task = Exclude<ToWorker, { readonly type: 'pause' | 'resume' | 'change' | 'stop' }>;

interface Open {
  readonly model: Classifier;
  readonly asked: Asked<'open'>;
}

/** Endings of downloads, and their types. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  csv: 'text/csv',
  npy: 'application/octet-stream',
};

/** See the messages of the protocol, each of which is one method here. */
export class Session {
  private open: Open | undefined;
  private picture: Asked<'picture'> | undefined;
  /** The last picture as the network takes it, and the model with the card that the picture settled. */
  private x: Tensor | undefined;
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
        throw new LanError('unsupported', 'The page explains pictures only.', 'Explain texts with the command line.');
      case 'explain-once':
        return this.explained(task);
      case 'export-gradient':
        return this.exported();
    }
  }

  private async exported(): Promise<void> {
    const { model } = this.required();
    const { bytes, notes } = await exportGradient(this.settled ?? model);
    for (const text of notes.filter((n) => !model.notes.includes(n))) this.say({ type: 'note', text: `gradient.onnx: ${text}` });
    this.say({ type: 'exported', file: downloadOf({ name: 'gradient.onnx', bytes }) }, [bytes.buffer as ArrayBuffer]);
  }

  private async close(): Promise<void> {
    const { open, explainer } = this;
    this.open = undefined;
    this.explainer = undefined;
    this.x = undefined;
    this.settled = undefined;
    await Promise.all([open?.model.dispose(), explainer?.dispose()]);
  }

  private async opened(asked: Asked<'open'>): Promise<void> {
    await this.close();
    this.picture = undefined;
    if (asked.threads !== undefined) useRuntime({ threads: asked.threads });
    this.say({ type: 'phase', text: 'reading the model' });
    const options = openingOf(asked);
    const found = await inspect(asked.files, options);
    const name = nameOf(asked.files);
    if (found.metadata['lan-onnx.kind'] === 'explainer') return this.openedExplainer(name, found, asked.files);
    if (found.problems.length > 0) throw new LanErrors('unsupported', `${name} cannot be explained:`, found.problems);
    this.say({ type: 'phase', text: 'opening the model' });
    const model = await openModel(asked.files, options);
    this.open = { model, asked };
    this.say({
      type: 'opened',
      model: summaryOf(name, found, model),
      notes: [...found.notes, ...model.notes.filter((n) => !found.notes.includes(n))],
      engine: model.engine.info,
    });
  }

  private async openedExplainer(name: string, found: Inspection, files: readonly NamedFile[]): Promise<void> {
    const { bytes } = files.find((f) => /\.onnx$/i.test(f.name))!;
    const explainer = (this.explainer = await openExplainer(bytes));
    this.say({
      type: 'opened',
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
    this.x = x;
    this.settled = model.withCard(found.card.input);
    const seen = pixelsOf(x, found.card.input.range);
    const notes = found.notes.filter((n) => !model.notes.includes(n));
    const cautions = unsure(answers, model);
    this.say({ type: 'predicted', name: picture.name, top: answers, seen, card: cardOf(found), notes, cautions }, [
      seen.rgba.buffer,
    ]);
  }

  private async audited(settings: AuditSettings): Promise<void> {
    const { model } = this.required();
    const { picture } = this;
    if (!picture) throw new LanError('usage', 'There is no picture to explain.', 'Give one first.');
    const start = performance.now();
    const run = new LiveRun(this.say, this.settled ?? model, this.x, settings);
    this.run = run;
    try {
      const result = await audit(listening(model, run.listen), picture, {
        ...settings,
        signal: run.signal,
        watch: run.watch,
        onAgreement: (agreement) => this.say({ type: 'checked', agreement }),
        onNote: (text) => this.say({ type: 'note', text }),
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

function openingOf({ card, size }: Asked<'open'>): OpenOptions {
  return { ...(card ? { card } : {}), ...(size ? { pictureSize: size } : {}) };
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

/** What a model is called: its file, or the folder that was dropped. */
function nameOf(files: readonly NamedFile[]): string {
  const model = files.find(({ name }) => /\.onnx$/i.test(name))?.name ?? files[0]?.name ?? 'model';
  const parts = model.split(/[\\/]/).filter((part) => part !== '');
  return files.length > 1 && parts.length > 1 ? parts[0]! : parts.at(-1)!;
}

type Facts = Omit<ModelSummary, 'kind' | 'takes' | 'classes' | 'labels'>;

function factsOf(name: string, found: Inspection): Facts {
  const { inputs, outputs, opsets, producer, parameters, macs, bytes, sha256, ops, problems } = found;
  return {
    name,
    ...{ inputs, outputs, opsets, producer, parameters, macs, bytes, sha256 },
    ops: ops.map(({ op, count, becomes }) => ({ op, count, becomes })),
    unsupported: problems,
  };
}

const summaryOf = (name: string, found: Inspection, model: Classifier): ModelSummary => ({
  ...factsOf(name, found),
  kind: 'classifier',
  takes: model.card ? 'picture' : model.hookPoint?.tokens ? 'text' : 'other',
  classes: model.classes,
  labels: model.labels,
});

const cardOf = ({ card, lines }: CardResult): CardShown => ({ card: card.input, lines });

/** Classes from which on a small probability says that a model is unsure, and how small. */
const MANY = 10;
const UNSURE = 0.1;

/** Is the best answer hardly better than chance? Then preprocessing is the first suspect. */
function unsure(top: readonly Answer[], { classes }: Classifier): string[] {
  const [best] = top;
  const chance = 1 / classes;
  if (!best || (best.probability > 1.2 * chance && (classes < MANY || best.probability >= UNSURE))) return [];
  const percent = (p: number): string => `${Number((100 * p).toPrecision(2))} %`;
  return [
    `The model is unsure: its best answer has ${percent(best.probability)}, where chance is ${percent(chance)}; the picture may not be prepared as it expects.`,
  ];
}

const downloadOf = ({ name, bytes }: NamedFile): Download => ({
  name,
  bytes,
  type: TYPES[name.split('.').at(-1)!] ?? 'application/octet-stream',
});
