// A trained LAN's file, opened to give masks.
import { z } from 'zod';
import { parseInputCard, type InputCard } from '../model/card.js';
import { completeCard } from '../model/conventions.js';
import type { Classifier } from '../model/open.js';
import { X } from '../model/preprocess.js';
import type { Question } from '../model/question.js';
import { asyncDispose } from '../core/dispose.js';
import { LanError } from '../core/errors.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { readBytes, sha256 } from '../data/files.js';
import { openSession } from '../engine/ort.js';
import { decodeModel } from '../onnx/codec.js';

/** Name of a LAN's output. */
export const MASK = 'mask';

const Settings = z.looseObject({ beta: z.number(), noise: z.string() });

/** What a LAN was trained with; in its file as JSON. */
export type ExplainerSettings = Readonly<z.infer<typeof Settings>>;

/**
 * The question of an audit whose masks an explainer gives: the one that it was trained for, where nothing else was asked. Throws LanError (`usage`) where
 * another one was, which its masks do not answer.
 */
export function questionFor(question: Question | undefined, explainer: OpenedExplainer | undefined): Question | undefined {
  if (!explainer) return question;
  const { target, against } = explainer.settings as { readonly target?: number; readonly against?: number };
  const trained = target === undefined ? undefined : { target, ...(against === undefined ? {} : { against }) };
  if (!question || (question.target === target && question.against === against)) return trained;
  const it = trained ? `class ${target}${against === undefined ? '' : ` against class ${against}`}` : "the model's answer";
  throw new LanError(
    'usage',
    `\`lan\`: this explainer was trained for ${it}, and its masks say nothing about another question.`,
    'Leave `target` and `against` out, or train one with them.',
  );
}

