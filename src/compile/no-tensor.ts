// Outputs of a file that are sequences or optional values: what stands beside them can be run and differentiated, they cannot.
import type { Graph, Node } from '../onnx/graph.js';

/** Ops whose outputs are no tensors, for files that do not declare what an output is. */
const MAKERS = new Set([
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceErase',
  'SequenceInsert',
  'SequenceMap',
  'SplitToSequence',
  'Optional',
]);

/** Names of the outputs that are no tensors, unless all are; a ZipMap's, for which the numbers that it is made of can stand, are not among them. */
export function noTensors({ nodes, outputs }: Graph): ReadonlySet<string> {
  const makers = new Map(nodes.flatMap((n) => n.outputs.map((o): [string, Node] => [o, n])));
  // Nodes stand in any order and a hostile file may run in a circle.
  const maker = (name: string): string => {
    let node = makers.get(name);
    for (let steps = nodes.length; node?.op === 'Identity' && steps > 0; steps--) node = makers.get(node.inputs[0] ?? '');
    return node?.op ?? '';
  };
  const odd = outputs.filter(({ name, kind }) => {
    const op = maker(name);
    return MAKERS.has(op) || (kind === 'other' && op !== 'ZipMap');
  });
  return new Set(odd.length < outputs.length ? odd.map((o) => o.name) : []);
}
