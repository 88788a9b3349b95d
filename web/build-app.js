// Builds what runs in browsers: the library's bundle lan-onnx/web (dist/web/lan-onnx.js), and the page as static files (dist/web-app).
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { forBrowsers } from './border.js';
import { buildReport } from './build.js';
import { pageFiles } from './page-files.js';

const root = resolve(import.meta.dirname, '..');
const runtime = join(root, 'node_modules/onnxruntime-web/dist');

/** The files of onnxruntime-web that the page loads: WebAssembly with SIMD and threads. */
const RUNTIME = ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

/** The library for bundlers and import maps; onnxruntime-web stays an import. Gives the output of esbuild. */
export const library = (folder = join(root, 'dist/web'), external = ['onnxruntime-web/*']) =>
  build({ ...forBrowsers, entryPoints: { 'lan-onnx': join(root, 'src/web/index.ts') }, outdir: folder, external });

/** The worker of the page, onnxruntime-web's script in it. */
export const worker = (folder = join(root, 'dist/web-app')) =>
  build({ ...forBrowsers, entryPoints: { worker: join(root, 'web/app/worker.ts') }, outdir: folder });

/** Writes what esbuild gave. */
export async function written({ outputFiles }) {
  for (const { path, contents } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
}

/** Writes the page with its worker and the runtime into `folder`; gives the folder. */
export async function buildApp(folder = join(root, 'dist/web-app')) {
  await written(await worker(folder));
  for (const [name, bytes] of await pageFiles()) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  await mkdir(join(folder, 'ort'), { recursive: true });
  for (const name of RUNTIME) await copyFile(join(runtime, name), join(folder, 'ort', name));
  await copyFile(await buildReport(), join(folder, 'report.html'));
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await written(await library());
  await buildApp();
}
