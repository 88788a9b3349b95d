// onnxruntime: forward passes of original files (the reference) and of canonical graphs.
import type * as ort from 'onnxruntime-node';
import { DIALECT_OPSET, type OpAdapter } from '../../adapters/op.js';
import { byDepth } from '../compile/by-depth.js';
import { descentGraph } from '../compile/descend.js';
import { differentiate } from '../compile/differentiate.js';
import type { Probe } from '../compile/specialize.js';
import { LanError } from '../core/errors.js';
import { own } from '../core/own.js';
import { allocate, lazyTensor, sizeOf, toIntegers, type DType, type Tensor } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import { encodeApart, type EncodedApart } from '../onnx/apart.js';
import type { Graph, Model } from '../onnx/graph.js';
import { descentOnSteps, type RunInto } from './descent.js';
import { exactProducts, hasQuantisedProducts } from './exact-products.js';
import { gradientOf, type Engine, type Program } from './engine.js';
import { failureOf, reasonOf } from './in-words.js';
import { defaultThreads, loadOnnxruntime, ortVersion, PROVIDER, type Onnxruntime } from './onnxruntime.js';
import { hasTakenNames, underOwnNames, withOtherNames } from './other-names.js';

/** How onnxruntime runs a graph. */
export interface OrtOptions {
  /** Threads within an operator. Default: all cores, or LAN_ONNX_THREADS of the environment. */
  readonly threads?: number;
  /** Execution providers in order of preference. Default: ['cpu']. */
  readonly providers?: readonly string[];
  /** 'disabled' keeps every value as computed; default 'all'. */
  readonly optimize?: 'disabled' | 'all';
  /** Further session options, handed on untouched (profiling, optimizedModelFilePath ...). */
  readonly session?: Record<string, unknown>;
}

let sleeps = false;

/**
 * From now on threads of this process that wait for work sleep. They spin otherwise, which saves microseconds an operator and counts as time that was
 * computed for: on a machine with many others at work a thread waits for long.
 */
export const sleepWhileWaiting = (): void => void (sleeps = true);

function sessionOptions(options: OrtOptions, { files, folder }: Partial<EncodedApart>): ort.InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: options.threads ?? defaultThreads(),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    executionProviders: [...(options.providers ?? [PROVIDER])],
    graphOptimizationLevel: options.optimize ?? 'all',
    logSeverityLevel: 4,
    // Its fusion of Pad into MaxPool reads padded zeros as if they were not there (1.30), and so changes what a model gives: BiT, for one.
    extra: {
      optimization: { disable_specified_optimizers: 'Pad_Fusion' },
      session: {
        ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
        ...(sleeps ? { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } : {}),
      },
    },
    ...(files && files.length > 0 ? { externalData: files } : {}),
    ...options.session,
  };
}

/** A session that is also a Program, with what the file declares. */
export interface OrtProgram extends Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Of the outputs in turn; undefined where one is no tensor. */
  readonly outputTypes: readonly (DType | undefined)[];
  /** Runs for `wanted`, and for the names of `into`, whose results are written to those arrays. */
  runInto: RunInto;
}

/**
 * Opens ONNX bytes, or a file by path (needed for external data), in onnxruntime as they are; or a model encoded by encodeApart.
 * Throws LanError with onnxruntime's own reason when it refuses the model.
 */
export async function openSession(source: Uint8Array | string | EncodedApart, options: OrtOptions = {}): Promise<OrtProgram> {
  const [model, apart] = typeof source === 'object' && 'bytes' in source ? [source.bytes, source] : [source, {}];
  const settings = sessionOptions(options, apart);
  const runtime = await loadOnnxruntime();
  let session: ort.InferenceSession;
  try {
    session =
      typeof model === 'string'
        ? await runtime.InferenceSession.create(model, settings)
        : await runtime.InferenceSession.create(model, settings);
  } catch (error) {
    if (error instanceof LanError) throw error;
    throw refusal(runtime, error, options.providers?.[0]);
  }
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    outputTypes: session.outputMetadata.map((m) => (m.isTensor ? (m.type as DType) : undefined)),
    run: (feeds, wanted) => runInto(runtime, session, feeds, wanted ?? session.outputNames, {}),
    runInto: (feeds, wanted, into) => runInto(runtime, session, feeds, wanted, into),
    async dispose() {
      await session.release();
    },
  };
}

