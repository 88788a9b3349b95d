// A person's session: the worker that holds the model, and what is asked of it. Starts another worker where one is lost.
import { useEffect, useMemo, useReducer, useRef } from 'preact/hooks';
import { Deadline } from './deadline.js';
import { sorted, type Found } from './files.js';
import { decodePicture, Unreadable, type Photo } from './pictures.js';
import type { AuditSettings, CardGiven, FromWorker, Pixels, ToWorker } from './protocol.js';
import type { Session } from './session-of-page.js';
import { after, START, type Event, type State } from './state.js';

/** The session of this page. */
export function useSession(): [State, Session] {
  const [state, dispatch] = useReducer<State, Event>(after, START);
  const latest = useRef(state);
  latest.current = state;
  const session = useMemo(() => new Running(dispatch, () => latest.current), []);
  useEffect(() => () => session.end(), []);
  return [state, session];
}

/** Bytes of a text and of a table at most. */
const TEXT = 2e6;
const TABLE = 1e8;
/** Milliseconds after which a worker that was told to give up is ended: one step of a large model takes seconds. */
const UNHEARD = 20_000;

class Running implements Session {
  private worker: Worker;
  private spoken = false;
  /** The turn of the model that was opened last. Another card opens the same one again, which the worker asks about the picture by itself. */
  private opened = 0;
  private last?: {
    readonly found: readonly Found[];
    readonly folder?: string;
    readonly card?: CardGiven;
    readonly chosen?: string;
  };
  /** Counts what was handed over: what takes long to be read is not shown over what came after it; a picture does not take the place of a model. */
  private readonly turns = { model: 0, picture: 0 };
  private readonly deadline = new Deadline();
  private audits = 0;

  constructor(
    private readonly dispatch: (event: Event) => void,
    private readonly state: () => State,
  ) {
    this.worker = this.begin();
  }

  async hand(found: readonly Found[], folder?: string, card?: CardGiven): Promise<void> {
    await this.take(found, folder, card);
  }

  async choose(name: string): Promise<void> {
    if (this.last) await this.take(this.last.found, this.last.folder, this.last.card, name);
  }

  trust(): void {
    if (this.last) void this.take(this.last.found, this.last.folder, this.last.card, this.last.chosen, true);
  }

  text(text: string, name?: string): void {
    this.giveUp();
    this.dispatch({ type: 'ask', text });
    this.send({ type: 'text', text, name });
  }

  row(row: number, columns?: readonly string[]): void {
    const { table } = this.state();
    if (!table) return;
    this.giveUp();
    this.dispatch({ type: 'ask' });
    this.send({ type: 'row', csv: table, row, columns });
  }

  card(card: CardGiven): void {
    this.giveUp();
    if (this.state().photo) this.dispatch({ type: 'ask' });
    // What was said of the model when it was opened still holds.
    this.send({ type: 'card', card: { ...this.last?.card, ...card } });
  }

  audit(settings: AuditSettings): void {
    this.audits++;
    this.dispatch({ type: 'audit', settings });
    this.send({ type: 'audit', settings });
  }

  pause(): void {
    this.send({ type: 'pause' });
  }

  resume(): void {
    this.send({ type: 'resume' });
  }

  change(what: Omit<Extract<ToWorker, { type: 'change' }>, 'type'>): void {
    this.send({ type: 'change', ...what });
  }

  stop(): void {
    // Where learning ended by itself, nothing has said stop before.
    if (this.state().learning === 'measuring') return this.giveUpInTime();
    this.send({ type: 'stop' });
    this.dispatch({ type: 'stop' });
  }

  exportGradient(): void {
    this.dispatch({ type: 'export' });
    this.send({ type: 'export-gradient' });
  }

  cancel(): void {
    const { opening, model } = this.state();
    this.lose(this.worker, opening ? `Reading '${opening}' was cancelled.` : `What was asked was cancelled, and with it '${model?.model.name ?? 'the model'}' was closed.`); // prettier-ignore
  }

  fail(problem: string, advice?: string): void {
    this.dispatch({ type: 'problem', problem, advice });
  }

  dismiss(): void {
    this.dispatch({ type: 'dismiss' });
  }

  explain({ width, height, rgba }: Pixels): void {
    this.send({ type: 'explain-once', id: this.turns.picture, width, height, rgba });
  }

  private askAbout(photo: Photo, kind: 'classifier' | 'explainer'): void {
    const { name, width, height, rgba } = photo;
    if (kind === 'explainer') this.explain(photo);
    else this.send({ type: 'picture', name, width, height, rgba });
  }

  end(): void {
    this.worker.terminate();
  }

  private async take(found: readonly Found[], folder?: string, card?: CardGiven, chosen?: string, trust = false): Promise<void> {
    const { model, picture, text, table, notes, problem } = sorted(found, folder, chosen);
    if (problem) return this.fail(problem.problem, problem.advice);
    if (table) await this.takeTable(table);
    if (text) await this.takeText(text);
    const turn = model ? ++this.turns.model : this.turns.model;
    // The picture first, so that a model finds it there.
    if (picture) await this.takePicture(picture, ++this.turns.picture);
    if (!model || turn !== this.turns.model) return;
    this.giveUp();
    this.last = { found, folder, card, chosen };
    this.dispatch({ type: 'open', name: model.name, others: model.others, notes });
    try {
      const files = await Promise.all(
        model.files.map(async ({ name, file }) => ({
          name: folder === undefined ? name : `${folder}/${name}`,
          bytes: new Uint8Array(await file.arrayBuffer()),
        })),
      );
      if (turn !== this.turns.model) return;
      this.send({ type: 'open', id: turn, files, ...(card && { card }), ...(trust && { trust }) }, files.map((f) => f.bytes.buffer)); // prettier-ignore
    } catch {
      const failed = { during: 'open', code: 'model', problem: `'${model.name}' cannot be read.`, advice: 'Is it still there, and small enough for this browser?' } as const; // prettier-ignore
      if (turn === this.turns.model) this.dispatch({ type: 'told', message: { type: 'failed', ...failed } });
    }
  }

