// What of a classical model's file is left out: maps and sequences, which JavaScript cannot receive, and labels that no engine needs.
import { noTensors } from '../compile/no-tensor.js';
import { prune, type Graph, type Model } from '../onnx/graph.js';

const isZipMap = (node: Graph['nodes'][number]): boolean => node.op === 'ZipMap' && node.domain === 'ai.onnx.ml';

/**
 * The model with every ZipMap as an Identity, whose output keeps its name and holds the numbers that the map was made of, and without outputs that are sequences or
 * optional. The same where it has none of them.
 */
export function withoutMaps(model: Model): Model {
  const { graph } = model;
  const maps = new Set(graph.nodes.filter(isZipMap).flatMap((n) => n.outputs));
  const odd = noTensors(graph);
  if (maps.size === 0 && odd.size === 0) return model;
  const nodes = graph.nodes.map((n) => (isZipMap(n) ? { ...n, op: 'Identity', domain: '', attributes: {} } : n));
  const outputs = graph.outputs
    .filter((o) => !odd.has(o.name))
    .map((o) => (maps.has(o.name) ? { name: o.name, kind: 'tensor' as const } : o));
  return { ...model, graph: odd.size > 0 ? prune({ ...graph, nodes, outputs }) : { ...graph, nodes, outputs } };
}

/** Sentences on outputs of the file that its canonical graph does not have, or has in another form. */
export function labelNotes({ graph }: Model, canonical: Graph): string[] {
  const kept = new Set(canonical.outputs.map((o) => o.name));
  const left = graph.outputs.filter((o) => !kept.has(o.name));
  const maps = graph.nodes.filter(isZipMap).flatMap((n) => n.outputs);
  const odd = noTensors(graph);
  return [
    ...left.map((o) =>
      o.type === 'string'
        ? `output '${o.name}' is left out: it holds strings`
        : odd.has(o.name)
          ? `output '${o.name}' is left out: it is a sequence or an optional value, and no tensor`
          : `output '${o.name}' (${o.type ?? 'no tensor'}) is left out: what feeds it alone is not supported`,
    ),
    ...maps.map(
      (name) => `output '${name}' is a map, which JavaScript cannot receive; the numbers that it is made of stand for it`,
    ),
  ];
}
