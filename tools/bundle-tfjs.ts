// Part of `npm run build`: puts a bundle of what src/engine/tfjs.ts imports in the place of its compiled form, with the wasm binaries beside it.
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
const core = dirname(require.resolve('@tensorflow/tfjs-core/package.json'));
const wasm = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out');
const target = join(root, 'dist/src/engine/tfjs.js');

/** The gradients that the union package registers, without its layers, converter, data and WebGL. */
const gradientsOnly: Plugin = {
  name: 'gradients-only',
  setup: (bundle) =>
    bundle.onResolve({ filter: /^@tensorflow\/tfjs$/ }, () => ({
      path: join(core, 'dist/register_all_gradients.js'),
      sideEffects: true,
    })),
};

const { outputFiles, metafile } = await build({
  entryPoints: [join(root, 'src/engine/tfjs.ts')],
  outfile: target,
  write: false,
  metafile: true,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  legalComments: 'eof',
  // Of its two forms in Node only the ES modules have the gradients in files of their own.
  mainFields: ['module', 'main'],
  plugins: [gradientsOnly],
  // Packages in CommonJS look for their files, and for node's own modules, by these.
  banner: {
    js: [
      '// A bundle of tfjs (Apache License 2.0, Google LLC), made by tools/bundle-tfjs.ts from the packages that package.json names.',
      "import { createRequire as requireFrom } from 'node:module';",
      "import { dirname as folderOf } from 'node:path';",
      "import { fileURLToPath as pathOf } from 'node:url';",
      'const require = requireFrom(import.meta.url), __filename = pathOf(import.meta.url), __dirname = folderOf(__filename);',
    ].join('\n'),
  },
});

mkdirSync(dirname(target), { recursive: true });
for (const file of outputFiles) writeFileSync(file.path, file.contents);
// Threads are of no use to it in Node, which starts none.
for (const name of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'])
  copyFileSync(join(wasm, name), join(dirname(target), name));

const inside = new Set(
  Object.keys(metafile.inputs)
    .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
    .filter(Boolean),
);
const megabytes = (statSync(target).size / 1e6).toFixed(1);
if (!readFileSync(target, 'utf8').includes('Conv2D')) throw new Error('The bundle holds no gradients.');
process.stderr.write(`tfjs: ${megabytes} MB of ${[...inside].sort().join(', ')}\n`);
