// Before all tests: TypeScript to JavaScript, every file once for all workers and for the processes that tests start. Types are `make types`' work.
const { copyFileSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const esbuild = require('esbuild');

const ROOT = resolve(__filename, '../../../..');
const FOLDERS = ['src', 'adapters', 'fixtures', 'bench', 'test'];

const typescriptIn = (folder) =>
  readdirSync(folder, { recursive: true }).flatMap((file) => (file.endsWith('.ts') ? [join(folder, file)] : []));

module.exports = async () => {
  // Within node_modules packages are found as from the sources; a folder of its own, so that runs beside each other do not write into each other's.
  const caches = join(ROOT, 'node_modules/.cache');
  mkdirSync(caches, { recursive: true });
  const folder = mkdtempSync(join(caches, 'lan-onnx-tests-'));
  await esbuild.build({
    entryPoints: FOLDERS.flatMap((name) => typescriptIn(join(ROOT, name))),
    outdir: folder,
    outbase: ROOT,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'error',
  });
  // The page of reports, as `npm run build` makes it.
  const { buildReport } = await import(pathToFileURL(join(ROOT, 'web/build.js')).href);
  await buildReport();
  await esbuild.stop();
  // What lies beside the sources in the package.
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  for (const name of ['models', 'dist', 'web']) symlinkSync(join(ROOT, name), join(folder, name));
  process.env.LAN_ONNX_TEST_BUILD = folder;
};
