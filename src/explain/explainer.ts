// A trained LAN's file, opened to give masks.
import type { Classifier } from '../model/open.js';
import { X } from '../model/preprocess.js';
import { asyncDispose } from '../core/dispose.js';
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { readBytes } from '../data/files.js';
import { openSession } from '../engine/ort.js';
import { decodeModel } from '../onnx/codec.js';

/** Name of a LAN's output. */
export const MASK = 'mask';

/** What a LAN was trained with; in its file as JSON. */
export interface ExplainerSettings {
  readonly beta: number;
  readonly noise: string;
  readonly [name: string]: unknown;
}

/** A LAN's file, opened in onnxruntime. */
export interface OpenedExplainer extends AsyncDisposable {
  readonly settings: ExplainerSettings;
  /** Masks [N,...mask shape] of samples x [N,...sample] in pixel space. */
  explain(x: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
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
  const name = typeof source === 'string' ? `Explainer '${source}'` : 'Explainer';
  const bytes = typeof source === 'string' ? await readBytes(source, 'Explainer') : source;
  const { metadata, graph } = decodeModel(bytes, name);
  if (metadata['lan-onnx.kind'] !== 'explainer')
    throw new LanError(
      'usage',
      `${name}: is no LAN that lan-onnx train has written${metadata['lan-onnx.kind'] ? ` (its kind is ${metadata['lan-onnx.kind']})` : ''}.`,
    );
  if (metadata['lan-onnx.sha256'] !== classifier.source.sha256)
    throw new LanError(
      'usage',
      `${name}: was trained for another model, '${metadata['lan-onnx.model']}' (sha256 ${metadata['lan-onnx.sha256']?.slice(0, 12)}, here ${classifier.source.sha256.slice(0, 12)}). Train one for this model.`,
    );
  const dims = graph.inputs[0]?.dims?.slice(1);
  if (dims?.join() !== classifier.sampleShape.join())
    throw new LanError(
      'usage',
      `${name}: takes samples of [${dims?.join(',')}], the model [${classifier.sampleShape.join(',')}].`,
    );
  const session = await openSession(bytes, options);
  return {
    settings: JSON.parse(metadata['lan-onnx.settings']!) as ExplainerSettings,
    explain: async (x) => (await session.run({ [X]: x }, [MASK]))[MASK]!,
    dispose: () => session.dispose(),
    [asyncDispose]: () => session.dispose(),
  };
}
