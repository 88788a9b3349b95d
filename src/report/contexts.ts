// What documents, sheets and pages say of a result besides what was measured: of which model, input, engine and settings it is.
import type { PluginLike } from '../core/plugin.js';
import type { EngineInfo } from '../engine/engine.js';
import type { Compared } from '../explain/compare.js';
import type { InputCard } from '../model/card.js';
import type { Preprocessing } from '../model/guess.js';
import type { HookPoint } from '../model/hook-point.js';
import type { LabelledChoice } from '../score/preprocessing.js';
import type { ColourMap } from './drawing/colour.js';
import type { Features } from './features.js';
import type { Tokens } from './tokens.js';

/** Of an audit. */
export interface AuditContext {
  /** The heading of the sheet and of the page of tokens. */
  readonly title: string;
  readonly model: { readonly path: string; readonly sha256: string };
  /** `path` is absent for what came as bytes, a tensor or ids. */
  readonly input: { readonly path?: string; readonly sha256: string };
  readonly engine: EngineInfo;
  readonly card: InputCard | undefined;
  /** Who says so, and how sure that is; absent for inputs that are no pictures. */
  readonly preprocessing?: Preprocessing;
  readonly notes: readonly string[];
  readonly version: string;
  /** What decides the result, as one number (see runOf). */
  readonly run: string;
  /** Largest pixel value, where the input is a picture and the mask lies on it, or on a map of it. */
  readonly range?: 1 | 255;
  /** Where the mask lies, when not on the input itself. */
  readonly hookPoint?: HookPoint;
  /** The input's tokens, where the mask lies on them. */
  readonly tokens?: Tokens;
  /** What the elements of the input are called, where the mask lies on them. */
  readonly features?: Features;
  /** The command that repeats it, as the report says it. */
  readonly repeat?: string;
  /** Whose sections stand on the page as well. */
  readonly plugins?: readonly PluginLike[];
  /** Of attention. */
  readonly colormap?: ColourMap;
  /** What other methods found beside it. */
  readonly others?: readonly Compared[];
}

/** Of a comparison of methods. */
export interface CompareContext {
  /** The heading of the sheet. */
  readonly title: string;
  readonly model: { readonly path: string; readonly sha256: string };
  readonly input: { readonly path?: string; readonly sha256: string };
  readonly engine: EngineInfo;
  readonly preprocessing?: Preprocessing;
  readonly notes: readonly string[];
  readonly version: string;
  readonly seed: number;
  /** Seconds for each method; absent: as long as its defaults take. */
  readonly budget?: number;
  /** Largest pixel value, where the input is a picture and masks lie on it. */
  readonly range?: 1 | 255;
  /** Of the maps. */
  readonly colormap?: ColourMap;
  /** What the report says repeats it. */
  readonly repeat?: string;
}

/** Of a score. */
export interface ScoreContext {
  readonly model: { readonly path: string; readonly sha256: string };
  readonly engine: EngineInfo;
  readonly card: InputCard | undefined;
  /** How pictures went in, and who said so. */
  readonly preprocessing?: Preprocessing | LabelledChoice;
  readonly version: string;
}

/** Of a position map. */
export interface GridContext {
  readonly model: { readonly path: string; readonly sha256: string };
  readonly engine: EngineInfo;
  readonly card: InputCard | undefined;
  /** How pictures went in, and who said so. */
  readonly preprocessing?: Preprocessing | LabelledChoice;
  readonly notes: readonly string[];
  readonly version: string;
}
