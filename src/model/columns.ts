// Models that take the columns of a table by inputs of their own, as pipelines of data frames are exported: joined into one input, a row of the table.
import { DATA_TYPE } from '../../adapters/op.js';
import { comparedWith } from '../compile/strings.js';
import { int64, isFloat } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import { inlineFunctions } from '../onnx/functions.js';
import { reads, type Graph, type Model, type ValueInfo } from '../onnx/graph.js';

/** A column of a table that a model takes. */
export interface Column {
  /** Of the input; absent where one input takes several. */
  readonly name?: string;
  /** The file takes whole numbers or categories, between which there is nothing. */
  readonly whole: boolean;
  /** The categories that the model knows, where the column holds strings: it is fed their number here, and one more for any other. */
  readonly categories?: readonly string[];
}

/** What messages call the column that is the `i`-th of all, from 0. */
export const columnName = ({ name }: Column, i: number): string => (name === undefined ? `column ${i + 1}` : `'${name}'`);

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
  return width === 1 || type === 'string' || isFloat(type) ? width : undefined;
}

/** Every category that is named anywhere: which column knows which is not told by the file. */
function categoriesIn(graph: Graph): string[] {
  const compared = new Set(graph.nodes.filter((n) => n.op === 'Equal').flatMap(reads));
  const constants = [...graph.constants].filter(([name, { type }]) => compared.has(name) && type === 'string');
  return [
    ...new Set([...graph.nodes.flatMap(comparedWith), ...constants.flatMap(([, { data }]) => data as readonly string[])]),
  ].sort();
}

/** What stands for a category that the model does not know; not one of `known`. */
function stranger(known: readonly string[]): string {
  let name = '?';
  while (known.includes(name)) name += '?';
  return name;
}

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
  const g = new GraphBuilder(graph.name);
  g.reserve([...fed.map((i) => i.name), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => [...n.outputs, ...reads(n)])]);
  const rows = fed.map(({ dims }) => dims![0]!).find((d) => typeof d === 'number') ?? 'N';
  const total = (widths as number[]).reduce((a, b) => a + b, 0);
  const row = g.input(g.fresh(ROW), 'float32', [rows, total]);
  const known = fed.some((i) => i.type === 'string') ? categoriesIn(graph) : [];
  const columns: Column[] = [];
  fed.forEach(({ name, type, dims }, i) => {
    const width = widths[i]!;
    const indices = Array.from({ length: width }, (_, j) => columns.length + j);
    const which = g.constant(dims!.length === 1 ? int64(indices, []) : int64(indices));
    if (type === 'float32') g.append('Gather', [row, which], [name], { axis: 1 });
    else {
      const values = g.op('Gather', [row, which], { axis: 1 });
      if (type === 'string')
        g.append('LabelEncoder', [g.cast(values, DATA_TYPE.int64!)], [name], { keys_int64s: Array.from(known.keys()), values_strings: known, default_string: stranger(known) }, 'ai.onnx.ml'); // prettier-ignore
      else g.append('Cast', [values], [name], { to: DATA_TYPE[type!]! });
    }
    const column = { whole: !isFloat(type), ...(type === 'string' ? { categories: known } : {}) };
    for (let j = 0; j < width; j++) columns.push(width === 1 ? { name, ...column } : column);
  });
  const opsets = new Map([...model.opsets, ['', opset]] as const);
  if (known.length > 0) opsets.set('ai.onnx.ml', Math.max(2, opsets.get('ai.onnx.ml') ?? 2));
  const constants = new Map([...graph.constants, ...g.constants]);
  return {
    model: { ...model, opsets, graph: { ...graph, inputs: g.inputs, constants, nodes: [...g.nodes, ...graph.nodes] } },
    columns,
  };
}
