// What the numbers of a model's output are.

/** `classification`: the answer is a class, or labels. `regression`: it is one number a sample, taken as it is. */
export type Task = 'classification' | 'regression';

/**
 * What a model's output holds. Scores of classes of which one holds: `logits`, `probabilities`, `log-probabilities`. Of labels of which several may: `sigmoid`, the
 * probability of each, and `sigmoid-logits`, the numbers that a Sigmoid makes those of.
 */
export type OutputKind = 'logits' | 'probabilities' | 'log-probabilities' | 'sigmoid' | 'sigmoid-logits';

/** All of them. */
export const OUTPUT_KINDS = [
  'logits',
  'probabilities',
  'log-probabilities',
  'sigmoid',
  'sigmoid-logits',
] as const satisfies readonly OutputKind[];

/** How an output is read: as its kind, or as the value of a regression. */
export type ReadAs = OutputKind | 'value';

/** Are the numbers those of labels of which several may hold, each for itself? */
export const isOfLabels = (kind: ReadAs): kind is 'sigmoid' | 'sigmoid-logits' => kind === 'sigmoid' || kind === 'sigmoid-logits';
