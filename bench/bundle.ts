// How large the files of the page are, as they are and packed as servers pack them (gzip): the table of docs/browser.md.
// Usage: npx tsx bench/bundle.ts. Builds them into a folder that is not kept. A line each, tab-separated.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const builder = (await import(resolve(import.meta.dirname, '../web/build-app.js'))) as {
  buildApp(folder: string): Promise<string>;
  library(folder: string): Promise<object>;
  written(output: object): Promise<void>;
};
const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-bundle-'));
try {
  await builder.buildApp(folder);
  await builder.written(await builder.library(folder));
  const size = (bytes: number): string => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
  for (const name of ['worker.js', 'ort/ort-wasm-simd-threaded.wasm', 'app.js', 'lan-onnx.js']) {
    const bytes = readFileSync(join(folder, name));
    process.stdout.write(`${name}\t${size(bytes.length)}\t${size(gzipSync(bytes).length)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
