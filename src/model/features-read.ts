// How many features a classical model takes, where its file leaves their number open: told by the nodes that read them.
import { LanError } from '../core/errors.js';
import { toIntegers } from '../core/tensor.js';
import { inlineFunctions } from '../onnx/functions.js';
import { readersOf, type Graph, type Model, type Node, type ValueInfo } from '../onnx/graph.js';

const ML = 'ai.onnx.ml';
/** Nodes that leave columns in their places, each for itself or all together. Scaler and Imputer do where one number serves all columns. */
const PASSES = new Set(['Identity', 'Cast', 'Dropout', 'Normalizer', 'Binarizer', 'Scaler', 'Imputer']);

/** What one node tells: it takes exactly so many columns, or names some of them, of which the last has this place. */
type Told = { readonly exactly: number } | { readonly named: number } | undefined;

const list = <T>({ attributes }: Node, name: string): readonly T[] => (attributes[name]?.value as readonly T[] | undefined) ?? [];
const whole = ({ attributes }: Node, name: string, otherwise: number): number =>
  (attributes[name]?.value as number | undefined) ?? otherwise;
/** The greatest of a list that may be too long to be spread into arguments. */
const greatest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -1);
const quotient = (numbers: number, rows: number): Told =>
  rows > 0 && numbers > 0 && numbers % rows === 0 ? { exactly: numbers / rows } : undefined;
const several = (count: number): Told => (count > 1 ? { exactly: count } : undefined);

function toldBy(node: Node, value: string, { constants }: Graph): Told {
  const { op, inputs } = node;
  if (op.startsWith('TreeEnsemble')) {
    const modes = list<string>(node, 'nodes_modes');
    return { named: greatest(list<number>(node, 'nodes_featureids').filter((_, i) => modes[i] !== 'LEAF')) };
  }
  if (op === 'Gather' || op === 'ArrayFeatureExtractor') {
    const places = constants.get(inputs[1] ?? '');
    const axis = op === 'Gather' ? whole(node, 'axis', 0) : 1;
    if (!places || inputs[0] !== value || (axis !== 1 && axis !== -1)) return undefined;
    const chosen = toIntegers(places);
    // From the end: all columns matter to which one that is.
    return chosen.some((i) => i < 0) ? undefined : { named: greatest(chosen) };
  }
  if (op === 'LinearClassifier') return quotient(list(node, 'coefficients').length, list(node, 'intercepts').length);
  if (op === 'LinearRegressor') return quotient(list(node, 'coefficients').length, whole(node, 'targets', 1));
  if (op === 'SVMClassifier') {
    const vectors = list<number>(node, 'vectors_per_class').reduce((a, b) => a + b, 0);
    return quotient(list(node, vectors > 0 ? 'support_vectors' : 'coefficients').length, vectors || list(node, 'classlabels_ints').length); // prettier-ignore
  }
  if (op === 'SVMRegressor') {
    const vectors = whole(node, 'n_supports', 0);
    return vectors > 0 ? quotient(list(node, 'support_vectors').length, vectors) : quotient(list(node, 'coefficients').length, 1);
  }
  if (op === 'Scaler') return several(list(node, 'offset').length);
  if (op === 'Imputer') return several(list(node, 'imputed_value_floats').length || list(node, 'imputed_value_int64s').length);
  if (op === 'FeatureVectorizer') {
    const size = list<number>(node, 'inputdimensions')[inputs.indexOf(value)];
    return size === undefined ? undefined : { exactly: size };
  }
  return undefined;
}

/** What is known of the columns of an input: all of a count, or that none behind `named` is read. */
interface Columns {
  /** The node that takes exactly so many. */
  readonly exact?: { readonly node: Node; readonly count: number };
  /** The node that names the last column of those that are named, and its place from 0. */
  readonly last?: { readonly node: Node; readonly place: number };
  /** No node reads columns in another way. */
  readonly all: boolean;
}

function columnsOf(graph: Graph, input: string): Columns {
  const pending = [input];
  const seen = new Set(pending);
  let exact: Columns['exact'];
  let last: Columns['last'];
  const given = new Set(graph.outputs.map((o) => o.name));
  const readers = readersOf(graph.nodes);
  let all = !given.has(input);
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    for (const node of readers.get(value) ?? []) {
      const told = toldBy(node, value, graph);
      if (told && 'exactly' in told) exact ??= { node, count: told.exactly };
      else if (told) last = last && last.place >= told.named ? last : { node, place: told.named };
      else if (PASSES.has(node.op) && !node.outputs.some((o) => given.has(o))) {
        const [next] = node.outputs;
        if (next !== undefined && !seen.has(next)) {
          seen.add(next);
          pending.push(next);
        }
      } else all = false;
    }
  }
  return { exact, last, all };
}

/**
 * Sentences on columns that a classical model (ai.onnx.ml) never reads, where its input leaves the number of features open and `shape` [N,F] binds it; none
 * otherwise. Trees read the features that they name and no others, so that columns which are too many would pass in silence. Throws LanError (`input`) where
 * the nodes tell that there are too few or too many: FeatureVectorizer cuts and fills up, a Scaler spreads one column over its own.
 */
export function columnNotes(
  model: Model,
  input: ValueInfo | undefined,
  shape: readonly number[] | undefined,
  name: string,
): readonly string[] {
  const count = shape?.length === 2 ? shape[1]! : undefined;
  const classical = model.opsets.has(ML) || model.functions.length > 0;
  if (count === undefined || !input || input.dims?.length !== 2 || typeof input.dims[1] === 'number' || !classical) return [];
  const { graph } = inlineFunctions(model);
  const { exact, last, all } = columnsOf(graph, input.name);
  const refuse = (takes: string): never => {
    throw new LanError(
      'input',
      `${name}: ${takes}, and ${count === 1 ? 'one is' : `${count} are`} given to its input '${input.name}'.`,
      'Give as many columns as it was trained on; those of a table are chosen, in its order, by `columns`.',
    );
  };
  if (exact && exact.count !== count)
    refuse(`its ${exact.node.op} takes ${exact.count === 1 ? 'one column' : `${exact.count} columns`}`);
  if (!last) return [];
  const least = last.place + 1;
  const who = last.node.op.startsWith('TreeEnsemble') ? 'its trees read' : `its ${last.node.op} reads`;
  if (count < least) refuse(`${who} feature ${last.place}, so that it takes ${least} columns at least`);
  if (exact || !all || count === least) return [];
  const which = least === 0 ? 'no column' : `no column behind column ${least} (feature ${last.place})`;
  const behind = count - least === 1 ? `column ${count}` : `columns ${least + 1} to ${count}`;
  return [
    `${who} ${which}; ${behind} of ${count} ${count - least === 1 ? 'is' : 'are'} never read. Where the model was trained on fewer columns, choose them, in its order, by \`columns\``,
  ];
}
