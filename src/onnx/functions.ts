// Model-local functions: every call is replaced by the function's body.
import { LanError } from '../core/errors.js';
import { own } from '../core/own.js';
import { renameNode } from './builder.js';
import { nodeLabel, sortNodes, type Attribute, type FunctionBody, type Graph, type Model, type Node } from './graph.js';

const MAX_NODES = 200_000;
const MAX_DEPTH = 200;

/**
 * The model with every call of a model-local function replaced by its body; attributes of the call fill the body's references.
 * Throws LanError when functions call each other in a circle, when a body needs another version of an opset than the model's, or when the
 * result would exceed 200,000 nodes, functions that are called included, or 200 levels.
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const table = new Map(model.functions.map((f) => [`${f.domain}:${f.name}`, f]));
  const opsets = new Map(model.opsets);
  for (const f of model.functions) {
    for (const [domain, version] of f.opsets) {
      const known = opsets.get(domain);
      if (known !== undefined && known !== version) {
        throw new LanError(
          'model',
          `Function '${f.name}' is written for opset ${version} of '${domain || 'ai.onnx'}', the model for ${known}. Re-export with one opset.`,
        );
      }
      opsets.set(domain, version);
    }
  }
  const counter = { calls: 0, nodes: 0 };
  const nodes = model.graph.nodes.flatMap((n) => expand(n, table, [], counter));
  const known = [...model.graph.inputs.map((i) => i.name), ...model.graph.constants.keys()];
  return { ...model, opsets, functions: [], graph: { ...model.graph, nodes: sortNodes(nodes, known, 'inlined functions') } };
}

function expand(
  node: Node,
  table: ReadonlyMap<string, FunctionBody>,
  path: readonly FunctionBody[],
  counter: { calls: number; nodes: number },
): Node[] {
  const body = table.get(`${node.domain}:${node.op}`);
  if (!body) {
    count(counter);
    return [mapSubgraphs(node, (g) => ({ ...g, nodes: g.nodes.flatMap((n) => expand(n, table, path, counter)) }))];
  }
  // Counted too, or functions that call functions and make nothing would go on for ever.
  count(counter);
  if (path.includes(body))
    throw new LanError('model', `${nodeLabel(node)}: the function calls itself. ONNX functions must not recurse.`);
  if (path.length >= MAX_DEPTH)
    throw new LanError('model', `Functions are nested more than ${MAX_DEPTH} deep, at '${body.name}'.`);
  const prefix = `${node.name || body.name}.${++counter.calls}/`;
  const names = new Map<string, string>([['', '']]);
  body.inputs.forEach((name, i) => names.set(name, node.inputs[i] ?? ''));
  body.outputs.forEach((name, i) => names.set(name, node.outputs[i] || prefix + name));
  const rename = (name: string): string => names.get(name) ?? prefix + name;
  // An output that is an input handed through is written by nobody in the body.
  const handed = body.outputs.flatMap((o, i) =>
    body.inputs.includes(o) ? [{ from: node.inputs[body.inputs.indexOf(o)] ?? '', to: node.outputs[i] ?? '' }] : [],
  );
  const inner = body.nodes.map((n) => {
    const bound = bindAttributes(n, node, body);
    return { ...renameNode(bound, rename), name: prefix + (n.name || n.outputs[0]) };
  });
  const identities: Node[] = handed
    .filter((h) => h.to !== '')
    .map((h) => ({ op: 'Identity', domain: '', name: h.to, inputs: [h.from], outputs: [h.to], attributes: {} }));
  return [...inner.flatMap((n) => expand(n, table, [...path, body], counter)), ...identities];
}

function count(counter: { nodes: number }): void {
  if (++counter.nodes > MAX_NODES)
    throw new LanError('model', `Inlining the model's functions gives more than ${MAX_NODES} nodes.`);
}

function bindAttributes(node: Node, call: Node, body: FunctionBody): Node {
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).flatMap(([name, a]): [string, Attribute][] => {
      const given = a.kind === 'reference' ? (own(call.attributes, a.value) ?? own(body.defaults, a.value)) : a;
      // A reference without a value leaves the attribute at its default (ONNX IR spec, "Functions").
      return given ? [[name, given]] : [];
    }),
  );
  return mapSubgraphs({ ...node, attributes }, (g) => ({ ...g, nodes: g.nodes.map((n) => bindAttributes(n, call, body)) }));
}

function mapSubgraphs(node: Node, change: (graph: Graph) => Graph): Node {
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([k, a]): [string, Attribute] => [
      k,
      a.kind === 'graph' ? { ...a, value: change(a.value) } : a,
    ]),
  );
  return { ...node, attributes };
}
