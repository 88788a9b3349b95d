// The builds of onnxruntime-web that have WebGPU: several times as large as the package, so that they are served from where that is installed beside it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { typeOf, type Resource, type Site } from './site.js';

const NAME = 'onnxruntime-web';
/** As web/build-app.js has them. */
export const WEBGPU_FILES = [
  'ort.webgpu.min.mjs',
  'ort-wasm-simd-threaded.jspi.mjs',
  'ort-wasm-simd-threaded.jspi.wasm',
  'ort-wasm-simd-threaded.asyncify.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
];

/**
 * What is served besides the page: those files, and the list by which the page knows of them. `wanted`: true: they have to be there; undefined: where they are there;
 * false: not.
 * `version`: of onnxruntime-web that the page is made with. Throws LanError (`install`) where they are wanted and not there.
 */
export function webgpuSite(wanted: boolean | undefined, version: string, folder = installed()): Site {
  if (wanted === false) return new Map();
  const problem = problemOf(folder, version);
  if (problem !== undefined && wanted === undefined) return new Map();
  if (problem !== undefined)
    throw new LanError('install', `The page's WebGPU needs ${NAME} ${version} beside lan-onnx: ${problem}.`, `npm install ${NAME}@${version}`); // prettier-ignore
  const files = WEBGPU_FILES.map((name): [string, Resource] => [
    `/ort-webgpu/${name}`,
    { type: typeOf(name)!, body: { path: join(folder!, name) }, keep: true },
  ]);
  const bytes = Buffer.from(JSON.stringify({ webgpu: 'ort-webgpu/' }));
  return new Map([['/extras.json', { type: typeOf('extras.json')!, body: { bytes }, keep: false }], ...files]);
}

function problemOf(folder: string | undefined, version: string): string | undefined {
  if (folder === undefined) return 'it is not installed';
  const { version: found } = JSON.parse(readFileSync(join(folder, '../package.json'), 'utf8')) as { version: string };
  if (found !== version) return `${found} is installed`;
  const missing = WEBGPU_FILES.find((name) => !existsSync(join(folder, name)));
  return missing && `its file ${missing} is missing`;
}

/** Where its builds are. */
function installed(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(NAME));
  } catch {
    return undefined;
  }
}
