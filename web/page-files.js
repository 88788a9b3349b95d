// The page in which a person explains a model, without its worker: the script, the styles, the shell and the example, as files that any static host can serve.
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const root = join(here, '..');

/** Said by the page itself as well, for hosts that set no headers. As src/server/headers.ts has it, which a test holds against this. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'";

/** The example: files of models/tank by the names that the page has for them (web/app/examples.ts). */
const EXAMPLES = {
  'tank.onnx': 'tank.onnx',
  'tank.card.json': 'tank.card.json',
  'tank-05.png': 'pictures/tank/05.png',
  'tank-07.png': 'pictures/tank/07.png',
  'no-tank-00.png': 'pictures/no tank/00.png',
  'sunny-tank-01.png': 'other-weather/tank/01.png',
};

/** Every file: its path below the page's folder, and its bytes. */
export async function pageFiles() {
  const made = new Map();
  const { outputFiles } = await build({
    entryPoints: { app: join(here, 'app/main.tsx') },
    bundle: true,
    write: false,
    outdir: 'out',
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
  });
  for (const { path, contents } of outputFiles) made.set(path.slice(path.lastIndexOf('/') + 1), contents);
  const shell = await readFile(join(here, 'app/index.html'), 'utf8');
  made.set('index.html', Buffer.from(shell.replace('{{policy}}', POLICY)));
  for (const [name, from] of Object.entries(EXAMPLES))
    made.set(`examples/tank/${name}`, await readFile(join(root, 'models/tank', from)));
  return made;
}
