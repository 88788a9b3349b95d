// Where src is bundled for browsers: what is Node's is replaced by what stands for it in src/web/border.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { withoutEvaluation } from './codegen.js';

const root = resolve(import.meta.dirname, '..');
const border = join(root, 'src/web/border');
const require = createRequire(import.meta.url);
const versionOf = (path) => JSON.parse(readFileSync(path, 'utf8')).version;

/** For esbuild: a module of src that has a namesake in src/web/border becomes that; paths are taken apart by a package that needs no Node. */
export const nodeBehindBorder = {
  name: 'node-behind-border',
  setup(bundle) {
    bundle.onResolve({ filter: /^\./ }, ({ path, importer }) => {
      const file = resolve(dirname(importer), path).replace(/\.js$/, '.ts');
      const own = relative(join(root, 'src'), file);
      const stand = join(border, own);
      return !own.startsWith('..') && existsSync(stand) ? { path: stand } : undefined;
    });
    bundle.onResolve({ filter: /^node:path$/ }, () => ({ path: require.resolve('pathe').replace(/\.cjs$/, '.mjs') }));
    // zod's texts in forty languages: only English ones are ever asked for.
    bundle.onResolve({ filter: /locales\/index\.js$/ }, ({ importer }) =>
      importer.includes('/zod/') ? { path: join(root, 'web/zod-locales.js'), sideEffects: false } : undefined,
    );
    // Nor does any of it read a schema out of a JSON Schema, which zod's namespace brings along.
    bundle.onResolve({ filter: /\/from-json-schema\.js$/ }, ({ importer }) =>
      importer.includes('/zod/') ? { path: join(root, 'web/zod-json-schema.js'), sideEffects: false } : undefined,
    );
  },
};

/** Options of esbuild for all that runs in a browser. */
export const forBrowsers = {
  bundle: true,
  write: false,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'error',
  metafile: true,
  plugins: [nodeBehindBorder, withoutEvaluation],
  // The runtime's WebAssembly stays a file of its own.
  conditions: ['onnxruntime-web-use-extern-wasm', 'module'],
  define: {
    LAN_ONNX_VERSION: JSON.stringify(versionOf(join(root, 'package.json'))),
    ORT_WEB_VERSION: JSON.stringify(versionOf(join(root, 'node_modules/onnxruntime-web/package.json'))),
  },
};
