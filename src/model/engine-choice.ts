// Which engines compute a model's outputs and gradients, and why: the only place that chooses.
import type { OpAdapter } from '../../adapters/op.js';
import { dependents } from '../compile/differentiate.js';
import { LanError } from '../core/errors.js';
import type { Engine } from '../engine/engine.js';
import { accelerated } from '../engine/faster.js';
import { accelerator } from '../engine/onnxruntime.js';
import { createOrtEngine } from '../engine/ort.js';
import { createTfEngine } from '../engine/tf.js';
import type { Graph } from '../onnx/graph.js';

/** Which engine, on what, with how many threads. */
export interface EngineOptions {
  /**
   * Which engine differentiates. 'auto': onnxruntime where every op has a gradient rule, else tfjs; `check` compares both. 'forward': none, audits learn
   * their masks from the model's answers alone, in onnxruntime.
   */
  readonly engine?: 'auto' | 'onnxruntime' | 'tfjs' | 'forward';
  /** tfjs backend (tensorflow, wasm, cpu) or onnxruntime execution provider. With 'auto': tfjs's. */
  readonly backend?: string;
  /** Threads of onnxruntime. Default: all cores. */
  readonly threads?: number;
}

/** Ops that depend on an input and have no ONNX gradient rule, sorted. */
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

/** The engine that differentiates `graph`, and a sentence on why where the model made the choice. `tell`: told later on what masks were learned, where there was a choice. */
export async function chooseEngine(
  options: EngineOptions,
  adapters: readonly OpAdapter[],
  graph: Graph,
  tell?: (note: string) => void,
): Promise<{ readonly engine: Engine; readonly note?: string }> {
  const wanted = options.engine ?? 'auto';
  if (wanted === 'forward') return { engine: onnxruntime(options, adapters), note: NO_GRADIENTS };
  if (wanted === 'onnxruntime') return { engine: onnxruntime(options, adapters, tell) };
  const missing = wanted === 'auto' ? missingRules(graph, adapters) : [];
  if (wanted === 'auto' && missing.length === 0) return { engine: onnxruntime(options, adapters, tell) };
  const engine = await tfjs(options, adapters);
  return missing.length === 0
    ? { engine }
    : { engine, note: `engine tfjs, because no ONNX gradient rule exists for: ${missing.join(', ')}` };
}

const NO_GRADIENTS =
  'engine forward: no gradient of the model is taken; the mask is learned from what it answers to inputs with parts replaced, so that it is rougher than one by gradients';

/** Every engine that `options` allow: one where it names one, else onnxruntime and tfjs. */
export async function allEngines(options: EngineOptions, adapters: readonly OpAdapter[]): Promise<Engine[]> {
  const wanted = options.engine ?? 'auto';
  if (wanted === 'forward')
    throw new LanError(
      'usage',
      "`engine: 'forward'` takes no gradients, and there would be nothing to compare.",
      'It is for audits.',
    );
  const engines: Engine[] = [];
  // The backend names one of tfjs's where both run.
  const own = wanted === 'onnxruntime' ? options : { threads: options.threads };
  if (wanted !== 'tfjs') engines.push(onnxruntime(own, adapters));
  if (wanted !== 'onnxruntime') engines.push(await tfjs(options, adapters));
  return engines;
}

function onnxruntime({ backend, threads }: EngineOptions, adapters: readonly OpAdapter[], tell?: (note: string) => void): Engine {
  const on = (provider = backend): Engine =>
    createOrtEngine(adapters, { threads, ...(provider ? { providers: [provider] } : {}) });
  const other = backend === undefined && tell ? accelerator() : undefined;
  return other ? accelerated(on(), { ...other, engine: on(other.provider) }, tell!) : on();
}

const tfjs = ({ backend }: EngineOptions, adapters: readonly OpAdapter[]): Promise<Engine> =>
  createTfEngine(adapters, { backend });
