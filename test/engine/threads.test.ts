// How many threads onnxruntime takes where nobody says.
import { availableParallelism } from 'node:os';
import { afterEach, expect, test } from '@jest/globals';
import { createOrtEngine } from '../../src/engine/ort.js';

const before = process.env['LAN_ONNX_THREADS'];
afterEach(() => void (process.env['LAN_ONNX_THREADS'] = before));

test('all cores, those of LAN_ONNX_THREADS, or those that are asked for', () => {
  process.env['LAN_ONNX_THREADS'] = '';
  expect(createOrtEngine([]).info.threads).toBe(availableParallelism());
  process.env['LAN_ONNX_THREADS'] = '3';
  expect(createOrtEngine([]).info.threads).toBe(3);
  expect(createOrtEngine([], { threads: 2 }).info.threads).toBe(2);
});

test('what is no number of threads is refused', () => {
  process.env['LAN_ONNX_THREADS'] = 'many';
  expect(() => createOrtEngine([])).toThrow("LAN_ONNX_THREADS: expected a whole number of at least 1, received 'many'.");
});
