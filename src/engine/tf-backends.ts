// tfjs's backends: which one runs, and what became of one that failed.
import type { Tf } from '../../adapters/op.js';
import { LanError, messageOf } from '../core/errors.js';
import { sizeOf } from '../core/tensor.js';
import { gibibytes } from '../compile/measure.js';
import { nodeLabel, type Graph, type Node } from '../onnx/graph.js';
import { TF_BACKENDS, type TfBackend } from './tf-backend-names.js';
import { loadBackend } from './tfjs.js';
import { restartWasm, startWasm, wasmFailure, wasmHas, wasmHeap } from './tf-wasm.js';

/**
 * Starts `wanted`, or the fastest backend that there is, and makes it tfjs's present one.
 * Throws LanError 'usage' for a name that is none, 'unsupported' where none starts.
 */
export async function chooseBackend(tf: Tf, wanted?: string): Promise<TfBackend> {
  if (wanted !== undefined && !TF_BACKENDS.includes(wanted as TfBackend)) {
    throw new LanError('usage', `Unknown tfjs backend '${wanted}'.`, `Choose one of: ${TF_BACKENDS.join(', ')}.`);
  }
  const failures: string[] = [];
  for (const backend of wanted ? [wanted as TfBackend] : TF_BACKENDS) {
    try {
      await loadBackend(backend);
      if (await (backend === 'wasm' ? startWasm(tf) : tf.setBackend(backend))) {
        await tf.ready();
        return backend;
      }
      failures.push(`${backend}: it did not start`);
    } catch (error) {
      failures.push(`${backend}: ${messageOf(error).split('\n')[0]}`);
    }
  }
  const hint =
    wanted === 'tensorflow' ? 'It needs the optional package @tensorflow/tfjs-node; wasm and cpu are always there.' : undefined;
  throw new LanError('unsupported', `No tfjs backend could be started (${failures.join('; ')}).`, hint);
}

const INSTEAD = "Choose `engine` 'onnxruntime', which has no such limit, or run less at once (a smaller batch, fewer draws).";

/**
 * The LanError for anything that tfjs threw `at` a node of the graph or in the backward pass: 'memory' where wasm ran out of it, else 'runtime'.
 * After a failure that may have damaged wasm's heap the backend is a fresh one.
 */
export async function failureOnTf(
  tf: Tf,
  backend: TfBackend,
  error: unknown,
  at: Node | 'backward pass',
  graph: Graph,
): Promise<LanError> {
  const where = `${at === 'backward pass' ? 'The backward pass' : nodeLabel(at)} in tfjs (${backend})`;
  const failure = backend === 'wasm' ? wasmFailure(error) : undefined;
  if (!failure) return new LanError('runtime', `${where}: ${messageOf(error)}`);
  const heap = failure === 'trap' ? wasmHeap(tf) : failure.heap;
  const bytes = failure === 'trap' ? largestAt(graph, at) : failure.bytes;
  const ranOut = failure !== 'trap' || !wasmHas(tf, bytes);
  await restartWasm(tf);
  if (!ranOut)
    return new LanError('runtime', `${where}: compiled code failed (${messageOf(error)}).`, "Try `engine` 'onnxruntime'.");
  const needed =
    failure === 'trap'
      ? `the op's own buffers found no room beside values of up to ${gibibytes(bytes)}`
      : `${gibibytes(bytes)} more were needed`;
  const problem = `${where}: memory ran out: ${needed}, with ${gibibytes(heap)} in use of the 4 GiB that wasm can address.`;
  return new LanError('memory', problem, INSTEAD);
}

/** Bytes of the largest value that a node reads or writes; of the whole graph in the backward pass. */
function largestAt(graph: Graph, at: Node | 'backward pass'): number {
  const names = at === 'backward pass' ? [...graph.types.keys()] : [...at.inputs, ...at.outputs];
  return 4 * Math.max(1, ...names.map((name) => sizeOf(graph.types.get(name)?.dims ?? [])));
}