/** Beside cpu it is mostly the provider that is missing, and not the model that is wrong. */
function refusal(runtime: Onnxruntime, error: unknown, provider = PROVIDER): LanError {
  if (provider === PROVIDER) return failureOf('onnxruntime refuses the model', error);
  const there = runtime.listSupportedBackends?.().map(({ name, bundled }) => `${name}${bundled ? '' : ' (not bundled)'}`) ?? [];
  return new LanError(
    'unsupported',
    `onnxruntime cannot run the model on \`backend\` '${provider}': ${reasonOf(error).replace(/\.?$/, '.')}`,
    `Leave \`backend\` out for cpu${there.length > 0 ? `; this onnxruntime has ${there.join(', ')}` : ''}.`,
  );
}

/**
 * Opens a model in memory, of any size; its large constants are handed to onnxruntime as they are. Products of quantised numbers are exact on
 * every CPU (see exactProducts). Throws LanError as openSession does.
 */
export async function openModelSession(model: Model, options: OrtOptions = {}): Promise<OrtProgram> {
  if (hasTakenNames(model.graph)) return underOwnNames(await openModelSession(withOtherNames(model), options));
  const saturates = hasQuantisedProducts(model) && (await saturatesHere());
  return openSession(encodeApart(saturates ? exactProducts(model) : model), options);
}

/**
 * Opens a file as it is, by its path where it has one, for the values that its authors meant: only where this CPU would saturate the file's
 * quantised products, they are rewritten to be exact, and inputs or outputs that onnxruntime's binding cannot name get other names. Throws LanError as openSession does.
 */
export async function openOriginal(
  { bytes, path, model }: { readonly bytes: Uint8Array; readonly path?: string | undefined; readonly model: Model },
  options: OrtOptions = {},
): Promise<OrtProgram> {
  return hasTakenNames(model.graph) || (hasQuantisedProducts(model) && (await saturatesHere()))
    ? openModelSession(model, options)
    : openSession(path ?? bytes, options);
}

let saturating: Promise<boolean> | undefined;

/** Does onnxruntime on this CPU lose what exceeds int16 in a pair of uint8 by int8 products? Found by one such sum, once per process. */
export const saturatesHere = (): Promise<boolean> =>
  (saturating ??= (async () => {
    const g = new GraphBuilder();
    const b = g.constant({ type: 'int8', dims: [4, 4], data: new Int8Array(16).fill(127) });
    g.output(g.op('MatMulInteger', [g.input('a', 'uint8', [1, 4]), b]), 'sum');
    const program = await openSession(encodeApart(dialectModel(g.build())), { threads: 1, optimize: 'disabled' });
    try {
      const { sum } = await program.run({ a: { type: 'uint8', dims: [1, 4], data: new Uint8Array(4).fill(255) } });
      return toIntegers(sum!)[0] !== 4 * 255 * 127;
    } finally {
      await program.dispose();
    }
  })());

async function runInto(
  runtime: Onnxruntime,
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  wanted: readonly string[],
  into: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const tensors: Record<string, ort.Tensor> = {};
  for (const name of session.inputNames) {
    const feed = own(feeds, name);
    if (!feed) throw new LanError('input', `Input '${name}' has no value. Expected: ${session.inputNames.join(', ')}.`);
    tensors[name] = toOrt(runtime, feed);
  }
  const fetches: Record<string, ort.Tensor | null> = {};
  for (const name of wanted) fetches[name] = null;
  for (const [name, tensor] of Object.entries(into)) fetches[name] = toOrt(runtime, tensor);
  let results: ort.InferenceSession.OnnxValueMapType;
  try {
    results = await session.run(tensors, fetches);
  } catch (error) {
    throw failureOf('onnxruntime', error);
  }
  return Object.fromEntries(wanted.map((name) => [name, results[name] as unknown as Tensor]));
}

// Types that onnxruntime-common cannot hold throw in its constructor, with the type's name.
const toOrt = ({ Tensor: OrtTensor }: Onnxruntime, t: Tensor): ort.Tensor =>
  new OrtTensor(t.type as 'float32', t.data as Float32Array, t.dims);

