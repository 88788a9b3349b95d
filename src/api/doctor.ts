// doctor(): what is installed, which engines and threads work, and whether the package's own model gives what it should.
import { freemem, availableParallelism, release, totalmem } from 'node:os';
import { adapters } from '../../adapters/index.js';
import { check } from '../check/check.js';
import { LanError, messageOf } from '../core/errors.js';
import { random } from '../core/random.js';
import { float32, sizeOf } from '../core/tensor.js';
import { packageFile, version } from '../core/version.js';
import { decodePixels, encodePng } from '../data/images.js';
import { loadOnnxruntime, ortVersion } from '../engine/onnxruntime.js';
import { dialectModel, openModelSession } from '../engine/ort.js';
import { TF_BACKENDS } from '../engine/tf-backend-names.js';
import { createTfEngine } from '../engine/tf.js';
import { trial } from '../model/trial.js';
import { GraphBuilder } from '../onnx/builder.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** One thing that was looked at. */
export interface Diagnosis {
  /** `onnxruntime`, `tfjs wasm`, `pictures` ... */
  readonly name: string;
  /** 'ok'; 'absent': an optional part that is not there; 'fails': something that everything else needs, or that is there and does not work. */
  readonly state: 'ok' | 'absent' | 'fails';
  /** What was found, in a sentence. */
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** What doctor found. */
export interface DoctorResult {
  /** Does all work that is not optional? */
  readonly well: boolean;
  readonly diagnoses: readonly Diagnosis[];
}

type Finding = Omit<Diagnosis, 'name' | 'state'> & { readonly state?: Diagnosis['state'] };

/**
 * Looks at the installation: Node, onnxruntime and its threads, tfjs's backends, pictures, the child process in which models are tried, and the model that
 * comes with the package, whose outputs and gradients are checked on each engine that starts. Takes a few seconds. What fails is part of the result;
 * `onDiagnosis` is told of each at once.
 *
 * @example
 * const { well, diagnoses } = await doctor();
 */
export async function doctor(options: { readonly onDiagnosis?: (diagnosis: Diagnosis) => void } = {}): Promise<DoctorResult> {
  refuseUnknown('doctor', options, NAMES.doctor);
  const { onDiagnosis } = options;
  const diagnoses: Diagnosis[] = [];
  const look = async (name: string, at: () => Promise<Finding>): Promise<boolean> => {
    const diagnosis: Diagnosis = await at().then(
      (finding) => ({ name, state: 'ok' as const, ...finding }),
      (error: unknown) => ({ name, state: 'fails' as const, ...sayOf(error) }),
    );
    diagnoses.push(diagnosis);
    onDiagnosis?.(diagnosis);
    return diagnosis.state === 'ok';
  };
  await look('lan-onnx', () => Promise.resolve({ found: `${version()}, ${packageFile() ?? 'bundled'}` }));
  await look('Node', () => Promise.resolve(nodeFinding()));
  const runs = await look('onnxruntime', onnxruntimeFinding);
  if (runs) await look('threads', threadsFinding);
  const backends: string[] = [];
  for (const backend of TF_BACKENDS) if (await look(`tfjs ${backend}`, () => backendFinding(backend))) backends.push(backend);
  await look('pictures', picturesFinding);
  if (!runs) return { well: false, diagnoses };
  await look('child process', trialFinding);
  await look('self-test', () => selfTest('onnxruntime'));
  for (const backend of backends) await look(`self-test ${backend}`, () => selfTest('tfjs', backend));
  return { well: diagnoses.every((d) => d.state !== 'fails'), diagnoses };
}

const sayOf = (error: unknown): Finding =>
  error instanceof LanError ? { found: error.problem, advice: error.advice } : { found: messageOf(error).split('\n')[0]! };

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** The oldest release of Node that this is made for. */
const OLDEST = 20;

function nodeFinding(): Finding {
  const { versions, platform, arch } = process;
  const found = `${versions.node}, ${platform}-${arch} (${release()}), ${availableParallelism()} core(s), ${gigabytes(freemem())} of ${gigabytes(totalmem())} memory free`;
  return Number(versions.node.split('.')[0]) >= OLDEST
    ? { found }
    : { state: 'fails', found, advice: `Node ${OLDEST} or newer is needed.` };
}

async function onnxruntimeFinding(): Promise<Finding> {
  const { listSupportedBackends } = await loadOnnxruntime();
  const providers = listSupportedBackends().map(({ name, bundled }) => `${name}${bundled ? '' : ' (not bundled)'}`);
  return { found: `${ortVersion()}; execution providers: ${providers.join(', ')}` };
}

/** Sides of the matrices that are multiplied to see what threads do. */
const SIDE = 512;
const RUNS = 8;

async function threadsFinding(): Promise<Finding> {
  const g = new GraphBuilder();
  const dims = [SIDE, SIDE];
  const matrix = float32(random(0, 0).normal(new Float32Array(sizeOf(dims)), 0, 0, 1), dims);
  g.output(g.op('MatMul', [g.input('x', 'float32', dims), g.constant(matrix)]), 'y');
  const model = dialectModel(g.build());
  const secondsWith = async (threads: number): Promise<number> => {
    const program = await openModelSession(model, { threads });
    try {
      await program.run({ x: matrix });
      const start = performance.now();
      for (let i = 0; i < RUNS; i++) await program.run({ x: matrix });
      return (performance.now() - start) / 1000 / RUNS;
    } finally {
      await program.dispose();
    }
  };
  const cores = availableParallelism();
  const [one, all] = [await secondsWith(1), await secondsWith(cores)];
  const rate = (seconds: number): string => `${((2 * SIDE ** 3) / seconds / 1e9).toFixed(0)} GFLOP/s`;
  return { found: `${rate(one)} on one thread, ${rate(all)} on ${cores} (products of ${SIDE} x ${SIDE} matrices)` };
}

async function backendFinding(backend: string): Promise<Finding> {
  const optional = backend === 'tensorflow';
  try {
    const { info } = await createTfEngine(adapters, { backend });
    return { found: `${info.version} starts` };
  } catch (error) {
    if (!optional) throw error;
    return {
      state: 'absent',
      found: 'not installed, or it does not start; nothing needs it',
      advice: 'npm install @tensorflow/tfjs-node, for a faster tfjs.',
    };
  }
}

async function picturesFinding(): Promise<Finding> {
  const pixels = Uint8Array.from([255, 0, 0, 0, 128, 255]);
  const { pixels: back } = await decodePixels(await encodePng(pixels, 2, 1));
  if (Buffer.compare(back, pixels) !== 0) return { state: 'fails', found: 'a PNG that was written is not what is read again' };
  return { found: 'a PNG is written and read again' };
}

async function trialFinding(): Promise<Finding> {
  const start = performance.now();
  await trial({ source: 'tank', what: 'run', options: { trust: true } }, 'tank', 0);
  return { found: `a model is tried in one in ${((performance.now() - start) / 1000).toFixed(1)} s` };
}

async function selfTest(engine: 'onnxruntime' | 'tfjs', backend?: string): Promise<Finding> {
  const { agrees, outputs, gradients } = await check('tank', { engine, backend, samples: 1, trust: true });
  const found = `the model 'tank': ${outputs.length} output(s) and ${gradients.length} gradient(s) ${agrees ? 'agree' : 'do not agree'} with onnxruntime and with central differences`;
  return agrees
    ? { found }
    : { state: 'fails', found, advice: `Run check on 'tank' with \`engine: '${engine}'\`, which says where they part.` };
}
