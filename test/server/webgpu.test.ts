// The builds with WebGPU are served from where onnxruntime-web is installed, in the version that the page is made with, or not at all.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { WEBGPU_FILES, webgpuSite } from '../../src/server/webgpu.js';
import { root } from '../web/browser.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-webgpu-'));
const dist = join(folder, 'dist');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(dist);
writeFileSync(join(folder, 'package.json'), '{"version":"1.2.3"}');
for (const name of WEBGPU_FILES) writeFileSync(join(dist, name), name);

test('its files and the list that names them', () => {
  const site = webgpuSite(undefined, '1.2.3', dist);
  expect([...site.keys()].sort()).toEqual(['/extras.json', ...WEBGPU_FILES.map((name) => `/ort-webgpu/${name}`)].sort());
  expect(site.get(`/ort-webgpu/${WEBGPU_FILES[0]!}`)).toEqual({
    type: 'text/javascript; charset=utf-8',
    body: { path: join(dist, WEBGPU_FILES[0]!) },
    keep: true,
  });
  const { body, keep } = site.get('/extras.json')!;
  expect([JSON.parse(String('bytes' in body && Buffer.from(body.bytes))), keep]).toEqual([{ webgpu: 'ort-webgpu/' }, false]);
});

test('not where it is not wanted, of another version or not whole; who insists is told why', () => {
  expect(webgpuSite(false, '1.2.3', dist).size).toBe(0);
  expect(webgpuSite(undefined, '1.2.4', dist).size).toBe(0);
  expect(() => webgpuSite(true, '1.2.4', dist)).toThrow("The page's WebGPU needs onnxruntime-web 1.2.4 beside lan-onnx: 1.2.3 is installed. npm install onnxruntime-web@1.2.4"); // prettier-ignore
  rmSync(join(dist, WEBGPU_FILES[2]!));
  expect(() => webgpuSite(true, '1.2.3', dist)).toThrow(`its file ${WEBGPU_FILES[2]!} is missing`);
});

test('the list of files is that of the build of static files', async () => {
  const built = (await import(pathToFileURL(join(root, 'web/build-app.js')).href)) as { WEBGPU: string[] };
  expect(built.WEBGPU).toEqual(WEBGPU_FILES);
});
