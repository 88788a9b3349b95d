// What a person's session can be asked, by the parts of the page.
import type { Found } from './files.js';
import type { AuditSettings, CardGiven, Pixels, ToWorker } from './protocol.js';

/** What can be asked. */
export interface Session {
  /** Files that were dropped or picked; `folder`: its name where it was one. */
  hand(found: readonly Found[], folder?: string, card?: CardGiven): Promise<void>;
  /** The file that was ended by its limit, without one. */
  trust(): void;
  /** Another .onnx file of the folder that is open. */
  choose(name: string): Promise<void>;
  text(text: string, name?: string): void;
  /** A row of the table that is there. */
  row(row: number, columns?: readonly string[]): void;
  card(card: CardGiven): void;
  audit(settings: AuditSettings): void;
  /** By the explainer that is open. */
  explain(pixels: Pixels): void;
  pause(): void;
  resume(): void;
  change(what: Omit<Extract<ToWorker, { type: 'change' }>, 'type'>): void;
  /** Ends learning; what was learned is measured. Once more: gives up. */
  stop(): void;
  /** The model with its gradients, to be downloaded. */
  exportGradient(): void;
  /** Ends what the worker does at once, and with it the model. */
  cancel(): void;
  fail(problem: string, advice?: string): void;
  dismiss(): void;
}
