// Real models agree with onnxruntime, forward and backward. Skipped where they are absent: see SHARED below.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';

const SHARED = process.env['LAN_ONNX_SHARED'] ?? resolve(import.meta.dirname, '../../../shared');
const models = join(SHARED, 'models');

/** Of larger files, whose gradients take half a minute, the outputs: `make check-models` and `make test-slow` compare their gradients. */
const LARGE = 2 ** 25;

const agrees = async (source: string): Promise<void> => {
  const gradients = statSync(source).size < LARGE || process.env['LAN_ONNX_SLOW'] !== undefined;
  const report = await check(source, { samples: 1, gradients });
  const wrong = [...report.outputs, ...report.gradients].filter((row) => !row.ok);
  expect(report.verdict).toBe('agrees');
  expect(wrong).toEqual([]);
  // Two engines forward; engine against engine and both against central differences.
  expect([report.outputs.length, report.gradients.length]).toEqual([2, gradients ? 3 : 0]);
};

const files = existsSync(models) ? readdirSync(models).filter((f) => f.endsWith('.onnx')) : [];
if (files.length === 0) test.skip(`real models: ${models} is absent`, () => undefined);
else test.each(files)('%s', (file) => agrees(join(models, file)), 120_000);
