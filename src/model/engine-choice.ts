// Which engine differentiates a model, and why.
import type { OpAdapter } from '../../adapters/op.js';
import { dependents } from '../compile/differentiate.js';
import type { Engine } from '../engine/engine.js';
import { createOrtEngine } from '../engine/ort.js';
import { createTfEngine } from '../engine/tf.js';
import type { Graph } from '../onnx/graph.js';
import type { OpenOptions } from './open.js';

/** Ops on the way from a float input to a float output without an ONNX gradient rule. */

export function missingRules(graph: Graph, adapters: readonly OpAdapter[]): string[] {
  const variable = dependents(
    graph,
    graph.inputs.map((i) => i.name),
  );
  const missing = graph.nodes.filter((n) => {
    if (!n.outputs.some((o) => variable.has(o))) return false;
    const vjp = adapters.findLast((a) => a.op === n.op && (a.domain ?? '') === n.domain)?.vjp;
    return vjp === undefined || (typeof vjp !== 'function' && 'todo' in vjp);
  });
  return [...new Set(missing.map((n) => n.op))].sort();
}
export async function chooseEngine(
  options: OpenOptions,
  adapters: readonly OpAdapter[],
  graph: Graph,
  notes: string[],
): Promise<Engine> {
  const wanted = options.engine ?? 'auto';
  if (wanted === 'tfjs') return createTfEngine(adapters, { backend: options.backend });
  const ort = createOrtEngine(adapters, {
    threads: options.threads,
    ...(options.backend ? { providers: [options.backend] } : {}),
  });
  if (wanted === 'onnxruntime') return ort;
  const missing = missingRules(graph, adapters);
  if (missing.length === 0) return ort;
  notes.push(`engine tfjs, because no ONNX gradient rule exists for: ${missing.join(', ')}`);
  return createTfEngine(adapters, { backend: options.backend });
}
