// Strings as whole numbers, as far as a graph only moves, compares and looks them up: the categories of a table.
import { LanError } from '../core/errors.js';
import { int64, type Tensor } from '../core/tensor.js';
import { nodeLabel, writes, type Attribute, type Graph, type Node } from '../onnx/graph.js';

/** Ops that do with a code what they do with the string that it stands for. */
const MOVES = new Set([
  ...['Identity', 'Concat', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Expand', 'Tile'],
  ...['Gather', 'GatherElements', 'GatherND', 'Slice', 'Split', 'ArrayFeatureExtractor', 'Where'],
]);
/** Ops that say of strings what they are, and give numbers. */
const READS = new Set(['Equal', 'OneHotEncoder', 'LabelEncoder', 'Shape', 'Size']);

/** Attributes of strings, and what holds their codes. */
const CODED: Readonly<Record<string, string>> = {
  cats_strings: 'cats_int64s',
  keys_strings: 'keys_int64s',
  values_strings: 'values_int64s',
};
/** Ops that hold strings to compare with, or to give. */
const CODED_IN = new Set(['OneHotEncoder', 'LabelEncoder']);
/** What ONNX has for `default_string` where it is left out. */
const UNUSED = '_Unused';

const textsOf = ({ data }: Tensor): readonly string[] => data as readonly string[];

/** The strings that an attribute holds, and their shape; undefined where it holds none. */
function stringsIn(attribute: Attribute | undefined): Tensor | undefined {
  if (attribute?.kind === 'tensor' && attribute.value.type === 'string') return attribute.value;
  if (attribute?.kind === 'strings') return { type: 'string', dims: [attribute.value.length], data: attribute.value };
  return attribute?.kind === 'string' ? { type: 'string', dims: [], data: [attribute.value] } : undefined;
}

/** The strings that a node compares what it reads with. */
export const comparedWith = ({ attributes }: Node): readonly string[] =>
  ['cats_strings', 'keys_strings', 'keys_tensor'].flatMap((name) => {
    const strings = stringsIn(attributes[name]);
    return strings ? textsOf(strings) : [];
  });

/**
 * The graph with a whole number in place of each different string, from 1 on; the same graph where it looks nothing up by strings. Inputs that hold strings stay
 * so. Throws LanError (`unsupported`) naming the first node that reads strings for anything but their identity.
 */
export function withCodes(graph: Graph): Graph {
  if (!graph.nodes.some((n) => CODED_IN.has(n.op) && Object.values(n.attributes).some(stringsIn))) return graph;
  const codes = new Map<string, number>();
  const codeOf = (text: string): number => {
    if (!codes.has(text)) codes.set(text, codes.size + 1);
    return codes.get(text)!;
  };
  const coded = (tensor: Tensor): Tensor => int64(textsOf(tensor).map(codeOf), tensor.dims);
  const strings = new Set(graph.inputs.filter((i) => i.type === 'string').map((i) => i.name));
  const constants = new Map<string, Tensor>();
  for (const [name, tensor] of graph.constants) {
    if (tensor.type === 'string') strings.add(name);
    constants.set(name, tensor.type === 'string' ? coded(tensor) : tensor);
  }
  const nodes = graph.nodes.map((node): Node => {
    const read = node.inputs.some((i) => strings.has(i));
    if (read && !MOVES.has(node.op) && !READS.has(node.op))
      throw new LanError(
        'unsupported',
        `${nodeLabel(node)}: reads strings, which are understood as categories only: compared, encoded and looked up.`,
        'Cut the model behind it.',
      );
    if (node.op === 'Constant') {
      const value = Object.values(node.attributes).map(stringsIn).find(Boolean);
      if (!value) return node;
      strings.add(node.outputs[0]!);
      return { ...node, attributes: { value: { kind: 'tensor', value: coded(value) } } };
    }
    const attributes = CODED_IN.has(node.op) ? codedAttributes(node, codeOf, coded) : node.attributes;
    const gives = stringsIn(node.attributes['values_strings']) ?? stringsIn(node.attributes['values_tensor']);
    if (gives || (read && MOVES.has(node.op))) for (const output of writes(node)) strings.add(output);
    return { ...node, attributes };
  });
  return { ...graph, nodes, constants };
}

/** The attributes with codes in place of strings; of a LabelEncoder that gives strings the code of its default as well. */
function codedAttributes(
  { attributes }: Node,
  codeOf: (text: string) => number,
  coded: (strings: Tensor) => Tensor,
): Node['attributes'] {
  const made = Object.entries(attributes).map(([name, attribute]): [string, Attribute] => {
    const as = CODED[name];
    const strings = stringsIn(attribute);
    if (as && strings) return [as, { kind: 'ints', value: textsOf(strings).map(codeOf) }];
    return strings && attribute.kind === 'tensor' ? [name, { kind: 'tensor', value: coded(strings) }] : [name, attribute];
  });
  const named = stringsIn(attributes['default_string']);
  const otherwise: Attribute = { kind: 'int', value: codeOf(named ? textsOf(named)[0]! : UNUSED) };
  return Object.fromEntries([...made, ...(attributes['values_strings'] ? [['default_int64', otherwise] as const] : [])]);
}
