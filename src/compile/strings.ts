// Strings as whole numbers, as far as a graph only moves, compares and looks them up: the categories of a table.
import { LanError } from '../core/errors.js';
import { int64, type Tensor } from '../core/tensor.js';
import { nodeLabel, type Attribute, type Graph, type Node } from '../onnx/graph.js';

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
/** What ONNX has for `default_string` where it is left out. */
const UNUSED = '_Unused';

const holdsStrings = (tensor: Tensor | undefined): boolean => tensor?.type === 'string';

/**
 * The graph with a whole number in place of each different string, from 1 on; the same graph where it looks nothing up by strings. Inputs that hold strings stay
 * so. Throws LanError (`unsupported`) naming the first node that reads strings for anything but their identity.
 */
export function withCodes(graph: Graph): Graph {
  if (!graph.nodes.some((n) => Object.keys(CODED).some((name) => n.attributes[name]))) return graph;
  const codes = new Map<string, number>();
  const codeOf = (text: string): number => {
    if (!codes.has(text)) codes.set(text, codes.size + 1);
    return codes.get(text)!;
  };
  const coded = (tensor: Tensor): Tensor => int64((tensor.data as readonly string[]).map(codeOf), tensor.dims);
  const strings = new Set(graph.inputs.filter((i) => i.type === 'string').map((i) => i.name));
  const constants = new Map<string, Tensor>();
  for (const [name, tensor] of graph.constants) {
    if (holdsStrings(tensor)) strings.add(name);
    constants.set(name, holdsStrings(tensor) ? coded(tensor) : tensor);
  }
  const nodes = graph.nodes.map((node): Node => {
    const read = node.inputs.some((i) => strings.has(i));
    if (read && !MOVES.has(node.op) && !READS.has(node.op))
      throw new LanError(
        'unsupported',
        `${nodeLabel(node)}: reads strings, which are understood as categories only: compared, encoded and looked up.`,
        'Cut the model behind it.',
      );
    const attributes = Object.fromEntries(Object.entries(node.attributes).map((entry) => codedAttribute(entry, codeOf)));
    const constant = node.op === 'Constant' ? node.attributes['value'] : undefined;
    if (constant?.kind === 'tensor' && holdsStrings(constant.value)) {
      strings.add(node.outputs[0]!);
      return { ...node, attributes: { value: { kind: 'tensor', value: coded(constant.value) } } };
    }
    const gives = node.attributes['values_strings'] !== undefined;
    if (gives) attributes['default_int64'] = { kind: 'int', value: codeOf(textOf(node.attributes['default_string']) ?? UNUSED) };
    if (gives || (read && MOVES.has(node.op))) for (const output of node.outputs) strings.add(output);
    return { ...node, attributes };
  });
  return { ...graph, nodes, constants };
}

const textOf = (attribute: Attribute | undefined): string | undefined =>
  attribute?.kind === 'string' ? attribute.value : undefined;

function codedAttribute([name, attribute]: [string, Attribute], codeOf: (text: string) => number): [string, Attribute] {
  const as = CODED[name];
  return as && attribute.kind === 'strings' ? [as, { kind: 'ints', value: attribute.value.map(codeOf) }] : [name, attribute];
}
