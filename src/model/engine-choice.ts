// Which engines compute a model's outputs and gradients, and why: the only place that chooses.
import type { OpAdapter } from '../../adapters/op.js';
import { dependents } from '../compile/differentiate.js';
import { LanError } from '../core/errors.js';
import type { Engine } from '../engine/engine.js';
import { accelerated } from '../engine/faster.js';
import { accelerator, PROVIDER } from '../engine/onnxruntime.js';
import { createOrtEngine } from '../engine/ort.js';
import { TF_BACKENDS } from '../engine/tf-backend-names.js';
import { createTfEngine } from '../engine/tf.js';
import type { Graph } from '../onnx/graph.js';

/** Which engine, on what, with how many threads. */
export interface EngineOptions {
  /**
   * Which engine differentiates. 'auto': onnxruntime where every op has a gradient rule, else tfjs; `check` compares both. 'forward': none, audits learn
   * their masks from the model's answers alone, in onnxruntime.
   */
  readonly engine?: 'auto' | 'onnxruntime' | 'tfjs' | 'forward';
  /**
   * tfjs backend (tensorflow, wasm, cpu) or onnxruntime execution provider (cpu, cuda ...). With 'auto' a backend that only tfjs has (tensorflow, wasm) chooses
   * tfjs, and a note says so; `check`, which runs both, takes it for tfjs's.
   */
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
  const { backend } = options;
  if (wanted === 'auto' && tfjsAlone(backend))
    return { engine: await tfjs(options, adapters), note: `engine tfjs, because \`backend\` '${backend}' is one of its own` };
  const missing = wanted === 'auto' ? missingRules(graph, adapters) : [];
  if (wanted === 'auto' && missing.length === 0) return { engine: onnxruntime(options, adapters, tell) };
  if (missing.length === 0) return { engine: await tfjs(options, adapters) };
  const why = `no ONNX gradient rule exists for: ${missing.join(', ')}`;
  if (backend !== undefined && !isTfjs(backend))
    throw new LanError(
      'usage',
      `\`backend\` '${backend}' is none of tfjs's, which has to compute the gradients of this model, since ${why}.`,
      `Leave \`backend\` out, or give one of tfjs's: ${TF_BACKENDS.join(', ')}.`,
    );
  return { engine: await tfjs(options, adapters), note: `engine tfjs, because ${why}` };
}

const isTfjs = (backend: string): boolean => (TF_BACKENDS as readonly string[]).includes(backend);
/** Is it a backend that tfjs has and onnxruntime does not? Both have cpu; in a browser onnxruntime itself is wasm. */
const tfjsAlone = (backend: string | undefined): boolean =>
  backend !== undefined && isTfjs(backend) && backend !== 'cpu' && backend !== PROVIDER;

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
  const { backend } = options;
  if (wanted === 'auto' && backend !== undefined && !isTfjs(backend))
    throw new LanError(
      'usage',
      `\`backend\` '${backend}' is none of tfjs's, whose \`backend\` names where both engines run: ${TF_BACKENDS.join(', ')}.`,
      "One of onnxruntime's (cpu, cuda ...) goes with `engine: 'onnxruntime'`.",
    );
  const engines: Engine[] = [];
  // The backend names one of tfjs's where both run.
  const own = wanted === 'onnxruntime' ? options : { threads: options.threads };
  if (wanted !== 'tfjs') engines.push(onnxruntime(own, adapters));
  if (wanted !== 'onnxruntime') engines.push(await tfjs(options, adapters));
  return engines;
}

function onnxruntime(
  { engine, backend, threads }: EngineOptions,
  adapters: readonly OpAdapter[],
  tell?: (note: string) => void,
): Engine {
  if (tfjsAlone(backend))
    throw new LanError(
      'usage',
      `\`backend\` '${backend}' is one of tfjs's, and ${engine === 'forward' ? "`engine: 'forward'` runs the model in onnxruntime" : "`engine: 'onnxruntime'` has none of its name"}.`,
      engine === 'forward' ? 'Leave `backend` out.' : "Leave `backend` out, or choose `engine: 'tfjs'`.",
    );
  const on = (provider = backend): Engine =>
    createOrtEngine(adapters, { threads, ...(provider ? { providers: [provider] } : {}) });
  const other = backend === undefined && tell ? accelerator() : undefined;
  return other ? accelerated(on(), { ...other, engine: on(other.provider) }, tell!) : on();
}

const tfjs = ({ backend }: EngineOptions, adapters: readonly OpAdapter[]): Promise<Engine> =>
  createTfEngine(adapters, { backend });
