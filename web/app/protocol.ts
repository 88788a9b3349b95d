// What the page and the worker that holds the model say to each other. Every message can be cloned; arrays of bytes and pixels may be transferred.
import type { ErrorCode } from '../../src/core/errors.js';
import type { CardLine } from '../../src/api/card.js';
import type { EngineInfo } from '../../src/engine/engine.js';
import type { InputCard, OutputKind } from '../../src/model/card.js';
import type { Inspection } from '../../src/model/inspect.js';
import type { ReportDocument } from '../../src/report/page/document.js';
import type { NamedFile, Pixels } from '../../src/web/files.js';

export type { NamedFile, Pixels };

/** What is said of how pictures go in, over what the files say; labels by index. */
export interface CardGiven {
  readonly input?: Partial<InputCard>;
  readonly output?: OutputKind;
  readonly labels?: readonly string[];
}

/** A piece of a text, or a value of a row, and the elements of the input that it stands for: from `from` to before `to`; none where they are equal. */
export interface Piece {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** How a mask is learned and measured; what is left out is as `lan-onnx audit` has it. Names are those of the library's options. */
export interface AuditSettings {
  readonly preset?: 'default' | 'quick' | 'paper';
  readonly beta?: number;
  /** In place of beta: how often the answer is to be kept, in (0,1). */
  readonly keep?: number;
  /** One of those that `predicted` names. */
  readonly noise?: string;
  readonly iterations?: number;
  readonly learningRate?: number;
  readonly draws?: number;
  readonly seed?: number;
  readonly evidenceDraws?: number;
  readonly maskValues?: 'binary' | 'soft';
  /** Seconds for mask and evidence together. */
  readonly budget?: number;
  /** Which class is explained, by name or index; the model's answer where nothing is said. */
  readonly target?: string | number;
}

/** From the page to the worker. What is asked while an audit runs and needs the model is done behind it. */
export type ToWorker =
  /** One .onnx file, or the files of a folder in Hugging Face layout. Closes what was open. An explainer (`lan.onnx`) is opened as one. */
  | {
      readonly type: 'open';
      /** Told with the answer, so that an older one is known for what it is. */
      readonly id?: number;
      readonly files: readonly NamedFile[];
      readonly card?: CardGiven;
      /** Opens it without a `limit`: somebody said that the file may take as long as it does. */
      readonly trust?: boolean;
      /** Threads of WebAssembly; what the machine has where the page is cross-origin isolated, else one. */
      readonly threads?: number;
      /** Height and width for a model that leaves them open. Default 224 x 224. */
      readonly size?: readonly [height: number, width: number];
    }
  /** Another card for the open model; the last picture is looked at again. */
  | { readonly type: 'card'; readonly card: CardGiven }
  /** Becomes the input of the audits to come. Answered by `predicted`. */
  | ({ readonly type: 'picture'; readonly name: string } & Pixels)
  /** The same, where the model takes texts: a tokenizer.json came with it, or a file of the words that it counts. */
  | { readonly type: 'text'; readonly text: string; readonly name?: string }
  /** The same, where it takes numbers: a row of a CSV file, the first below the names being 1, and which columns go in. */
  | { readonly type: 'row'; readonly csv: NamedFile; readonly row: number; readonly columns?: readonly string[] }
  /** Explains the last input. Answered by `checked`, `step`s and a `finding`. */
  | { readonly type: 'audit'; readonly settings: AuditSettings }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** From the next step on. `share`: part of the input, in [0,1], of which `step` tells what the model answers with it replaced. */
  | { readonly type: 'change'; readonly beta?: number; readonly noise?: string; readonly share?: number }
  /** Ends learning: the mask so far is measured. A second `stop` gives up: answered by `failed` with code `interrupted`. */
  | { readonly type: 'stop' }
  /** The mask of a picture by the open explainer. Answered by `explained` with the same `id`. */
  | ({ readonly type: 'explain-once'; readonly id: number } & Pixels)
  /** The model with its loss and the gradient by the pixels, as an ONNX file. Answered by `exported`. */
  | { readonly type: 'export-gradient' }
  /** Frees the model. */
  | { readonly type: 'close' };

/** One class of an answer. `probability` in [0,1]. */
export interface Answer {
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

/** What was opened. */
export interface ModelSummary extends Pick<
  Inspection,
  'inputs' | 'outputs' | 'opsets' | 'producer' | 'parameters' | 'macs' | 'bytes' | 'sha256'
> {
  readonly name: string;
  /** An explainer gives masks and nothing else: see `explain-once`. */
  readonly kind: 'classifier' | 'explainer';
  /** What is expected: a picture, a text, or a row of numbers. What the page can give nothing for is not opened. */
  readonly takes: 'picture' | 'text' | 'row';
  readonly ops: readonly { readonly op: string; readonly count: number; readonly becomes: readonly string[] }[];
  /** Why it cannot be explained: every op that is not supported, in words. Empty: it can. */
  readonly unsupported: readonly string[];
  readonly classes: number;
  readonly labels: readonly string[];
}

/** How pictures go in; undefined where the input is no picture. */
export interface CardShown {
  readonly card: InputCard;
  /** Each line with a reason. */
  readonly lines: readonly CardLine[];
}

/** A file to be downloaded. */
export interface Download extends NamedFile {
  readonly type: string;
}

/** What the model answers with a part of the input replaced. */
export interface PreviewShown {
  readonly share: number;
  readonly top: readonly Answer[];
  /** The picture so. */
  readonly seen?: Pixels;
  /** Of a text or a row: 1 for each element that is replaced, else 0. */
  readonly replaced?: Uint8Array;
}

/** From the worker to the page. */
export type FromWorker =
  /** The worker runs and can be told to open. */
  | {
      readonly type: 'ready';
      readonly isolated: boolean;
      readonly threads: number;
      readonly version: string;
      /** Is learning tried on it? */
      readonly webgpu: boolean;
    }
  /** How many seconds the file that is being read may take from here; where it takes longer, only ending the worker helps. */
  | { readonly type: 'limit'; readonly seconds: number; readonly name: string }
  /** What the worker does now, in words: `reading the model`, `compiling`, `measuring evidence, beta 10`. */
  | { readonly type: 'phase'; readonly text: string }
  | {
      readonly type: 'opened';
      /** Of the `open` that is answered; once more where another card opened the same model again. */
      readonly id?: number;
      readonly model: ModelSummary;
      readonly card?: CardShown;
      readonly notes: readonly string[];
      readonly engine: EngineInfo;
    }
  | {
      readonly type: 'predicted';
      readonly name: string;
      /** The most probable first. */
      readonly top: readonly Answer[];
      /** What the network sees: resized and cropped, its channels in the order in which they go in. Pictures only. */
      readonly seen?: Pixels;
      /** A text or a row as the model takes it. */
      readonly pieces?: readonly Piece[];
      /** What can come in place of what is replaced, as `noise` takes it; the first where nobody asks for another. */
      readonly noises: readonly string[];
      /** The card as settled by this picture, where nobody gave one. */
      readonly card?: CardShown;
      /** What was assumed. */
      readonly notes: readonly string[];
      /** What makes the answer doubtful: it is near chance. */
      readonly cautions: readonly string[];
    }
  /** The converted graph beside onnxruntime on the original file, on this input: the largest difference of a probability (of a value). */
  | { readonly type: 'checked'; readonly agreement: number }
  | {
      readonly type: 'step';
      /** From 1. */
      readonly iteration: number;
      readonly of: number;
      readonly loss: number;
      /** Mean of the mask in [0,1]: how much is replaced. */
      readonly corruption: number;
      /** Part of the noise draws that kept the answer. */
      readonly kept?: number;
      readonly beta: number;
      /** [height,width], 1 - mask, 1 = needed; of texts and rows one an element, [1,elements]. */
      readonly attention: Float32Array;
      readonly height: number;
      readonly width: number;
      readonly stepsPerSecond: number;
      /** With `share`: what the model answers with that part of the input replaced. */
      readonly preview?: PreviewShown;
    }
  | { readonly type: 'paused' }
  | { readonly type: 'resumed' }
  | {
      readonly type: 'finding';
      readonly document: ReportDocument;
      /** audit.json, mask.npy, report.html, sheet.png, ... */
      readonly files: readonly Download[];
      /** Seconds from `audit` to here. */
      readonly seconds: number;
    }
  | {
      readonly type: 'explained';
      readonly id: number;
      readonly attention: Float32Array;
      readonly height: number;
      readonly width: number;
      readonly seconds: number;
    }
  | { readonly type: 'exported'; readonly file: Download }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'closed' }
  /** `crashed`: the runtime is lost with it, and the page has to start a new worker. */
  | {
      readonly type: 'failed';
      readonly during: ToWorker['type'];
      /** Of an `open`. */
      readonly id?: number;
      readonly code: ErrorCode | 'crashed';
      readonly problem: string;
      readonly advice?: string;
    };
