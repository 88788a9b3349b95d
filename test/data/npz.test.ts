// Sparse matrices as scipy writes them: read, scored, trained on, and files that are none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import { float32, int32, type Tensor } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { decodeSparse } from '../../src/data/npz.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { dense } from '../../src/data/sparse.js';
import { dialectModel } from '../../src/engine/ort.js';
import { classifierGraph } from '../../src/lan/fit.js';
import { createNetwork } from '../../src/lan/network.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-npz-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A zip archive, its members deflated or stored. */
function zip(members: Record<string, Uint8Array>, deflated: boolean): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(members)) {
    const data = deflated ? deflateRawSync(bytes) : Buffer.from(bytes);
    const shared = Buffer.alloc(26);
    [20, 0, deflated ? 8 : 0, 0, 0].forEach((v, i) => shared.writeUInt16LE(v, 2 * i));
    [crc32Of(bytes), data.length, bytes.length].forEach((v, i) => shared.writeUInt32LE(v, 10 + 4 * i));
    shared.writeUInt16LE(name.length, 22);
    // numpy leaves room for sizes of 64 bits in the local header alone.
    const extra = Buffer.alloc(20);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, Buffer.from(name), extra, data]);
    local.writeUInt16LE(extra.length, 28);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), shared, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
/** Node 20.15 and 22.2 have it; nobody reads it here. */
const crc32Of = (bytes: Uint8Array): number => (typeof crc32 === 'function' ? crc32(bytes) : 0);

/** [[0,2,0,1],[0,0,0,0],[3,0,0,0],[0,5,0,4]], by rows. */
const MATRIX: Record<string, Tensor> = {
  indices: int32([1, 3, 0, 1, 3]),
  indptr: int32([0, 2, 2, 3, 5]),
  shape: int32([4, 4]),
  data: int32([2, 1, 3, 5, 4]),
};
const npz = (change: Record<string, Tensor> = {}, format = 'csr', deflated = true): Buffer => {
  const header = encodeNpy(int32([0], []));
  const text = Buffer.concat([Buffer.from(header.subarray(0, header.length - 4)), Buffer.from(format)]);
  return zip({ ...Object.fromEntries(Object.entries({ ...MATRIX, ...change }).map(([k, t]) => [`${k}.npy`, encodeNpy(t)])), 'format.npy': text }, deflated); // prettier-ignore
};

test.each([true, false])('a matrix of whole numbers, members deflated: %s', (deflated) => {
  const rows = decodeSparse(npz({}, 'csr', deflated), 'm.npz');
  expect([rows.length, rows.width]).toEqual([4, 4]);
  expect(Array.from(dense(rows, [3, 1, 0]))).toEqual([0, 5, 0, 4, 0, 0, 0, 0, 0, 2, 0, 1]);
  const floats = decodeSparse(npz({ data: float32([0.5, 1, 3, 5, 4]) }, 'csr', deflated), 'm.npz');
  expect(Array.from(dense(floats, [0]))).toEqual([0, 0.5, 0, 1]);
});

test('files that are none: one sentence each', () => {
  const refused = (bytes: Uint8Array): string => {
    try {
      decodeSparse(bytes, "Dataset 'm.npz'");
    } catch (error) {
      return (error as Error).message;
    }
    return 'read';
  };
  const whole = npz();
  expect(refused(whole.subarray(0, 200))).toBe("Dataset 'm.npz': is no sound .npz file (it has no directory). Was it cut off?");
  expect(refused(npz({}, 'csc'))).toBe(
    "Dataset 'm.npz': its rows are not compressed (CSR). Expected a matrix saved by scipy.sparse.save_npz(file, matrix.tocsr()).",
  );
  const without = zip({ 'a.npy': encodeNpy(int32([1])) }, true);
  expect(refused(without)).toMatch(/^Dataset 'm\.npz': holds no 'format'\. Expected/);
  const changes: Record<string, Tensor>[] = [{ indices: int32([1, 3, 0, 1, 4]) }, { indptr: int32([0, 2, 1, 3, 5]) }, { data: int32([1, 2]) }]; // prettier-ignore
  for (const change of changes) expect(refused(npz(change))).toMatch(/^Dataset 'm\.npz': its indices do not fit its shape\./);
  const damaged = Buffer.from(whole);
  damaged.fill(0xff, 60, 90);
  expect(refused(damaged)).toMatch(/^Dataset 'm\.npz': /);
});

test('scored and trained on as any data set; a model of another vocabulary is refused', async () => {
  writeFileSync(at('counts.npz'), npz());
  writeFileSync(at('labels.npy'), encodeNpy(int32([0, 1, 1, 0])));
  const data = await openDataset(at('counts.npz'));
  expect([data.length, data.shape, Array.from(data.labels!)]).toEqual([4, [4], [0, 1, 1, 0]]);
  await data.close();
  // Class 0 where words 1 and 3 outweigh word 0; a row of zeros is class 1 by its bias.
  const model = (width: number): string => {
    const network = createNetwork('FC(2, softmax)', [width]);
    const weight = new Float32Array(2 * width);
    weight.set([-1, 1, 1, -1, 0, 0, 1, -1]);
    const path = at(`net${width}.onnx`);
    writeFileSync(
      path,
      encodeModel(dialectModel(classifierGraph(network, { 'fc1.weight': weight, 'fc1.bias': Float32Array.of(-0.5, 0.5) }))),
    );
    return path;
  };
  const scored = await cli('score', model(4), '--data', at('counts.npz'));
  expect(scored.out).toMatch(/top-1 +100\.00 % \(4 of 4/);
  const trained = await cli('train', model(4), '--data', at('counts.npz'), '--lan', 'FC(2, lrelu), FC(mask, sigmoid)', '--noise', 'constant:0', '--iterations', '5', '--batch', '2', '--validation', '0', '--out', at('lan.onnx')); // prettier-ignore
  expect([trained.code, trained.err]).toEqual([0, expect.not.stringContaining('lan-onnx:')]);
  const other = await cli('score', model(6), '--data', at('counts.npz'));
  expect([other.code, other.err.trim().split('\n').at(-1)]).toEqual([
    2,
    expect.stringMatching(/samples? .*\[6\].*\[4\]|\[4\].*\[6\]/),
  ]);
});
