// What decides the result of an audit, as one number: two audits of the same one give the same masks and evidence.
import { version } from '../core/version.js';
import { pluginIdentity } from '../core/plugin.js';
import type { Tensor } from '../core/tensor.js';
import { sha256 } from '../data/files.js';
import { settingsFor } from '../explain/objective.js';
import type { Classifier } from '../model/open.js';
import type { Question } from '../model/question.js';
import type { AuditOptions, settingsOf } from './audit-options.js';
import { bytesOf } from './inputs.js';

const hashOf = (tensor: Tensor): string => `${tensor.type}[${tensor.dims.join()}] ${sha256(bytesOf(tensor))}`;

/** What a run consists of besides its input. */
export interface RunParts {
  readonly classifier: Classifier;
  readonly options: AuditOptions;
  readonly settings: ReturnType<typeof settingsOf>;
  /** SHA-256 of the explainer's file. */
  readonly explainer: string | undefined;
  /** Name of another method, which gives the masks. */
  readonly method: string | undefined;
  /** Names of those beside it. */
  readonly compare: readonly string[];
  /** What noise is drawn from. */
  readonly samples: Tensor | undefined;
  readonly vocabulary: readonly string[] | undefined;
  /** SHA-256 of the tokenizer's files. */
  readonly tokenizer: string | undefined;
  /** Of this input. */
  readonly groundTruth: Tensor | undefined;
  /** What learning goes on from, for this input. */
  readonly from: Tensor | undefined;
  readonly question: Question | undefined;
}

/**
 * SHA-256 of everything that decides the result for an input: version, model, engine and threads, how pictures go in, what is explained, all settings as
 * resolved, and the content of what noise, explainer and vocabulary were read from. Ops and plug-ins of the caller's own count by their
 * names, and by their files' content where they were loaded from files.
 */
export function runOf(
  {
    classifier,
    options,
    settings,
    explainer,
    method,
    compare,
    samples,
    vocabulary,
    tokenizer,
    groundTruth,
    from,
    question,
  }: RunParts,
  input: string,
): string {
  const { source, engine, adapters, plugins, card, hookPoint, inputs, output, outputKind, task, labels, feeds } = classifier;
  return sha256(
    JSON.stringify({
      version: version(),
      model: source.sha256,
      engine: engine.info,
      ops: adapters.flatMap((a) => a.op),
      plugins: pluginIdentity(plugins),
      card,
      inputs,
      explained: [classifier.input.name, output.name, hookPoint?.name, outputKind, task],
      labels,
      feeds: Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, hashOf(tensor)])),
      settings: settingsFor(classifier, options.preset, settings, question),
      question,
      within: options.within,
      evidenceDraws: options.evidenceDraws,
      sanity: options.sanity ?? false,
      // Files of another look are not those that were asked for.
      colormap: options.colormap,
      explainer,
      method,
      ...(compare.length > 0 && { compare }),
      samples: samples && hashOf(samples),
      vocabulary,
      tokenizer,
      columns: options.columns,
      groundTruth: groundTruth && hashOf(groundTruth),
      ...(from && { from: hashOf(from) }),
      input,
    }),
  );
}