  private async takePicture({ name, file }: Found, turn: number): Promise<void> {
    try {
      const photo = await decodePicture(name, file);
      if (turn !== this.turns.picture) return;
      this.giveUp();
      const model = this.state().model?.model;
      const asked = model?.takes === 'picture';
      this.dispatch({ type: 'photo', photo, asked });
      if (model && asked) this.askAbout(photo, model.kind);
    } catch (error) {
      if (turn !== this.turns.picture) return;
      if (error instanceof Unreadable) this.fail(error.message, error.advice);
      else this.fail(`'${name}' cannot be read.`, 'Is it still there, and small enough for this browser?');
    }
  }

  private async takeText({ name, file }: Found): Promise<void> {
    const { model } = this.state();
    if (model?.model.takes !== 'text')
      return this.fail(`'${name}' is a text, and no model of texts is open.`, 'Open one first; the words that a model counts go in together with its .onnx file.'); // prettier-ignore
    if (file.size > TEXT) return this.fail(`'${name}' has ${Math.round(file.size / 1e6)} MB, more than a text for a model can be.`); // prettier-ignore
    const text = await file.text().catch(() => undefined);
    if (text === undefined || text.includes('\0')) return this.fail(`'${name}' cannot be read as a text.`);
    this.text(text, name);
  }

  private async takeTable({ name, file, size }: Found): Promise<void> {
    if (size > TABLE) return this.fail(`'${name}' has ${Math.round(size / 1e6)} MB, more than a page can hold of a table.`, 'Use lan-onnx audit --csv on the command line.'); // prettier-ignore
    const bytes = await file.arrayBuffer().catch(() => undefined);
    if (!bytes) return this.fail(`'${name}' cannot be read.`, 'Is it still there?');
    this.giveUp();
    this.dispatch({ type: 'table', table: { name, bytes: new Uint8Array(bytes) } });
  }

  /** Whatever is being learned is about something that goes: twice, so that it is not measured first. */
  private giveUp(): void {
    if (this.state().learning === 'none') return;
    this.send({ type: 'stop' });
    this.send({ type: 'stop' });
  }

  /** What a person gives up ends, even where a kernel runs and hears nothing. */
  private giveUpInTime(): void {
    const { worker, audits } = this;
    this.giveUp();
    setTimeout(() => {
      if (audits === this.audits && this.state().learning !== 'none')
        this.lose(worker, `What was running did not stop within ${UNHEARD / 1000} s of being told to, and was ended; the model was closed with it.`); // prettier-ignore
    }, UNHEARD);
  }

  private send(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private begin(): Worker {
    const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module', name: 'model' });
    this.spoken = false;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (worker !== this.worker) return;
      this.spoken = true;
      if (data.type === 'failed' && data.code === 'crashed') this.lose(worker, data.problem, data.advice);
      else if (data.type === 'limit') this.limit(worker, data.seconds, data.name);
      else this.told(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.lose(worker, 'The part of this page that runs the model has ended unexpectedly.'); // prettier-ignore
    };
    return worker;
  }

  private limit(worker: Worker, seconds: number, name: string): void {
    // Learning takes as long as a person likes.
    if (this.state().learning !== 'none') return;
    this.deadline.within(seconds, (allowed) =>
      this.lose(
        worker,
        `${name}: compiling it and running it once took more than ${allowed} s, far too long for a file of its size.`,
        'Do not use this file unless you know who made it.',
        true,
      ),
    );
  }

  private told(message: FromWorker): void {
    if (message.type !== 'phase' && message.type !== 'note') this.deadline.met();
    // What is said of a model that another one was put in the place of, meanwhile.
    const opens = message.type === 'opened' || (message.type === 'failed' && message.during === 'open');
    if (opens && message.id !== this.turns.model) return;
    this.dispatch({ type: 'told', message });
    if (message.type !== 'opened' || this.opened === message.id) return;
    this.opened = message.id!;
    const { photo, text } = this.state();
    const { takes, kind } = message.model;
    if (photo && takes === 'picture') this.askAbout(photo, kind);
    if (text !== undefined && takes === 'text') this.text(text);
  }

  /** The worker is gone, with the model; another takes its place, unless this one never ran. */
  private lose(worker: Worker, problem: string, advice?: string, late = false): void {
    if (worker !== this.worker) return;
    worker.terminate();
    this.deadline.met();
    this.turns.model++;
    this.turns.picture++;
    if (this.spoken) {
      this.worker = this.begin();
      this.dispatch({ type: 'lost', again: true, problem: `${problem} The page started the runtime again.`, advice: [advice, late ? '' : 'Open a model.'].filter(Boolean).join(' '), late }); // prettier-ignore
    } else
      this.dispatch({
        type: 'lost',
        again: false,
        problem: 'The part of this page that runs models could not be started.',
        advice: 'It takes a browser with WebAssembly and module workers. Reload the page, or use another browser.',
      });
  }
}
