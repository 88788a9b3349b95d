// Builds the page of reports: components, styles and plots in one template, dist/web/report.html, into which a command writes its document.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = import.meta.dirname;

/** The template as text. */
async function template() {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'report.tsx')],
    bundle: true,
    write: false,
    outdir: 'out',
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
  });
  const text = (ending) => outputFiles.find((f) => f.path.endsWith(ending)).text.trim();
  const script = text('.js');
  const shell = await readFile(join(here, 'report.html'), 'utf8');
  // Only this very script may run; what is foreign in a document cannot, however it got there.
  const hash = createHash('sha256').update(script).digest('base64');
  return shell.split('{{hash}}').join(hash).split('{{style}}').join(text('.css')).split('{{script}}').join(script);
}

/** Writes the template into `folder`, unless it is there already as it would be written; gives its path. */
export async function buildReport(folder = join(here, '../dist/web')) {
  const path = join(folder, 'report.html');
  const made = await template();
  if ((await readFile(path, 'utf8').catch(() => undefined)) === made) return path;
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, made);
  await rename(beside, path);
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildReport();
