// A folder in which modules import 'lan-onnx' as they do where the package is installed.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moduleOf } from './built.js';

/** Makes it; the caller removes it. */
export function folderWithPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-plugins-'));
  const home = join(folder, 'node_modules/lan-onnx');
  mkdirSync(home, { recursive: true });
  const exports = { '.': './index.js', './ops': './ops.js' };
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'lan-onnx', type: 'module', exports }));
  for (const entry of ['index', 'ops'])
    writeFileSync(join(home, `${entry}.js`), `export * from '${moduleOf(`src/${entry}.ts`)}';\n`);
  return folder;
}
