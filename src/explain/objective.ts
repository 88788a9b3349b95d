// The objective of Eq. 4 for a classifier and its settings: the one that an audit learns with and that a step is exported with.
import type { Classifier } from '../model/open.js';
import { blockedBy } from '../compile/differentiate.js';
import { LanError, LanErrors } from '../core/errors.js';
import { partName, pluggedIn } from '../core/plugin.js';
import { buildObjective, type Objective } from '../lan/objective.js';
import type { Find, Preset } from '../lan/choices.js';
import { refuseUnknownLoss } from '../lan/losses.js';
import { resolveSettings, type LanSettings } from '../lan/settings.js';
import { asQuestion, type Question } from '../model/question.js';
import type { Graph } from '../onnx/graph.js';

/** Graphs of log-probabilities by batch, each made once. */
export type Classify = (batch: number) => Promise<Graph>;

/** See Classifier.logProbabilities. */
export const classifyOnce = (classifier: Classifier): Classify => once((batch) => classifier.logProbabilities(batch));

/** The same graphs; with a question those of its two answers, yes and no [batch,2] (see asQuestion). What is lost is lost to the nearest other class. */
export const asked = (
  classify: Classify,
  { severalLabels }: Classifier,
  question: Question | undefined,
  find: Find = 'keep',
): Classify =>
  question ? once(async (batch) => asQuestion(await classify(batch), question, severalLabels, find === 'delete')) : classify;

function once(make: Classify): Classify {
  const graphs = new Map<number, Promise<Graph>>();
  return (batch) => {
    if (!graphs.has(batch)) graphs.set(batch, make(batch));
    return graphs.get(batch)!;
  };
}

/** Throws LanErrors where no gradient reaches the input, naming what stops it, and as buildObjective does. */
export async function objectiveOf(
  classifier: Classifier,
  settings: LanSettings,
  question?: Question,
  all: Classify = classifyOnce(classifier),
): Promise<Objective> {
  if (classifier.forwardOnly)
    throw new LanError(
      'usage',
      `${classifier.source.name}: is opened with \`engine: 'forward'\`, which takes no gradients, and here they are needed.`,
      'Leave it out.',
    );
  const classify = asked(all, classifier, question, settings.find);
  const graph = await classify(1);
  const blocked = blockedBy(graph, { of: graph.outputs[0]!.name, wrt: graph.inputs.map((i) => i.name) }, classifier.adapters);
  if (blocked.length > 0)
    throw new LanErrors(
      'gradient',
      `${classifier.source.name}: no gradient reaches the input, so no mask can be learned by descent:`,
      blocked.map((b) => b.reason),
      "An audit with `engine: 'forward'` learns the mask from the model's answers alone.",
    );
  return buildObjective({
    classifier: classify,
    specialize: (g) => classifier.specialize(g),
    sampleShape: classifier.sampleShape,
    draws: settings.draws,
    maskShape: settings.maskShape,
    maskGrids: settings.maskGrids,
    outputLoss: settings.outputLoss,
    plugins: classifier.plugins,
    answers: classifier.task === 'regression' ? 'values' : classifier.severalLabels && !question ? 'labels' : 'classes',
    find: settings.find,
  });
}

/**
 * Beta for regressions, whose loss is the squared error in units of the tolerance: a mask of 0 costs nothing, so that at the optimum the error is at
 * most beta. A quarter leaves a root mean square of half the tolerance, within which errors that are normally distributed stay on 95 % of draws.
 */
const VALUE_BETA = 0.25;

/** Steps by forward passes at most. */
const FORWARD_STEPS = 300;

/**
 * Settings for a classifier: one mask value and one other token at a time where the mask lies on vectors of tokens; else as resolveSettings says. Of two
 * classes held against each other beta is that of two classes.
 */
