// Inputs on their way to other machines: as they were, and nothing else.
import { expect, test } from '@jest/globals';
import type { Sample } from '../../src/api/inputs.js';
import { packSample, unpackSample } from '../../src/api/stored-sample.js';
import { float32 } from '../../src/core/tensor.js';
import { pack } from '../../src/queue/parcel.js';

const x = float32([0, 0.5, -1, 255], [1, 2, 2]);
const sample: Sample = { path: 'a/b.png', title: 'b', sha256: 'ab'.repeat(32), x, pixels: x, range: 255, notes: ['n'] };

test('pictures, rows of tables with their names, whole numbers', () => {
  const row: Sample = {
    ...sample,
    x: { type: 'int64', dims: [1, 2], data: BigInt64Array.of(-1n, 2n) },
    pixels: undefined,
    features: { kind: 'feature', names: ['age', 'height'], values: Float32Array.of(1, 2) },
    noise: 'uniform:0,1',
  };
  expect(unpackSample(packSample(sample), 'It')).toEqual(sample);
  const { pixels: _, ...read } = row;
  expect(unpackSample(packSample(row), 'It')).toEqual(read);
  // The same numbers twice lie there once.
  expect(packSample(sample).length).toBeLessThan(packSample({ ...sample, pixels: float32([1, 2, 3, 4], [1, 2, 2]) }).length);
});

test('noise that would be read from a file is not sent; sent all the same, it is refused', () => {
  expect(unpackSample(packSample({ ...sample, noise: 'bootstrap:rows.csv' }), 'It')).not.toHaveProperty('noise');
  const about = { title: 't', sha256: 'ab'.repeat(32), notes: [], x: { type: 'float32', dims: [1], part: 0 } };
  const send = (more: object, part = new Uint8Array(4)) => unpackSample(pack({ about: { ...about, ...more }, parts: [part] }), 'It'); // prettier-ignore
  expect(send({}).x.data).toEqual(Float32Array.of(0));
  expect(() => send({ noise: 'bootstrap:/etc' })).toThrow(
    'It: is no input of this version (noise: would be read from this machine).',
  );
  expect(() => send({ require: 'x' })).toThrow('It: is no input of this version (: Unrecognized key: "require").');
  expect(() => send({}, new Uint8Array(8))).toThrow('It: its numbers do not fit its shape.');
  expect(() => send({ x: { type: 'float32', dims: [1e9, 1e9], part: 0 } })).toThrow('It: its numbers do not fit its shape.');
  expect(() => packSample({ ...sample, tokens: { ids: [1] } })).toThrow('a/b.png: texts cannot be sent to other machines.');
});
