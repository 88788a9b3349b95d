// inspect and check: what a file holds, and whether its conversion computes what onnxruntime does; of a path, bytes, or an opened model's file.
import { check as checkFile, type CheckOptions, type CheckResult } from '../check/check.js';
import { inspect as inspectFile, type Inspection, type InspectOptions } from '../model/inspect.js';
import type { Classifier } from '../model/open.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { internals, isFile, type ModelLike } from './opened.js';

/**
 * What an ONNX file holds, and what can be done with each of its ops; nothing of it is run but its shape arithmetic. An opened model is looked at
 * in the shapes and with the ops that it was opened with. Unsupported ops are part of the result (`problems`). Throws LanError (`model`) for an unsound file.
 *
 * @example
 * const { ops, parameters, problems } = await inspect('model.onnx');
 */
export async function inspect(model: ModelLike, options: InspectOptions = {}): Promise<Inspection> {
  refuseUnknown('inspect', options, NAMES.inspect);
  if (isFile(model)) return inspectFile(model, options);
  const opened = internals(model);
  return inspectFile(fileOf(opened), { ...asOpened(opened), ...options });
}

/**
 * Compares the converted model with onnxruntime on the original bytes: outputs, then gradients engine against engine and against central
 * differences. An opened model is checked in the shapes and with the card that it was opened with, on engines of the check's own; what its other
 * inputs are fed is given anew (`feeds`). A disagreement is a result (`agrees: false`), not an error.
 *
 * Throws LanError (`model`) for an unsound file, (`unsupported`) naming all ops that cannot be run, (`input`, `shape`) for inputs that do not fit.
 *
 * @example
 * const { agrees, outputs, gradients } = await check('model.onnx', { samples: 4 });
 */
export async function check(model: ModelLike, options: CheckOptions = {}): Promise<CheckResult> {
  refuseUnknown('check', options, NAMES.check);
  if (isFile(model)) return checkFile(model, options);
  const classifier = internals(model);
  const { input, output, hookPoint, card, cardAssumed, cardGiven } = classifier;
  const opened = {
    ...asOpened(classifier),
    input: input.name,
    output: output.name,
    at: hookPoint?.name,
    // What was assumed at opening is assumed again, aloud.
    ...(card ? { card: { input: cardAssumed ? cardGiven : card } } : {}),
  };
  return checkFile(fileOf(classifier), { ...opened, ...options });
}

const fileOf = ({ source }: Classifier): string | Uint8Array => source.path ?? source.bytes;

// Ops of plug-ins are among the adapters.
const asOpened = ({ inputs, adapters }: Classifier) => ({
  shapes: Object.fromEntries(inputs.map((i) => [i.name, i.shape])),
  adapters,
});
