// What one trial has shown is not tried again in the same process: by bytes, options and what was asked.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { remember, remembered, type Tried } from '../../src/model/trial-memory.js';

let files = 0;
const tried = (what: Tried['what'], options: Tried['options'] = {}, sha256 = `file ${files}`): Tried => ({
  name: 'm.onnx',
  sha256,
  what,
  options,
});
const refusal = new LanError('model', 'm.onnx: takes too long.', 'Leave it.');

test('what was refused while it was compiled is refused when it is run, at any pace, and at no other shape', () => {
  files++;
  remember(tried('compile', { shapes: { x: [1, 8] } }), refusal);
  expect(remembered(tried('run', { shapes: { x: [1, 8] }, threads: 1 }))).toBe(refusal);
  expect(remembered(tried('run', { shapes: { x: [1, 4] } }))).toBeUndefined();
  expect(remembered(tried('run', { shapes: { x: [1, 8] } }, 'another file'))).toBeUndefined();
});

test('what was refused when it was run may still be compiled', () => {
  files++;
  remember(tried('run'), refusal);
  expect(remembered(tried('run', { engine: 'tfjs' }))).toBe(refusal);
  expect(remembered(tried('compile'))).toBeUndefined();
});

test('what was run has been compiled, with the same values and threads', () => {
  files++;
  const feeds = (value: number) => ({ feeds: { m: { type: 'int64', dims: [1], data: BigInt64Array.of(BigInt(value)) } } });
  remember(tried('run', feeds(1)), 'passed');
  expect(remembered(tried('compile', feeds(1)))).toBe('passed');
  expect(remembered(tried('compile', feeds(2)))).toBeUndefined();
  expect(remembered(tried('run', { ...feeds(1), threads: 2 }))).toBeUndefined();
  remember(tried('compile', { batch: 3 }), 'passed');
  expect(remembered(tried('run', { batch: 3 }))).toBeUndefined();
});

test('what the machine did says nothing about a file, and old findings are forgotten', () => {
  files++;
  remember(tried('run'), new LanError('runtime', 'ended from outside.'));
  expect(remembered(tried('run'))).toBeUndefined();
  remember(tried('run'), 'passed');
  for (let i = 0; i < 256; i++) remember(tried('run', {}, `other ${i}`), 'passed');
  expect(remembered(tried('run'))).toBeUndefined();
  expect(remembered(tried('run', {}, 'other 255'))).toBe('passed');
});