export const settingsFor = (
  classifier: Classifier,
  preset: Preset = 'default',
  given: { readonly [K in keyof LanSettings]?: LanSettings[K] | undefined } = {},
  question?: Question,
): LanSettings => {
  const tokens = classifier.hookPoint?.tokens ? { maskShape: 'token' as const, noise: 'tokens' } : {};
  // Of axes that nobody named, as a picture's are, none is known to be channels that belong together.
  const named = classifier.batched || classifier.hookPoint || classifier.picture?.batched === false;
  const whole = named ? {} : { maskShape: 'full' as const, maskGrids: [] };
  const said = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const { outputLoss = 'squared-error' } = given;
  refuseUnknownLoss(outputLoss, classifier.plugins);
  if (
    classifier.forwardOnly &&
    pluggedIn(classifier.plugins, 'outputLosses').some((l) => partName('outputLosses', l) === outputLoss)
  )
    throw new LanError(
      'usage',
      `\`outputLoss: '${outputLoss}'\` is a plug-in's, which is computed where gradients are, and \`engine: 'forward'\` takes none.`,
      'Leave one of them out.',
    );
  if (classifier.forwardOnly) refuseOfGradients(given, classifier.task);
  if (given.find === 'delete' && given.outputLoss !== undefined)
    throw new LanError(
      'usage',
      "`outputLoss` says how an answer that is kept is compared, and `find: 'delete'` looks for what changes it.",
      'Leave `outputLoss` out.',
    );
  const unsharpened = given.find === 'delete' ? "what changes the answer is looked for, and `find: 'delete'` keeps none" : classifier.task === 'regression' ? 'a value is kept as it is' : undefined; // prettier-ignore
  if (given.sharpen !== undefined && unsharpened)
    throw new LanError(
      'usage',
      `\`sharpen\` makes an unsure answer sure before it is kept; ${unsharpened}.`,
      'Leave `sharpen` out.',
    );
  if (classifier.task === 'regression' && outputLoss !== 'squared-error')
    throw new LanError(
      'usage',
      `\`outputLoss: '${outputLoss}'\` compares probabilities, and a regression has none.`,
      'Leave `outputLoss` out: values are compared by their squared error.',
    );
  const values =
    classifier.task === 'regression'
      ? { outputLoss: 'squared-error' as const, maskValues: 'binary' as const, betas: [VALUE_BETA] }
      : {};
  // Estimates from draws need more of them, and have no grids.
  const forward = classifier.forwardOnly ? { draws: 32, maskGrids: [], iterations: FORWARD_STEPS, learningRate: 0.1 } : {};
  const classes = question?.against === undefined ? classifier.classes : 2;
  const settings = resolveSettings(preset, classifier.sampleShape, classes, {
    ...whole,
    ...tokens,
    ...values,
    ...forward,
    ...said,
  });
  if (settings.keep !== undefined && settings.maskValues === 'soft')
    throw new LanError(
      'usage',
      '`keep` is for binary masks: how much of an input a soft mask replaces is not a number of its elements.',
      "Give `maskValues: 'binary'`, or `beta` in place of `keep`.",
    );
  return settings;
};

/** Throws LanError (`usage`) for what learning by gradients takes and learning by forward passes has not. */
function refuseOfGradients(
  { maskGrids, patience, outputLoss = 'cross-entropy' }: { readonly [K in keyof LanSettings]?: LanSettings[K] | undefined },
  task: Classifier['task'],
): void {
  const refuse = (option: string, why: string): never => {
    throw new LanError('usage', `${option} is without effect with \`engine: 'forward'\`, ${why}.`, 'Leave one of them out.');
  };
  if (maskGrids) refuse('`maskGrids`', 'whose masks of pictures have 14 cells a side at most');
  if (patience) refuse('`patience`', 'which takes all its steps');
  if (task !== 'regression' && outputLoss !== 'cross-entropy')
    refuse(`\`outputLoss: '${outputLoss}'\``, 'which compares answers by their cross-entropy');
}
