// Models that take the columns of a table by inputs of their own, as pipelines of data frames are exported: joined into one input, a row of the table.
import { DATA_TYPE } from '../../adapters/op.js';
import { int64, type DType, type Tensor } from '../core/tensor.js';
import { inlineFunctions } from '../onnx/functions.js';
import { reads, type Attribute, type Graph, type Model, type Node, type ValueInfo } from '../onnx/graph.js';

/** A column of a table that a model takes. */
export interface Column {
  /** Of the input; absent where one input takes several. */
  readonly name?: string;
  /** The file takes whole numbers or categories, between which there is nothing. */
  readonly whole: boolean;
  /** The categories that the model knows, where the column holds strings: it is fed their number here, and one more for any other. */
  readonly categories?: readonly string[];
}

/** A model with one input in place of several. */
export interface Joined {
  readonly model: Model;
  /** In the order of the input. */
  readonly columns: readonly Column[];
}

/** The input of a joined model: float32 [N, columns]. */
export const ROW = 'row';

/** Columns that one input takes: 1 of [N,1] and [N]. Undefined where it is none of a table. */
function widthOf({ kind, type, dims }: ValueInfo): number | undefined {
  if (kind !== 'tensor' || !type || !dims || dims.length === 0 || dims.length > 2) return undefined;
  if (type !== 'string' && DATA_TYPE[type] === undefined) return undefined;
  const [, width = 1] = dims;
  if (typeof width !== 'number' || width < 1) return undefined;
  // Rows of whole numbers are ids of tokens.
  return width === 1 || type === 'string' || /float/.test(type) ? width : undefined;
}

/** Strings that a node compares with. */
const STRINGS = ['cats_strings', 'keys_strings'];

/** Every category that is named anywhere: which column knows which is not told by the file. */
function categoriesIn(graph: Graph): string[] {
  const ofNode = ({ attributes }: Node): readonly string[] =>
    STRINGS.flatMap((name) => {
      const attribute = attributes[name];
      return attribute?.kind === 'strings' ? attribute.value : [];
    });
  const compared = new Set(graph.nodes.filter((n) => n.op === 'Equal').flatMap(reads));
  const constants = [...graph.constants].filter(([name, { type }]) => compared.has(name) && type === 'string');
  return [...new Set([...graph.nodes.flatMap(ofNode), ...constants.flatMap(([, { data }]) => data as readonly string[])])].sort();
}

/** What stands for a category that the model does not know; not one of `known`. */
function stranger(known: readonly string[]): string {
  let name = '?';
  while (known.includes(name)) name += '?';
  return name;
}

const int = (value: number): Attribute => ({ kind: 'int', value });

/**
 * The model with one input `row`, float32 [N, columns], where it has several that each take one column of a table ([N,1], [N]) or a few; undefined where it
 * has not. Columns of strings are fed as the number of their category.
 */
export function joinColumns(from: Model): Joined | undefined {
  const model = inlineFunctions(from);
  const { graph } = model;
  const fed = graph.inputs.filter((i) => !graph.constants.has(i.name));
  const widths = fed.map(widthOf);
  // Definitions of Cast before opset 6 are others, and LabelEncoder-1 is another op.
  const opset = model.opsets.get('') ?? 13;
  const old = (model.opsets.get('ai.onnx.ml') ?? 2) < 2 && graph.nodes.some((n) => n.op === 'LabelEncoder');
  if (fed.length < 2 || widths.includes(undefined) || opset < 9 || old) return undefined;
  const taken = new Set([...fed.map((i) => i.name), ...graph.nodes.flatMap((n) => [...n.outputs, ...reads(n)])]);
  const fresh = (name: string): string => {
    let own = name;
    while (taken.has(own)) own += '_';
    taken.add(own);
    return own;
  };
  const row = fresh(ROW);
  const known = fed.some((i) => i.type === 'string') ? categoriesIn(graph) : [];
  const constants = new Map<string, Tensor>(graph.constants);
  const nodes: Node[] = [];
  const add = (op: string, inputs: string[], to: string, attributes: Record<string, Attribute>, domain = ''): string => {
    nodes.push({ op, domain, name: '', inputs, outputs: [to], attributes });
    return to;
  };
  const columns: Column[] = [];
  fed.forEach((input, i) => {
    const { name, type, dims } = input as ValueInfo & { type: DType; dims: readonly unknown[] };
    const width = widths[i]!;
    const which = fresh(`${name}_columns`);
    const indices = Array.from({ length: width }, (_, j) => columns.length + j);
    constants.set(which, dims.length === 1 ? int64(indices, []) : int64(indices));
    const whole = !/float/.test(type);
    const cast = (value: string, to: string, as: DType): string => add('Cast', [value], to, { to: int(DATA_TYPE[as]!) });
    const gathered = add('Gather', [row, which], type === 'float32' ? name : fresh(`${name}_values`), { axis: int(1) });
    if (type === 'string') {
      const code = cast(gathered, fresh(`${name}_codes`), 'int64');
      const keys: Attribute = { kind: 'ints', value: known.map((_, k) => k) };
      add(
        'LabelEncoder',
        [code],
        name,
        { keys_int64s: keys, values_strings: { kind: 'strings', value: known }, default_string: { kind: 'string', value: stranger(known) } },
        'ai.onnx.ml',
      ); // prettier-ignore
    } else if (type !== 'float32') cast(gathered, name, type);
    for (let j = 0; j < width; j++)
      columns.push({ ...(width === 1 ? { name } : {}), whole, ...(type === 'string' ? { categories: known } : {}) });
  });
  const rows = fed.map(({ dims }) => dims![0]!).find((d) => typeof d === 'number') ?? 'N';
  const inputs: ValueInfo[] = [{ name: row, kind: 'tensor', type: 'float32', dims: [rows, columns.length] }];
  const opsets = new Map([...model.opsets, ['', opset]] as const);
  if (known.length > 0) opsets.set('ai.onnx.ml', Math.max(2, opsets.get('ai.onnx.ml') ?? 2));
  return { model: { ...model, opsets, graph: { ...graph, inputs, constants, nodes: [...nodes, ...graph.nodes] } }, columns };
}
