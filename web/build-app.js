// Builds what runs in browsers: the library's bundle lan-onnx/web (dist/web/lan-onnx.js), and the page as static files (dist/web-app).
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
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
/** Those with WebGPU, in their folder: too large for the package. As src/server/webgpu.ts has them, which a test holds against this. */
export const WEBGPU = [
  'ort.webgpu.min.mjs',
  ...['jspi', 'asyncify'].flatMap((build) => ['mjs', 'wasm'].map((end) => `ort-wasm-simd-threaded.${build}.${end}`)),
];

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

async function copied(names, from, to) {
  await mkdir(to, { recursive: true });
  for (const name of names) await copyFile(join(from, name), join(to, name));
}

/**
 * Writes the page with its worker and the runtime into `folder`; gives the folder. index.html comes last and goes first, since what serves the page takes that for the whole: a
 * build that breaks leaves no half of one. `webgpu`: with the builds that have it.
 */
export async function buildApp(folder = join(root, 'dist/web-app'), from = runtime, webgpu = false) {
  const index = join(folder, 'index.html');
  await rm(index, { force: true });
  await written(await worker(folder));
  const { 'index.html': shell, ...files } = Object.fromEntries(await pageFiles());
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  await copied(RUNTIME, from, join(folder, 'ort'));
  await rm(join(folder, 'ort-webgpu'), { recursive: true, force: true });
  if (webgpu) await copied(WEBGPU, from, join(folder, 'ort-webgpu'));
  await writeFile(join(folder, 'extras.json'), JSON.stringify(webgpu ? { webgpu: 'ort-webgpu/' } : {}));
  await copyFile(await buildReport(), join(folder, 'report.html'));
  await writeFile(`${index}.${process.pid}.tmp`, shell);
  await rename(`${index}.${process.pid}.tmp`, index);
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // With WebGPU it is no part of the package.
  if (process.argv.includes('--webgpu')) await buildApp(join(root, 'out/web-app'), runtime, true);
  else {
    await written(await library());
    await buildApp();
  }
}
