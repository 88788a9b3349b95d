// lan-onnx/web: the same calls in a browser. Models come as bytes or files, pictures as pixels; results are written to memory. Types that are not its own
// are those of lan-onnx.
import './zod.js';
import { audit as auditPath, createAuditor as createAuditorOf, type AuditResult } from '../api/audit.js';
import { exportGradient as exportGradientOf } from '../api/export.js';
import type { AuditInput } from '../api/inputs.js';
import type { AuditOptions } from '../api/audit-options.js';
import { card as cardOf, type CardResult } from '../api/card.js';
import { inspect as inspectPath, type Inspection, type InspectOptions } from '../model/inspect.js';
import type { NamedInputs } from '../api/named-inputs.js';
import { openModel as openPath, type Classifier } from '../api/opened.js';
import { asyncDispose } from '../core/dispose.js';
import type { Tensor } from '../core/tensor.js';
import type { OpenOptions } from '../model/open.js';
import { pictureOf } from '../report/drawing/colour.js';
import { putModel, withPicture, type NamedFile, type Pixels } from './files.js';
import { bytesAt, filesBelow, takeAway } from './memory.js';

export { useRuntime, type RuntimeOptions } from './runtime.js';
export { runtimeEnded } from './ended.js';
export { openExplainer, type Explainer } from './explainer.js';
export type { NamedFile, Pixels } from './files.js';
export { LanError, LanErrors, type ErrorCode } from '../core/errors.js';

/** A picture with a name, for messages and reports. */
export interface Picture extends Pixels {
  readonly name?: string;
}

/** What is explained: pixels, a file's bytes (a picture that the browser can show, an .npy array), one sample as a tensor, ids of tokens, or a text. */
export type WebInput = Picture | Exclude<AuditInput, string> | NamedInputs;

/**
 * Opens an ONNX file by its bytes, or files: one .onnx with what lies beside it (external data, a card), or a folder in Hugging Face layout. Its files are
 * let go with it. Throws as `openModel` of lan-onnx.
 *
 * @example
 * useRuntime({ wasm: '/ort/' });
 * const model = await openModel(new Uint8Array(await file.arrayBuffer()));
 */
export async function openModel(model: Uint8Array | readonly NamedFile[], options: OpenOptions = {}): Promise<Classifier> {
  if (isBytes(model)) return openPath(model, options);
  const { path, takeAway: letGo } = putModel(model);
  try {
    const opened = await openPath(path, options);
    const dispose = async (): Promise<void> => {
      await opened.dispose();
      letGo();
    };
    return Object.assign(Object.create(opened) as Classifier, { dispose, [asyncDispose]: dispose });
  } catch (error) {
    letGo();
    throw error;
  }
}

const isBytes = (model: object): model is Uint8Array => ArrayBuffer.isView(model);

/**
 * What a file holds, and what can be done with each of its ops: see `inspect` of lan-onnx. Nothing of it stays open.
 *
 * @example
 * const { ops, problems } = await inspect([{ name: file.name, bytes }]);
 */
export async function inspect(model: Uint8Array | readonly NamedFile[], options: InspectOptions = {}): Promise<Inspection> {
  if (isBytes(model)) return inspectPath(model, options);
  const { path, takeAway: letGo } = putModel(model);
  try {
    return await inspectPath(path, options);
  } finally {
    letGo();
  }
}

const isPicture = (input: WebInput): input is Picture => typeof input === 'object' && 'rgba' in input;

/** As the calls beneath take it: pictures by a path. */
const withInput = <T>(input: WebInput, use: (input: AuditInput | NamedInputs) => Promise<T>): Promise<T> =>
  isPicture(input) ? withPicture(input.name ?? 'picture', input, use) : use(input);

