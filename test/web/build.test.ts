// Building the page: all of it, or nothing that would be served.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const builder = (await import(resolve(import.meta.dirname, '../../web/build-app.js'))) as {
  buildApp(folder: string, runtime?: string): Promise<string>;
};

test('a build of the page that breaks leaves no page that would be served by half', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-build-'));
  try {
    writeFileSync(join(folder, 'index.html'), 'of an earlier build');
    await expect(builder.buildApp(folder, join(folder, 'nowhere'))).rejects.toThrow('ENOENT');
    expect([existsSync(join(folder, 'app.js')), existsSync(join(folder, 'index.html'))]).toEqual([true, false]);
    await builder.buildApp(folder);
    expect(readFileSync(join(folder, 'index.html'), 'utf8')).toContain('app.js');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
