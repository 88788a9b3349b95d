// The whole self-deception battery of an audit: what it needs to open a changed model as the audited one was.
import type { Tensor } from '../core/tensor.js';
import type { AuditOptions as ExplainOptions, AuditResult } from '../explain/audit.js';
import { withBattery } from '../explain/battery.js';
import { openModel, type Classifier } from '../model/open.js';

/** The result with the whole battery. `x`: the sample that was audited. See withBattery. */
export const withSanity = (
  classifier: Classifier,
  x: Tensor,
  result: AuditResult,
  options: ExplainOptions,
): Promise<AuditResult> => withBattery(classifier, x, result, { ...options, reopen: (bytes) => reopened(classifier, bytes) });

/** The classifier with the model of `bytes`, which has other weights: of the same shapes, inputs, preprocessing and labels. Throws as openModel does. */
export async function reopened(classifier: Classifier, bytes: Uint8Array): Promise<Classifier> {
  const { adapters, plugins, card, engine, feeds, hookPoint, input, inputs, labels, output, outputKind, task } = classifier;
  return openModel(bytes, {
    // Its ops are among the adapters already.
    adapters,
    plugins: plugins.map(({ ops: _ops, ...rest }) => rest),
    card: { ...(card ? { input: card } : {}), labels, ...(outputKind ? { output: outputKind } : {}) },
    engine: engine.info.name,
    backend: engine.info.backend,
    threads: engine.info.threads,
    shapes: Object.fromEntries(inputs.map(({ name, shape }) => [name, shape])),
    feeds,
    input: input.name,
    output: output.name,
    task,
    at: hookPoint?.name,
    // Its graph is that of a file which was tried, or is trusted.
    trust: true,
  });
}
