// One whole step of learning a mask (Eq. 4) as one ONNX file: corruption, model, loss, backward pass and Adam.
import { descentGraph, FLOOR, SCALE, type StateNames } from '../compile/descend.js';
import { ADAM } from '../core/adam.js';
import { LanError } from '../core/errors.js';
import { objectiveOf, settingsFor } from '../explain/objective.js';
import type { Objective } from '../lan/objective.js';
import type { Preset } from '../lan/choices.js';
import type { LanSettings } from '../lan/settings.js';
import type { Classifier } from '../model/open.js';
import { questionText, type Question } from '../model/question.js';
import { requireClasses } from '../model/task.js';
import type { Graph } from '../onnx/graph.js';
import { asExportError } from './gradient.js';
import { cardNotes, publish, sampleMeaning, type ExportedModel, type Published } from './publish.js';

/** Which objective the exported step lowers. */
export interface ExportStepOptions {
  readonly preset?: Preset;
  /** Those that shape the objective decide (draws, maskShape, maskGrids, outputLoss); the others are noted in the file as defaults. */
  readonly settings?: { readonly [K in keyof LanSettings]?: LanSettings[K] | undefined };
  /** Which class is explained; absent: the answer. */
  readonly question?: Question;
}

/**
 * Inputs of the file: `x`, `eta`, `target`, `beta`, `binary`, `adam_scale`, `adam_floor`, and per parameter (`theta`, or `theta_0`, `theta_1` ... one a grid)
 * itself and its moments `<p>_m`, `<p>_v`; all float32, zeros before the first step. Outputs: `loss`, `output_loss`, `mask_mean`, `mask`, `soft_mask` and
 * `outputs` before the step, and per parameter `<p>_next`, `<p>_m_next`, `<p>_v_next`, to be fed next. Shapes as in buildObjective.
 * Throws LanErrors naming every op without a gradient rule, LanErrors for further inputs without feeds (these become constants of the file), LanError as buildObjective does.
 */
export async function exportStep(classifier: Classifier, options: ExportStepOptions = {}): Promise<ExportedModel> {
  const { hookPoint, source } = classifier;
  requireClasses(classifier, 'A step is exported for answers in classes');
  if (hookPoint?.hasSkipPath)
    throw new LanError(
      'unsupported',
      `${source.name}: a path goes round '${hookPoint.name}', so a step there belongs to one sample and cannot be exported.`,
      'Choose another `at`.',
    );
  const { question } = options;
  const settings = settingsFor(classifier, options.preset, options.settings, question);
  const objective = await objectiveOf(classifier, settings, question);
  const { graph, state } = step(classifier, objective);
  const meanings = inputMeanings(classifier, settings, question);
  const { draws, maskShape, maskGrids, outputLoss, sharpen, learningRate, iterations, schedule, start } = settings;
  return publish(classifier, graph, {
    kind: 'step',
    inputs: [
      ...Object.entries(meanings).map(([value, meaning]): Published => {
        const as = { [SCALE]: 'adam_scale', [FLOOR]: 'adam_floor' }[value] ?? value;
        return { value, as, own: true, meaning };
      }),
      ...state.flatMap((s) => states(s, 'now')),
    ],
    outputs: [
      { value: 'loss', as: 'loss', own: true, meaning: 'output_loss - beta * mask_mean, before the step' },
      {
        value: 'output_loss',
        as: 'output_loss',
        own: true,
        meaning: `${outputLoss} of the outputs with target, mean over the draws`,
      },
      { value: 'mask_mean', as: 'mask_mean', own: true, meaning: 'mean of the mask' },
      {
        value: 'mask',
        as: 'mask',
        own: true,
        meaning: 'the mask before the step, in [0,1]: 1 = replaceable by noise, 0 = needed',
      },
      {
        value: 'soft_mask',
        as: 'soft_mask',
        own: true,
        meaning: 'the mask before it is rounded: how soon each element stops being needed',
      },
      {
        value: 'outputs',
        as: 'outputs',
        own: true,
        meaning:
          'log-probabilities of the corrupted inputs before the step, a row a draw: those in which the answer is still the largest have kept it',
      },
      ...state.flatMap((s) => states(s, 'next')),
    ],
    settings: {
      draws,
      maskShape,
      maskGrids,
      outputLoss,
      ...(hookPoint ? { at: hookPoint.name } : { card: classifier.card }),
      outputKind: classifier.outputKind,
      ...question,
      // The first parameter starts as the logit of `start`, the others and all moments as zeros.
      defaults: { betas: settings.betas, maskValues: settings.maskValues, learningRate, iterations, schedule, start, sharpen },
    },
    notes: hookPoint ? [] : cardNotes(classifier),
  });
}

function step(classifier: Classifier, { graph, parameters }: Objective): { graph: Graph; state: StateNames[] } {
  try {
    return descentGraph(graph, 'loss', parameters, classifier.adapters);
  } catch (error) {
    throw asExportError(error, classifier);
  }
}

/** By name in the graph, in the order of the file. */
function inputMeanings(classifier: Classifier, { betas }: LanSettings, question: Question | undefined): Record<string, string> {
  const { beta1, beta2, epsilon } = ADAM;
  const root = `sqrt(1 - ${beta2}^t)`;
  const classes = classifier.severalLabels ? 'probabilities p, then 1 - p' : 'probabilities';
  return {
    x: `the input to explain: ${sampleMeaning(classifier)}`,
    eta: 'noise in the space of x, drawn anew for each step',
    target: question
      ? `what to keep: the probability at x of ${questionText(question, classifier.labels)}, or a greater one, then 1 minus it`
      : `the answer to keep: the model's ${classes} at x, or a sharpened form of them`,
    binary:
      '1: the mask is rounded to 0 or 1, its gradient that of the mask before it is rounded (straight-through); 0: it is not, as in the first third of the steps of a binary mask',
    beta: `how much noise is worth: weight of mask_mean; by default ${betas.join(', ')}, and up to twice that while the mask is rounded and \`outputs\` keep the answer`,
    [SCALE]: `learning_rate * ${root} / (1 - ${beta1}^t) at step t = 1, 2, ...`,
    [FLOOR]: `${epsilon} * ${root}`,
  };
}

function states(s: StateNames, which: 'now' | 'next'): Published[] {
  const suffix = which === 'next' ? '_next' : '';
  const p = s.parameter;
  const meanings =
    which === 'next'
      ? [`${p} after the step`, `${p}_m after the step`, `${p}_v after the step`]
      : [`logits of the mask, which is the sigmoid of them (grown to full size, and summed where there are several): zeros at first, the first of them ln(start / (1 - start))`, `Adam's first moment of ${p}`, `Adam's second moment of ${p}`]; // prettier-ignore
  const names = [p, `${p}_m`, `${p}_v`];
  return s[which].map((value, i) => ({ value, as: `${names[i]!}${suffix}`, meaning: meanings[i]! }));
}
