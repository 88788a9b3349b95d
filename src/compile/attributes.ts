// The attributes of a file's node against those that its op takes: one of another name or kind is refused before any rule reads it.
import type { AttributeKind, OpAdapter } from '../../adapters/op.js';
import { own } from '../core/own.js';
import type { Node } from '../onnx/graph.js';
import { refuse } from './static.js';

const WORDS: Readonly<Record<AttributeKind, string>> = {
  float: 'a float',
  int: 'a whole number',
  string: 'a string',
  tensor: 'a tensor',
  graph: 'a graph',
  floats: 'a list of floats',
  ints: 'a list of whole numbers',
  strings: 'a list of strings',
  tensors: 'a list of tensors',
  graphs: 'a list of graphs',
  opaque: 'of a type that is not read',
  reference: 'a reference to an attribute of a function, outside of one',
};

/** Of control flow and sequences, which have no adapter. */
const CONTROL: Readonly<Record<string, AttributeKind>> = {
  body: 'graph',
  then_branch: 'graph',
  else_branch: 'graph',
  num_scan_inputs: 'int',
  directions: 'ints',
  scan_input_axes: 'ints',
  scan_input_directions: 'ints',
  scan_output_axes: 'ints',
  scan_output_directions: 'ints',
  axis: 'int',
  new_axis: 'int',
  keepdims: 'int',
};

/** Throws a Refusal that names the first attribute that `adapter` does not know, or takes as another kind; without one, that control flow takes so. */
export function checkAttributes(node: Node, adapter: OpAdapter | undefined): void {
  for (const [name, { kind }] of Object.entries(node.attributes)) {
    const told = adapter ? [own(adapter.attributes, name)?.kind, own(adapter.legacy ?? {}, name)] : [own(CONTROL, name)];
    const wanted = told.filter((w) => w !== undefined);
    if (adapter && wanted.length === 0) refuse(node, `attribute '${name}' is not understood`);
    if (wanted.length > 0 && !wanted.includes(kind))
      refuse(node, `expected attribute '${name}' to be ${wanted.map((w) => WORDS[w]).join(' or ')}, received ${WORDS[kind]}`);
  }
}
