// The value inside a model at which a mask lies or gradients are taken.
import { between, firstFloat, hasSkipPath } from '../compile/cut.js';
import { LanError } from '../core/errors.js';
import { isFloat } from '../core/tensor.js';
import { inlineFunctions } from '../onnx/functions.js';
import type { Graph, Model, ValueInfo } from '../onnx/graph.js';
import { rowsOf } from './random-inputs.js';
import { explainedInput, INTEGER, type SelectionOptions } from './selection.js';

/** Where the mask lies, when not on the input itself. */
export interface HookPoint {
  readonly name: string;
  /** With the batch axis. */
  readonly dims: readonly number[];
  /** True where a path leads from the input to the output without this value; along it a sample keeps its own values. */
  readonly hasSkipPath: boolean;
  /** True where the input is one integer per token and the value a vector for each: [N,T] and [N,T,E]. */
  readonly tokens: boolean;
}

/**
 * The hook point of a static graph: `at`, or where integers first become floats; undefined: the input itself. `named`: is this a value of the file?
 * Throws LanError when there is no such value, or it does not lie between the input and the output.
 */
export function chooseHookPoint(
  graph: Graph,
  input: ValueInfo,
  output: string,
  at: string | undefined,
  named: (value: string) => boolean,
  model: string,
): HookPoint | undefined {
  if (at === input.name && isFloat(input.type)) return undefined;
  if (at === undefined && isFloat(input.type)) return undefined;
  const name = at ?? firstFloat(graph, input.name, output, named);
  if (name === undefined)
    throw new LanError(
      'input',
      `${model}: no value of floats lies between its input '${input.name}' (${input.type}) and its output '${output}', so there is no place for a mask.`,
    );
  const path = between(graph, input.name, output);
  const type = graph.types.get(name);
  if (!path.includes(name) || type?.type !== 'float32' || name === output) {
    const usable = path.filter((v) => graph.types.get(v)?.type === 'float32' && named(v) && v !== output);
    const shown = usable.slice(0, 8).map((v) => `'${v}'`).join(', '); // prettier-ignore
    const more = usable.length > 8 ? ` and ${usable.length - 8} more` : '';
    const why = !named(name)
      ? `${model} has no value '${name}'`
      : name === output || !path.includes(name)
        ? `'${name}' does not lie between the input '${input.name}' and the output '${output}', or is folded away`
        : `'${name}' is ${type?.type}, not float`;
    throw new LanError('input', `\`at\`: ${why}.`, `Choose one of: ${shown}${more}.`);
  }
  const ids = input.dims as number[];
  const { dims } = type;
  const tokens = !isFloat(input.type) && dims.length === 3 && ids.length === 2 && dims[0] === ids[0] && dims[1] === ids[1];
  return { name, dims, hasSkipPath: hasSkipPath(graph, name, input.name, output), tokens };
}

/** Where a check takes gradients. */
export interface GradientHookPoint extends HookPoint {
  /** The input of integers behind which it is the first value of floats; absent where `at` named it. */
  readonly behind?: string;
}

/**
 * Where a check takes gradients when not by the float inputs: at `at`; where all inputs are integers, at the first float value that depends on one
 * of them. Those that look rows up come first: behind a mask lies little, and the output hangs on it steeply. Undefined where there is no such value.
 * Throws LanError as chooseHookPoint does.
 */
export function gradientHookPoint(
  graph: Graph,
  output: string,
  { at, input: wanted }: Pick<SelectionOptions, 'at' | 'input'>,
  named: (value: string) => boolean,
  model: string,
): GradientHookPoint | undefined {
  const inputs = wanted === undefined ? graph.inputs : graph.inputs.filter((i) => i.name === wanted);
  const [first] = inputs;
  if (at !== undefined) {
    const leads = inputs.find((i) => i.name === at || between(graph, i.name, output).includes(at)) ?? explainedInput(inputs, undefined, model) ?? first; // prettier-ignore
    return leads && chooseHookPoint(graph, leads, output, at, named, model);
  }
  if (inputs.some((i) => isFloat(i.type))) return undefined;
  const integers = inputs.filter((i) => INTEGER.test(i.type ?? ''));
  const looksUp = (i: ValueInfo): boolean => rowsOf(graph, i.name) !== undefined;
  for (const input of [...integers.filter(looksUp), ...integers.filter((i) => !looksUp(i))]) {
    const name = firstFloat(graph, input.name, output, named);
    if (name === undefined || name === output) continue;
    const found = chooseHookPoint(graph, input, output, name, named, model);
    return found && { ...found, behind: input.name };
  }
  return undefined;
}

/** Tells the values of the file from those that this project made. */
export function namedIn(model: Model): (value: string) => boolean {
  const names = new Set(inlineFunctions(model).graph.nodes.flatMap((n) => n.outputs));
  return (value) => names.has(value);
}

/** What was decided about the hook point, for the user. */
export function hookPointNotes({ name, dims, hasSkipPath }: HookPoint, input: string, at: string | undefined): string[] {
  const where = at === undefined ? `, the first float value that depends on '${input}'` : '';
  return [
    `the mask lies on the value '${name}' [${dims.join(',')}]${where}`,
    ...(hasSkipPath
      ? [
          `a path from '${input}' to the output skips '${name}': along it each sample keeps its own values, so each is compiled by itself`,
        ]
      : []),
  ];
}
