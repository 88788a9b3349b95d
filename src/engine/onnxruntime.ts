// onnxruntime's binding for Node, loaded when the first model is opened: what needs no model runs without it, and where it is missing one error says why.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type * as ort from 'onnxruntime-node';
import { LanError, messageOf } from '../core/errors.js';
import { packageFile } from '../core/version.js';
import type { Provided } from './faster.js';

/** The binding, as its package exports it. */
export type Onnxruntime = typeof ort;

const NAME = 'onnxruntime-node';

/** What it runs on where nobody says. */
export const PROVIDER = 'cpu';

/** Another provider on which learning is tried: none here. */
export const accelerator = (): Provided | undefined => undefined;

/** All cores, or what the environment says: where several processes share a machine, threads of one only wait for those of another. */
export function defaultThreads(): number {
  const said = process.env['LAN_ONNX_THREADS'];
  if (said === undefined || said === '') return availableParallelism();
  const threads = Number(said);
  if (Number.isInteger(threads) && threads > 0) return threads;
  throw new LanError('usage', `LAN_ONNX_THREADS: expected a whole number of at least 1, received '${said}'.`);
}

/**
 * What onnxruntime 1.30 and newer look at as they start: without it they send events about models and machine to Microsoft from Linux and macOS, keep a
 * number for the machine in its cache folder, and leave a log in its temporary folder, of each process.
 */
const SENDS_NOTHING = 'ORT_DISABLE_TELEMETRY';

/**
 * Loads the binding, which sends nothing then, unless the environment says otherwise. Throws LanError 'install' with what to type where it is not installed, or
 * does not run on this machine.
 */
export async function loadOnnxruntime(load: () => Promise<Onnxruntime> = () => import('onnxruntime-node')): Promise<Onnxruntime> {
  process.env[SENDS_NOTHING] ??= '1';
  try {
    return await load();
  } catch (error) {
    throw cannotLoad(error);
  }
}

/** Version of the installed onnxruntime; 'none' where there is none. */
export function ortVersion(): string {
  try {
    // Read, and not required, which would keep it as a module.
    const path = createRequire(import.meta.url).resolve(`${NAME}/package.json`);
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return 'none';
  }
}

// npm takes an optional package whose install script failed out again without a word. The script looks for a CUDA part on a server that is no npm
// registry; the package itself holds all that a CPU needs (docs/adr/0017).
function cannotLoad(error: unknown): LanError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && messageOf(error).includes(`'${NAME}'`);
  if (!isMissing)
    return new LanError(
      'install',
      `onnxruntime ${ortVersion()} cannot be loaded on ${process.platform}-${process.arch}: ${messageOf(error).split('\n')[0]!}.`,
      'It has binaries for Linux with glibc (x64, arm64), macOS (arm64) and Windows (x64, arm64).',
    );
  return new LanError(
    'install',
    'onnxruntime-node, which runs the models, is not installed. npm leaves it out where its install script fails: that fetches a CUDA part, which is not needed here, from a server that was not in reach.',
    `Install it without that part: ONNXRUNTIME_NODE_INSTALL=skip npm install${isGlobal() ? ' -g lan-onnx' : ''}`,
  );
}

/** Installed with -g: npm puts that into lib/node_modules (Windows: npm/node_modules), where no project lies above. */
const isGlobal = (): boolean =>
  /[\\/](lib|npm)[\\/]node_modules[\\/]lan-onnx[\\/]package\.json$/.test(packageFile('package.json') ?? '');
