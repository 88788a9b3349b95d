// What the page knows, and how it changes by what a person does and what the worker says. Pure, so that every order of messages can be tried without a browser.
import type { Photo } from './pictures.js';
import type { AuditSettings, Download, FromWorker, NamedFile } from './protocol.js';

/** A message of the worker by its type. */
export type Told<T extends FromWorker['type']> = Extract<FromWorker, { readonly type: T }>;

/** What went wrong and what to do about it. */
export interface Problem {
  readonly problem: string;
  readonly advice?: string;
  /** The file was ended by its limit: it can be opened without one. */
  readonly late?: boolean;
}

/** A point of the curves that are drawn while a mask is learned. */
export interface Point {
  readonly iteration: number;
  readonly loss: number;
  readonly corruption: number;
}

/** Everything that is shown. */
export interface State {
  /** `starting` until the worker has spoken; `broken` where it cannot run at all. */
  readonly worker: 'starting' | 'ready' | 'broken';
  readonly runtime?: Told<'ready'>;
  /** What the worker does now, in words. */
  readonly doing?: string;
  /** The name of the model that is being read. */
  readonly opening?: string;
  readonly model?: Told<'opened'>;
  /** Further .onnx files of the folder. */
  readonly others: readonly string[];
  readonly photo?: Photo;
  /** The text that was last asked about. */
  readonly text?: string;
  readonly table?: NamedFile;
  /** Has the model been asked about a picture or text and not answered yet? */
  readonly asking: boolean;
  readonly predicted?: Told<'predicted'>;
  /** What the mask that is learned was begun with. */
  readonly settings?: AuditSettings;
  readonly learning: 'none' | 'running' | 'paused' | 'measuring';
  readonly agreement?: number;
  readonly step?: Told<'step'>;
  readonly history: readonly Point[];
  readonly finding?: Told<'finding'>;
  /** The model with its gradients: being made, or made. */
  readonly gradient?: 'asked' | Download;
  /** The last mask of an explainer. */
  readonly explained?: Told<'explained'>;
  readonly notes: readonly string[];
  readonly problem?: Problem;
}

/** Before anything was done. */
export const START: State = { worker: 'starting', others: [], asking: false, learning: 'none', history: [], notes: [] };

/** What happens. */
export type Event =
  | { readonly type: 'told'; readonly message: FromWorker }
  /** A model is being read. */
  | { readonly type: 'open'; readonly name: string; readonly others: readonly string[]; readonly notes: readonly string[] }
  | { readonly type: 'photo'; readonly photo: Photo; readonly asked: boolean }
  /** A text, a row, or another card was sent. */
  | { readonly type: 'ask'; readonly text?: string }
  | { readonly type: 'table'; readonly table: NamedFile }
  | { readonly type: 'audit'; readonly settings: AuditSettings }
  | { readonly type: 'stop' }
  | { readonly type: 'export' }
  | ({ readonly type: 'problem' } & Problem)
  | { readonly type: 'dismiss' }
  /** The worker is gone. `again`: another one is being started. */
  | ({ readonly type: 'lost'; readonly again: boolean } & Problem);

/** Without a result of learning. */
const UNLEARNED = {
  learning: 'none',
  step: undefined,
  history: [],
  finding: undefined,
  gradient: undefined,
  agreement: undefined,
} as const;

/** Points of a curve at most: of a longer run every second is left out, again and again. */
const POINTS = 400;

/** The state after an event. */
export function after(state: State, event: Event): State {
  switch (event.type) {
    case 'told':
      return told(state, event.message);
    case 'open':
      return {
        ...state,
        ...UNLEARNED,
        opening: event.name,
        others: event.others,
        notes: event.notes,
        model: undefined,
        explained: undefined,
        predicted: undefined,
        asking: false,
        problem: undefined,
      };
    case 'photo':
      return {
        ...state,
        ...UNLEARNED,
        photo: event.photo,
        explained: undefined,
        predicted: undefined,
        asking: event.asked,
        problem: undefined,
      };
    case 'ask':
      return { ...state, ...UNLEARNED, asking: true, text: event.text ?? state.text, problem: undefined };
    case 'table':
      return { ...state, ...UNLEARNED, table: event.table, predicted: undefined, asking: false, problem: undefined };
    case 'audit':
      return { ...state, ...UNLEARNED, settings: event.settings, learning: 'running', problem: undefined };
    case 'stop':
      return state.learning === 'none' ? state : { ...state, learning: 'measuring' };
    case 'export':
      return { ...state, gradient: 'asked', problem: undefined };
    case 'problem':
      return { ...state, problem: event };
    case 'dismiss':
      return { ...state, problem: undefined };
    case 'lost':
      return {
        ...START,
        worker: event.again ? 'starting' : 'broken',
        runtime: state.runtime,
        photo: state.photo,
        text: state.text,
        table: state.table,
        problem: event,
      };
  }
}

const isLearning = ({ learning }: State): boolean => learning !== 'none';

function told(state: State, message: FromWorker): State {
  // What an audit that was given up still says is about a model or picture that is no longer shown.
  const stale = !isLearning(state);
  switch (message.type) {
    case 'ready':
      return { ...state, worker: 'ready', runtime: message };
    case 'phase':
      return { ...state, doing: message.text, learning: state.learning === 'running' && measures(message.text) ? 'measuring' : state.learning }; // prettier-ignore
    case 'opened':
      return { ...state, opening: undefined, doing: undefined, model: message, predicted: state.model && state.predicted, asking: state.photo !== undefined && message.model.takes === 'picture' }; // prettier-ignore
    case 'predicted':
      return { ...state, asking: false, doing: undefined, predicted: message };
    case 'checked':
      return stale ? state : { ...state, agreement: message.agreement };
    case 'step':
      return stale
        ? state
        : // The answer to a share comes with some steps only.
          {
            ...state,
            step: { ...message, preview: message.preview ?? state.step?.preview },
            history: extended(state.history, message),
          };
    case 'paused':
      return state.learning === 'running' ? { ...state, learning: 'paused' } : state;
    case 'resumed':
      return state.learning === 'paused' ? { ...state, learning: 'running' } : state;
    case 'finding':
      return stale ? state : { ...state, learning: 'none', doing: undefined, finding: message };
    case 'exported':
      return state.gradient === 'asked' ? { ...state, gradient: message.file } : state;
    case 'note':
      return { ...state, notes: state.notes.includes(message.text) ? state.notes : [...state.notes, message.text] };
    case 'explained':
      return { ...state, asking: false, explained: message };
    case 'closed':
    case 'limit':
      return state;
    case 'failed':
      return failed(state, message);
  }
}

/** Does the worker say that learning is over? */
const measures = (phase: string): boolean => /^(measuring|writing)/.test(phase);

function failed(state: State, { during, code, problem, advice }: Told<'failed'>): State {
  if (during === 'audit') {
    if (!isLearning(state)) return state;
    const ended: State = { ...state, learning: 'none', doing: undefined };
    return code === 'interrupted' ? { ...ended, ...UNLEARNED } : { ...ended, problem: { problem, advice } };
  }
  const said: State = { ...state, doing: undefined, problem: { problem, advice } };
  if (during === 'open') return { ...said, opening: undefined, model: undefined, asking: false };
  if (during === 'export-gradient') return { ...said, gradient: undefined };
  return { ...said, asking: false };
}

function extended(history: readonly Point[], { iteration, loss, corruption }: Told<'step'>): Point[] {
  const longer = [...history, { iteration, loss, corruption }];
  return longer.length <= POINTS ? longer : longer.filter((_, i) => i % 2 === 1);
}