/**
 * What a model answers to a picture and how it goes in: the card with a reason for each line, the picture as the network sees it, the most probable classes.
 * Throws LanError (`data`) for a model that takes none.
 *
 * @example
 * const { seen, lines } = await predict(model, { name: 'cat.jpg', width, height, rgba });
 * console.log(seen[0].answers[0].label);
 */
export const predict = (model: Classifier, picture: Picture): Promise<CardResult> =>
  withPicture(picture.name ?? 'picture', picture, (path) => cardOf(model, { images: [path] }));

/**
 * Learns which parts of an input the classifier needed, and measures the claim on fresh noise: see `audit` of lan-onnx. A model that is given by its
 * files is opened with the options and let go of afterwards.
 *
 * @example
 * const result = await audit(model, { name: 'cat.jpg', width, height, rgba }, { beta: 10, watch: ({ mask }) => draw(mask) });
 * console.log(result.betas[0].claims[0]);
 * const files = await filesOf(result); // report.html, mask.npy, audit.json, ...
 */
export async function audit(
  model: Classifier | Uint8Array | readonly NamedFile[],
  input: WebInput,
  options: AuditOptions = {},
): Promise<AuditResult> {
  if (!Array.isArray(model)) return withInput(input, (given) => auditPath(model as Classifier | Uint8Array, given, options));
  const { path, takeAway: letGo } = putModel(model as readonly NamedFile[]);
  try {
    return await withInput(input, (given) => auditPath(path, given, options));
  } finally {
    letGo();
  }
}

/**
 * Prepares audits of many inputs of an opened model, compiling once. Throws as `createAuditor` of lan-onnx.
 *
 * @example
 * const auditor = await createAuditor(model, { iterations: 100 });
 * for (const picture of pictures) show((await auditor.audit(picture)).betas[0].claims);
 * await auditor.dispose();
 */
export async function createAuditor(
  model: Classifier,
  options: AuditOptions = {},
): Promise<{ audit(input: WebInput): Promise<AuditResult>; dispose(): Promise<void> }> {
  const auditor = await createAuditorOf(model, options);
  return { audit: (input) => withInput(input, (given) => auditor.audit(given)), dispose: () => auditor.dispose() };
}

/**
 * The model with its loss and the loss's gradient by the pixels (RGB [1,C,H,W] in 0..card.range), or by its own input where it takes none, as one ONNX file that any
 * onnxruntime runs, and what is easily overlooked about it. Throws as `exportGradient` of lan-onnx.
 *
 * @example
 * const { bytes, notes } = await exportGradient(model);
 */
export async function exportGradient(
  model: Classifier,
): Promise<{ readonly bytes: Uint8Array; readonly notes: readonly string[] }> {
  const { bytes, notes } = await exportGradientOf(model, { pixels: model.card !== undefined });
  return { bytes, notes };
}

const RESULT = 'result';
let saved = 0;

/**
 * What `save` writes on disk, as bytes by name: report.html, audit.json, mask.npy, pictures where the input is one.
 *
 * @example
 * const page = (await filesOf(result)).find(({ name }) => name === 'report.html');
 */
export async function filesOf(result: Pick<AuditResult, 'save'>): Promise<NamedFile[]> {
  // Each call its own: two results may be asked for together.
  const folder = `${RESULT}/${++saved}`;
  try {
    await result.save(folder);
    return filesBelow(folder).map((name) => ({ name, bytes: bytesAt(`${folder}/${name}`) }));
  } finally {
    takeAway(folder);
  }
}

/**
 * A picture tensor [1,1|3,H,W] of 0..range as pixels, for a canvas.
 *
 * @example
 * const { rgba, width, height } = pixelsOf(seen, 255);
 * context.putImageData(new ImageData(rgba, width, height), 0, 0);
 */
export function pixelsOf(
  tensor: Tensor,
  range: 1 | 255,
): { readonly width: number; readonly height: number; readonly rgba: Uint8ClampedArray } {
  const { width, height, pixels } = pictureOf(tensor, range);
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
  return { width, height, rgba };
}
