// Before all tests: TypeScript to JavaScript, every file once for all workers and for the processes that tests start. Types are `make types`' work.
const { readdirSync, rmSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const esbuild = require('esbuild');

const ROOT = resolve(__filename, '../../../..');
const FOLDERS = ['src', 'adapters', 'fixtures', 'bench', 'tools', 'test'];

const typescriptIn = (folder) =>
  readdirSync(folder, { recursive: true }).flatMap((file) => (file.endsWith('.ts') ? [join(folder, file)] : []));

/** Does a process of this number run? */
function runs(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = async () => {
  // Beside dist, as deep as it is, so that packages and what comes with this one are found from either. A run's own, and what killed ones left goes.
  for (const name of readdirSync(ROOT)) {
    const pid = /^tests-(\d+)\.tmp$/.exec(name)?.[1];
    if (pid && !runs(Number(pid))) rmSync(join(ROOT, name), { recursive: true, force: true });
  }
  const folder = join(ROOT, `tests-${process.pid}.tmp`);
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
  process.env.LAN_ONNX_TEST_BUILD = folder;
};
