// What a model's output is explained as: classes, or one value a sample.
import { LanError } from '../core/errors.js';
import { isOfLabels, type OutputKind, type ReadAs, type Task } from './output-kind.js';
import { isOneSided, type ValueRange } from './value-range.js';

export type { ReadAs, Task };

/** How an output is read: as its kind, or as the value of a regression. */
export const readAs = ({ task, outputKind }: { readonly task: Task; readonly outputKind: OutputKind }): ReadAs =>
  task === 'regression' ? 'value' : outputKind;

/** Throws LanError where a model that was opened as a regression is given to what takes classes; `what` begins the sentence: `A score counts classes`. */
export function requireClasses(
  { task, source }: { readonly task: Task; readonly source: { readonly name: string; readonly card?: { readonly task?: Task } } },
  what: string,
): void {
  if (task !== 'regression') return;
  throw new LanError(
    'unsupported',
    `${source.name}: its output is a value (\`task: 'regression'\`, as ${source.card?.task === task ? 'its card or folder says' : 'was asked for'}). ${what}, which a regression does not have.`,
    "Where the output is the logit of a class, say so: `outputKind` 'logits'; audit explains regressions.",
  );
}

/** Throws LanError where `task: 'regression'` is asked of an output that does not hold one number a sample, or comes with an `outputKind`. */
export function requireOneValue(
  model: string,
  { name, shape }: { readonly name: string; readonly shape: readonly number[] },
  values: number,
): void {
  if (values === 1) return;
  throw new LanError(
    'usage',
    `${model}: \`task: 'regression'\` explains one number a sample, and its output '${name}' [${shape.join(',')}] holds ${values}.`,
    'Choose another `output`, or cut the model down to the number of interest.',
  );
}

/**
 * Throws LanError where the output is one number a sample and nobody said what it is: Softmax of one number is 1 whatever the number, and as a class it
 * would always be the same.
 */
export function requireDeclared(
  model: string,
  output: string,
  {
    outputKind,
    said,
    labels,
    range,
  }: {
    readonly outputKind: OutputKind;
    readonly said: OutputKind | undefined;
    readonly labels: number;
    readonly range: ValueRange;
  },
): void {
  if (outputKind === 'logits' && (said === 'logits' || labels === 2) && isOneSided(range))
    throw new LanError(
      'unsupported',
      `${model}: its output '${output}' is never ${range.low >= 0 ? 'less' : 'more'} than 0, by the last ops of its graph, so that as a logit it is always the same class.`,
      'Export the model with the logit itself, or with its Sigmoid.',
    );
  if (isOfLabels(outputKind) || (outputKind === 'logits' && (said === 'logits' || labels === 2))) return;
  throw new LanError(
    'unsupported',
    outputKind === 'logits'
      ? `${model}: its output '${output}' is one number a sample and does not end in a Sigmoid: the logit of a class, or a regression, which the file does not tell.`
      : `${model}: its output '${output}' is one number a sample, which as ${outputKind} is always the same class.`,
    "Where it is a logit, say so: `outputKind` 'logits', or two `labels` (for no and for yes). Where it is a regression, audit explains it with `task: 'regression'`.",
  );
}
