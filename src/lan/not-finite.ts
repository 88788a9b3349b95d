// Why a loss is no number any more: the gradient of a node, or else the steps that were too long.
import type { OpAdapter } from '../../adapters/op.js';
import { differentiate, gradientOf, gradientPath } from '../compile/differentiate.js';
import { LanError } from '../core/errors.js';
import { isFiniteTensor, type Tensor } from '../core/tensor.js';
import type { Engine } from '../engine/engine.js';
import { nodeLabel, type Graph } from '../onnx/graph.js';

/**
 * The node, nearest to the loss, whose gradient is not finite though that of its outputs is, at these feeds (every input of `graph`): `Sqrt 'root'`.
 * Undefined where every gradient is finite, or the graph cannot be asked.
 */
export async function firstInfiniteGradient(
  engine: Engine,
  adapters: readonly OpAdapter[],
  graph: Graph,
  loss: string,
  parameters: readonly string[],
  feeds: Readonly<Record<string, Tensor>>,
): Promise<string | undefined> {
  const path = gradientPath(graph, loss, parameters);
  const values = [...parameters, ...path.flatMap((n) => n.outputs).filter((o) => o !== '' && o !== loss)];
  try {
    const backward = differentiate(graph, { of: loss, wrt: values.map((name) => ({ name, as: gradientOf(name) })) }, adapters);
    const program = await engine.compile(backward);
    try {
      const gradients = await program.run(feeds);
      const gradientAt = (value: string): Tensor | undefined => gradients[gradientOf(value)];
      // All users of a value come after it: the last bad value got its gradient from sound ones, so that one of its users made it so.
      const bad = values.findLast((value) => gradientAt(value) && !isFiniteTensor(gradientAt(value)!));
      const users = path.filter((n) => bad !== undefined && n.inputs.includes(bad));
      return users.length === 0 ? undefined : users.map(nodeLabel).join(' or ');
    } finally {
      await program.dispose();
    }
  } catch {
    // A diagnosis that fails must not hide what is being diagnosed.
    return undefined;
  }
}

/**
 * What is wrong where the loss is no number at `step` (from 0): the model's values (nothing has moved before the first step), its gradient at `node`
 * in the step before, or the steps. `became`: "loss became NaN".
 */
export function notFinite(became: string, step: number, node: string | undefined): LanError {
  const problem = `The ${became} at step ${step}`;
  if (step === 0)
    return new LanError(
      'numbers',
      `${problem}, before anything was learned: the model's output is not finite for inputs mixed with noise.`,
      'Choose another `noise`, whose values the model can take, and look for values out of range in the data.',
    );
  if (node !== undefined)
    return new LanError(
      'numbers',
      `${problem}: the model's gradient at ${step === 1 ? 'the first step' : `step ${step - 1}`} is not finite; it stops being so at ${node}.`,
      'No learning rate helps: choose another `noise`, or change the model there (a square root or a logarithm at 0, say).',
    );
  return new LanError('numbers', `${problem}.`, "Lower `learningRate`, or check the model's output for NaN on noise.");
}
