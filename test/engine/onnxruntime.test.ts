// Where onnxruntime's binding is not installed, or does not run here, one error says so and what to type.
import { expect, test } from '@jest/globals';
import { loadOnnxruntime, ortVersion } from '../../src/engine/onnxruntime.js';

const refused = (error: Error): Promise<unknown> => loadOnnxruntime(() => Promise.reject(error));

test('not installed', async () => {
  const error = Object.assign(new Error("Cannot find package 'onnxruntime-node' imported from /x.js"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  await expect(refused(error)).rejects.toMatchObject({
    code: 'install',
    problem: expect.stringContaining('onnxruntime-node, which runs the models, is not installed.'),
    advice: 'Install it without that part: ONNXRUNTIME_NODE_INSTALL=skip npm install',
  });
});

test('installed, but its library cannot be loaded', async () => {
  const error = Object.assign(new Error('libc.musl-x86_64.so.1: cannot open shared object file\nstack'), {
    code: 'ERR_DLOPEN_FAILED',
  });
  await expect(refused(error)).rejects.toMatchObject({
    code: 'install',
    problem: `onnxruntime ${ortVersion()} cannot be loaded on ${process.platform}-${process.arch}: libc.musl-x86_64.so.1: cannot open shared object file.`,
    advice: expect.stringContaining('Linux with glibc'),
  });
});

test('it is loaded as it is installed', async () => {
  expect(typeof (await loadOnnxruntime()).InferenceSession.create).toBe('function');
  expect(ortVersion()).toMatch(/^1\.\d+\.\d+$/);
});