/** A LAN's file, opened in onnxruntime. */
export interface OpenedExplainer extends AsyncDisposable {
  readonly settings: ExplainerSettings;
  /** How pictures went in when it was trained; absent for what is no picture, and for files of versions that did not write it. */
  readonly card?: InputCard;
  /** Of its file. */
  readonly sha256: string;
  /** Masks [N,...mask shape] of samples x [N,...sample] in pixel space, values in [0,1]. Throws LanError for what is no mask (`shape`, `numbers`). */
  explain(x: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/** An explainer's file, read: what it says of itself. */
export interface ExplainerFile {
  /** As messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly settings: ExplainerSettings;
  /** The model that it was trained for: its name and the SHA-256 of its file. */
  readonly model: { readonly name?: string; readonly sha256?: string };
  /** Of one sample in pixel space, without the batch. */
  readonly sampleShape: readonly number[] | undefined;
  /** How pictures went in; see OpenedExplainer.card. */
  readonly card?: Partial<InputCard>;
}

/** Reads an explainer's file. Throws LanError (`data`) for a file that is none, or is damaged. */
export async function readExplainer(source: string | Uint8Array): Promise<ExplainerFile> {
  const name = typeof source === 'string' ? `Explainer '${source}'` : 'Explainer';
  const bytes = typeof source === 'string' ? await readBytes(source, 'Explainer') : source;
  const { metadata, graph } = decodeModel(bytes, name);
  if (metadata['lan-onnx.kind'] !== 'explainer')
    throw new LanError(
      'data',
      `${name}: is no explainer that train has written${metadata['lan-onnx.kind'] ? ` (its kind is ${metadata['lan-onnx.kind']})` : ''}.`,
    );
  const [takes, gives] = [graph.inputs, graph.outputs].map((values) => values.map((v) => v.name).join("', '"));
  if (takes !== X || gives !== MASK)
    throw new LanError(
      'data',
      `${name}: takes '${takes}' and gives '${gives}'; an explainer takes '${X}' and gives '${MASK}'.`,
      'Give it these names, or train one with lan-onnx train.',
    );
  const trained = metadata['lan-onnx.card'];
  return {
    name,
    bytes,
    settings: settingsIn(metadata['lan-onnx.settings'], name),
    model: { name: metadata['lan-onnx.model'], sha256: metadata['lan-onnx.sha256'] },
    sampleShape: graph.inputs[0]?.dims?.slice(1) as readonly number[] | undefined,
    ...(trained === undefined ? {} : { card: parseInputCard(trained, `${name}, lan-onnx.card`) }),
  };
}

/** Opens what gives its masks; see OpenedExplainer.explain. Throws as openSession. */
export async function openMasks(
  { bytes, name }: ExplainerFile,
  options: { readonly threads?: number } = {},
): Promise<Pick<OpenedExplainer, 'explain' | 'dispose'>> {
  const session = await openSession(bytes, options);
  return {
    async explain(x) {
      const mask = (await session.run({ [X]: x }, [MASK]))[MASK]!;
      return checkedMask(mask, x, name);
    },
    dispose: () => session.dispose(),
  };
}

/**
 * Opens an explainer for this classifier. Throws LanError for a file that is none, that was trained for another model (by SHA-256), or that takes
 * samples of another shape.
 */
export async function openExplainer(
  source: string | Uint8Array,
  classifier: Classifier,
  options: { readonly threads?: number } = {},
): Promise<OpenedExplainer> {
  const file = await readExplainer(source);
  const { name, bytes, settings, model, sampleShape, card } = file;
  if (model.sha256 !== classifier.source.sha256)
    throw new LanError(
      'data',
      `${name}: was trained for another model, '${model.name}' (sha256 ${model.sha256?.slice(0, 12)}, here ${classifier.source.sha256.slice(0, 12)}).`,
      'Train one for this model.',
    );
  if (sampleShape?.join() !== classifier.sampleShape.join())
    throw new LanError(
      'data',
      `${name}: takes samples of [${sampleShape?.join(',')}], the model [${classifier.sampleShape.join(',')}].`,
    );
  const { picture } = classifier;
  const { explain, dispose } = await openMasks(file, options);
  return {
    sha256: sha256(bytes),
    settings,
    ...(card && picture ? { card: completeCard(card, picture) } : {}),
    explain,
    dispose,
    [asyncDispose]: dispose,
  };
}

function settingsIn(text: string | undefined, name: string): ExplainerSettings {
  try {
    return Settings.parse(JSON.parse(text!));
  } catch {
    throw new LanError(
      'data',
      `${name}: is damaged: its settings (lan-onnx.settings) are not what train writes.`,
      'Train it again.',
    );
  }
}

/** How far beyond [0,1] a float32 Sigmoid may come: onnxruntime's gives 1.0000001 for large numbers. */
const ROUNDING = 1e-5;

/**
 * The mask, within [0,1]. A file may say that it is an explainer and give anything: a mask of mean -3 would go into evidence as if it were one. Elements of
 * an input share a value (its channels) or each have their own.
 */
function checkedMask(mask: Tensor, x: Tensor, name: string): Tensor {
  const { dims } = mask;
  const [n, channels] = x.dims;
  // One value a pixel, or one a token.
  const shapes = [
    x.dims,
    x.dims.length === 4 ? [n!, 1, ...x.dims.slice(2)] : x.dims.length === 3 ? [...x.dims.slice(0, 2), 1] : x.dims,
  ];
  if (!shapes.some((shape) => shape.join() === dims.join()))
    throw new LanError(
      'shape',
      `${name}: gives a mask [${dims.join(',')}] for an input [${x.dims.join(',')}]${x.dims.length === 4 ? `; expected ${channels} channels or one of the same size` : ''}.`,
      'Train it again.',
    );
  const values = toFloat32(mask);
  const wrong = values.find((v) => !(v >= -ROUNDING && v <= 1 + ROUNDING));
  if (wrong !== undefined)
    throw new LanError('numbers', `${name}: gives a mask with the value ${wrong}; a mask lies in [0,1].`, 'Train it again.');
  return float32(
    values.map((v) => Math.min(1, Math.max(0, v))),
    dims,
  );
}