/** The model that carries a canonical graph. IR 8 is what opset 18 was published with. */
export const dialectModel = (graph: Graph): Model => ({
  irVersion: 8,
  producer: 'lan-onnx',
  opsets: new Map([
    ['', DIALECT_OPSET],
    ['ai.onnx.ml', 3],
    ...(graph.nodes.some((n) => n.domain === 'com.microsoft') ? ([['com.microsoft', 1]] as const) : []),
  ]),
  metadata: {},
  functions: [],
  // onnxruntime wants node names to be unique, which composed graphs are not; the first output is.
  graph: { ...graph, nodes: graph.nodes.map((n) => ({ ...n, name: n.outputs.find((o) => o !== '') ?? n.name })) },
});

/** Constants of at least this many elements are fed to a probing run, not written into its model: encoding and parsing weights takes longer. */
const FED = 1024;

const zerosOf = (type: DType, dims: readonly number[]): Tensor =>
  lazyTensor(type, dims, () => (type === 'string' ? new Array<string>(sizeOf(dims)).fill('') : allocate(type, dims)));

/**
 * Runs a canonical graph once and returns the wanted values, whatever their types; used to bind shapes and fold constants. Of `typesOnly` the
 * shapes are fetched in place of the elements, which are handed over as zeros.
 */
export const probe: Probe = async (graph, feeds, wanted, typesOnly = new Set()) => {
  const fed = [...graph.constants].filter(([, t]) => t.type === 'float32' && sizeOf(t.dims) >= FED);
  const constants = new Map(graph.constants);
  for (const [name] of fed) constants.delete(name);
  const inputs = [...graph.inputs, ...fed.map(([name, t]) => ({ name, kind: 'tensor' as const, type: t.type, dims: t.dims }))];
  const dimsOf = (name: string): string => `dims of ${name}`;
  const typed = wanted.filter((name) => typesOnly.has(name));
  const nodes = [...graph.nodes, ...typed.map((name) => ({ op: 'Shape', domain: '', name: '', inputs: [name], outputs: [dimsOf(name)], attributes: {} }))]; // prettier-ignore
  const outputs = [...wanted, ...typed.map(dimsOf)].map((name) => ({ name, kind: 'tensor' as const }));
  // Without weights a graph is small; starting and stopping threads takes longer than it does.
  const options: OrtOptions = { optimize: 'disabled', ...(fed.length === 0 ? { threads: 1 } : {}) };
  const program = await openModelSession(dialectModel({ ...graph, inputs, constants, nodes, outputs }), options);
  try {
    const types = new Map(program.outputNames.map((name, i) => [name, program.outputTypes[i]]));
    const values = await program.run({ ...feeds, ...Object.fromEntries(fed) }, [
      ...wanted.filter((name) => !typesOnly.has(name)),
      ...typed.map(dimsOf),
    ]);
    const zeros = (name: string): Tensor => zerosOf(types.get(name) ?? 'float32', toIntegers(values[dimsOf(name)]!));
    return new Map(wanted.map((name) => [name, own(values, name) ?? zeros(name)]));
  } finally {
    await program.dispose();
  }
};

/** The engine that runs canonical graphs and their gradients, both as ONNX, in onnxruntime. */
export function createOrtEngine(adapters: readonly OpAdapter[], options: OrtOptions = {}): Engine {
  const open = (graph: Graph): Promise<OrtProgram> => openModelSession(dialectModel(byDepth(graph)), options);
  const compile: Engine['compile'] = open;
  return {
    info: {
      name: 'onnxruntime',
      backend: (options.providers ?? [PROVIDER])[0]!,
      version: ortVersion(),
      threads: options.threads ?? defaultThreads(),
    },
    compile,
    gradient: (graph, of, wrt) =>
      compile(differentiate(graph, { of, wrt: wrt.map((name) => ({ name, as: gradientOf(name) })) }, adapters)),
    async descend(graph, loss, parameters, outputs) {
      const step = descentGraph(graph, loss, parameters, adapters);
      const program = await open(step.graph);
      return descentOnSteps(program.runInto, step.state, outputs, () => program.dispose());
    },
  };
}
