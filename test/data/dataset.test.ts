// Datasets of every kind: what is read, how labels meet a model's outputs, and the exact words for files that are not sound.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { toPixels } from '../../src/data/dataset.js';
import { encodePng } from '../../src/data/images.js';
import { matchLabels } from '../../src/data/labels.js';
import { encodeNpy } from '../../src/data/npy.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { datasetOf } from '../../src/data/stored.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-dataset-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: Uint8Array | string): string {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
  return at(path);
}

/** An IDX file of bytes; `claimed` dims may lie. */
function idx(claimed: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * claimed.length));
  header.setUint8(2, type);
  header.setUint8(3, claimed.length);
  claimed.forEach((d, i) => header.setUint32(4 + 4 * i, d));
  return Uint8Array.from([...new Uint8Array(header.buffer), ...Array.from(data)]);
}

/** One picture of one colour. */
const png = (r: number, g: number, b: number): Promise<Uint8Array> =>
  encodePng(
    Uint8Array.from({ length: 3 * 6 * 4 }, (_, i) => [r, g, b][i % 3]!),
    6,
    4,
  );

const images = Array.from({ length: 3 * 2 * 4 }, (_, i) => i);
const refused = async (path: string, split?: string): Promise<string> => {
  try {
    await openDataset(path, { split });
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
};

describe('IDX', () => {
  test.each(['', '.gz'])('images and labels%s, by split', async (end) => {
    const dir = `mnist${end}`;
    const pack = end ? gzipSync : (b: Uint8Array): Uint8Array => b;
    put(`${dir}/t10k-images-idx3-ubyte${end}`, pack(idx([3, 2, 4], images)));
    put(`${dir}/t10k-labels-idx1-ubyte${end}`, pack(idx([3], [7, 2, 1])));
    put(`${dir}/train-images-idx3-ubyte${end}`, pack(idx([1, 2, 4], images.slice(0, 8))));
    const data = await openDataset(at(dir));
    expect(data).toMatchObject({ format: 'IDX', split: 'test', length: 3, shape: [1, 2, 4], numbered: true });
    expect(data.notes).toEqual(['split test, of train and test; choose another with `split`']);
    expect([...data.labels!]).toEqual([7, 2, 1]);
    const { x, indices } = await data.read([2, 0, 1]);
    expect([x.type, x.dims, indices]).toEqual(['uint8', [3, 1, 2, 4], [2, 0, 1]]);
    expect([...(x.data as Uint8Array)]).toEqual([...images.slice(16), ...images.slice(0, 16)]);
    expect((toPixels(x, 1).data as Float32Array)[1]).toBeCloseTo(17 / 255, 7);
    const grown = await data.read([0], { channels: 3, height: 4, width: 8 });
    expect(grown.x.dims).toEqual([1, 3, 4, 8]);
    await data.close();
    const train = await openDataset(at(dir), { split: 'train' });
    expect([train.length, train.labels]).toEqual([1, undefined]);
    await train.close();
    expect(await refused(at(dir), 'val')).toBe(`Dataset '${at(dir)}': has no split 'val'; there are train, test.`);
  });

  test.each<[string, Uint8Array, string]>([
    ['not-idx3-ubyte', Uint8Array.of(1, 2, 3, 4), 'is not an IDX file.'],
    ['type-idx3-ubyte', idx([1, 1, 1], [0], 13), 'has IDX type 0xd. Expected 0x8, unsigned bytes.'],
    ['huge-idx3-ubyte', idx([4e9, 4e9, 4e9], []), 'has the impossible shape [4000000000,4000000000,4000000000].'],
    ['big-idx3-ubyte', idx([60000, 28, 28], [1]), 'is cut short: its header asks for 47040016 bytes, it has 17.'],
    ['more-idx3-ubyte', idx([1, 1, 1], [1, 2, 3]), 'has 2 bytes more than its header asks for.'],
    ['head-idx3-ubyte', idx([1, 1, 1], [1]).subarray(0, 9), 'is cut short in its header.'],
    ['flat-idx1-ubyte', idx([2], [1, 2]), 'expected images [N,H,W] or [N,C,H,W], received shape [2].'],
    ['bomb-idx3-ubyte.gz', gzipSync(idx([1, 1, 1], new Uint8Array(1e6))), 'has more bytes than its header asks for.'],
    [
      'lie-idx3-ubyte.gz',
      gzipSync(idx([60000, 1000, 1000], [1])),
      'unpacks to 60000000016 bytes. Unpack it first (gunzip): it is then read piece by piece.',
    ],
    [
      'cut-idx3-ubyte.gz',
      gzipSync(idx([3, 2, 4], images)).subarray(0, 30),
      'is not a sound gzip file. Was its download cut off?',
    ],
  ])('%s is refused', async (name, bytes, message) => {
    const path = put(name, bytes);
    expect(await refused(path)).toBe(`Dataset '${path}': ${message}`);
  });
});

describe('CIFAR', () => {
  const record = (label: readonly number[], first: number): Uint8Array =>
    Uint8Array.from([...label, ...Array.from({ length: 3072 }, (_, i) => (first + i) % 256)]);

  test('batches of a folder, read across their border', async () => {
    put('cifar/data_batch_1.bin', Buffer.concat([record([3], 0), record([9], 1)]));
    put('cifar/data_batch_2.bin', record([5], 2));
    const data = await openDataset(at('cifar'));
    expect(data).toMatchObject({ format: 'CIFAR', split: 'train', length: 3, shape: [3, 32, 32] });
    expect([...data.labels!].map((l) => data.classes![l])).toEqual(['cat', 'truck', 'dog']);
    const { x } = await data.read([1, 2]);
    expect([(x.data as Uint8Array)[0], (x.data as Uint8Array)[3072]]).toEqual([1, 2]);
    await data.close();
  });

  test('CIFAR-100 has two labels, of which the fine one counts', async () => {
    const data = await openDataset(put('fine.bin', record([3, 77], 5)));
    expect([...data.labels!]).toEqual([77]);
    expect(((await data.read([0])).x.data as Uint8Array)[0]).toBe(5);
    await data.close();
  });

  test('unsound files', async () => {
    const cut = put('cut.bin', new Uint8Array(5000));
    expect(await refused(cut)).toBe(
      `Dataset '${cut}': 5000 bytes are not whole CIFAR records (3073 bytes, or 3074 in CIFAR-100). Was it cut off?`,
    );
    const wrong = put('wrong.bin', record([10], 0));
    expect(await refused(wrong)).toBe(`Dataset '${wrong}': record 0 has label 10. Expected 0 to 9; is it a CIFAR file?`);
  });
});

describe('pictures', () => {
  test('a folder per class: empty ones are reported, an unreadable picture is listed', async () => {
    put('photos/cat/a.png', await png(255, 0, 0));
    put('photos/dog/b.png', 'no picture');
    put('photos/dog/c.png', await png(0, 0, 255));
    put('photos/loose.png', await png(0, 0, 0));
    mkdirSync(at('photos/bird'));
    const data = await openDataset(at('photos'));
    expect(data).toMatchObject({ format: 'pictures', length: 3, classes: ['bird', 'cat', 'dog'], numbered: false });
    expect(data.notes).toEqual([
      '1 class folder(s) without pictures: bird',
      '1 picture(s) beside the class folders are left out',
    ]);
    expect([...data.labels!]).toEqual([1, 2, 2]);
    const { x, indices, unreadable } = await data.read([0, 1, 2], { channels: 3, height: 2, width: 2 });
    expect([indices, x.dims]).toEqual([
      [0, 2],
      [2, 3, 2, 2],
    ]);
    expect([...(x.data as Uint8Array).subarray(0, 12)]).toEqual([255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(unreadable).toEqual([
      {
        index: 1,
        reason: `Image '${at('photos/dog/b.png')}': cannot be read (it is a text). Expected a JPEG, PNG, WebP, GIF, TIFF, BMP, PNM or AVIF file.`,
      },
    ]);
  });

  test('a flat folder has no labels; splits are folders', async () => {
    put('split/train/x/a.png', await png(1, 2, 3));
    put('split/test/x/a.png', await png(1, 2, 3));
    put('split/test/x/b.png', await png(1, 2, 3));
    expect((await openDataset(at('split'))).length).toBe(2);
    expect(await openDataset(at('split'), { split: 'train' })).toMatchObject({ length: 1, split: 'train', classes: ['x'] });
    const flat = await openDataset(at('split/test/x'));
    expect([flat.length, flat.labels]).toEqual([2, undefined]);
    expect(() => matchLabels(flat, [], 2)).toThrow(
      `Dataset '${flat.name}': has no labels. Expected a folder per class, or a file with labels.`,
    );
  });

  test('manifests: names or numbers, quotes, a header; paths are relative to the file', async () => {
    put('lists/a, b.png', await png(9, 9, 9));
    const csv = await openDataset(put('lists/l.csv', 'label,path\ncat,"a, b.png"\ndog,missing.png\n'));
    expect([csv.classes, [...csv.labels!]]).toEqual([
      ['cat', 'dog'],
      [0, 1],
    ]);
    const batch = await csv.read([0, 1], { channels: 1, height: 2, width: 2 });
    expect([batch.indices, [...(batch.x.data as Uint8Array)]]).toEqual([[0], [9, 9, 9, 9]]);
    expect(batch.unreadable[0]!.reason).toBe(`Image '${at('lists/missing.png')}': cannot be read (no such file or folder).`);
    const jsonl = await openDataset(put('lists/l.jsonl', '{"path": "a, b.png", "label": 7}\n'));
    expect([jsonl.numbered, [...jsonl.labels!]]).toEqual([true, [7]]);
    const bad = put('lists/bad.jsonl', '{"path": "x.png"}\n{"label": 1}\n');
    expect(await refused(bad)).toBe(
      `Dataset '${bad}', line 2: expected {"path": "...", "label": "name or number"}, received '{"label": 1}'.`,
    );
    const open = put('lists/open.csv', 'a.png,1\n"b.png,1\n');
    expect(await refused(open)).toBe(`Dataset '${open}', line 2: expected path,label (quotes closed), received '"b.png,1'.`);
  });
});

test('.npy: bytes are pictures, channels last too; floats are taken as they are', async () => {
  put('npy/images.npy', encodeNpy({ type: 'uint8', dims: [2, 4, 5, 3], data: Uint8Array.from({ length: 120 }, (_, i) => i) }));
  const labels = put('npy/labels.npy', encodeNpy({ type: 'int64', dims: [2], data: BigInt64Array.of(1n, 0n) }));
  const data = await openDataset(at('npy'));
  expect([data.shape, [...data.labels!]]).toEqual([
    [3, 4, 5],
    [1, 0],
  ]);
  expect([...((await data.read([1])).x.data as Uint8Array).subarray(0, 3)]).toEqual([60, 63, 66]);
  writeFileSync(labels, encodeNpy(float32([1, 2, 3])));
  expect(await refused(at('npy'))).toBe(`Dataset '${labels}': expected 2 labels, one a sample, received shape [3].`);
  const floats = await openDataset(put('floats.npy', encodeNpy(float32([1, 2, 3, 4], [2, 2]))));
  await expect(floats.read([0], { channels: 1, height: 2, width: 2 })).rejects.toThrow(
    `Dataset '${at('floats.npy')}': expected samples of shape [1,2,2], received [2].`,
  );
});

test('what is no dataset', async () => {
  expect(await refused(at('nowhere'))).toBe(`Dataset '${at('nowhere')}': cannot be read (no such file or folder).`);
  const path = put('notes.txt', 'x');
  expect(await refused(path)).toBe(
    `Dataset '${path}': is of no known kind. Expected a folder of pictures, IDX (MNIST), CIFAR .bin, .csv or .jsonl (path,label), images.npy or a sparse counts.npz with labels.npy.`,
  );
});

describe('labels meet outputs', () => {
  const x = float32(new Float32Array(3), [3, 1]);
  const named = (...classes: string[]) => ({ ...datasetOf(x, [0, 1, 1], classes), numbered: false });

  test('by name, synonyms and WordNet ids too', () => {
    const { labels } = matchLabels(
      named('golden_retriever', 'n01440764'),
      ['n01440764 tench, Tinca', 'dog, golden retriever'],
      2,
    );
    expect([...labels]).toEqual([1, 0, 0]);
  });

  test('by order or number, where the model has no names', () => {
    expect([...matchLabels(named('a', 'b'), [], 2).labels]).toEqual([0, 1, 1]);
    expect([...matchLabels(named('10', '7'), [], 11).labels]).toEqual([10, 7, 7]);
    expect([...matchLabels(datasetOf(x, [2, 0, 1]), ['a', 'b', 'c'], 3).labels]).toEqual([2, 0, 1]);
  });

  test('what does not fit is named and counted', () => {
    expect(() => matchLabels(named('cat', 'dgo'), ['cat', 'dog'], 2)).toThrow(
      "Dataset 'memory': 1 class(es) are not among the model's labels: dgo (2 samples). See `labels`.",
    );
    expect(() => matchLabels(datasetOf(x, [0, 5, 5]), [], 3)).toThrow(
      "Dataset 'memory': 1 class(es) do not fit the model's 3 outputs: label 5 (2 samples). Is it the dataset of another model?",
    );
    expect(() => matchLabels(named('a', 'b'), [], 4)).toThrow(
      "Dataset 'memory': has 2 classes, the model 4 outputs. Give the model's class names with `labels`, so that they can be matched.",
    );
  });
});

test('labels beside an array that belong to another one: refused, but where samples alone are asked for', async () => {
  const path = put('others/rows.npy', encodeNpy(float32([1, 2, 3, 4], [2, 2])));
  put('others/labels.npy', encodeNpy({ type: 'int32', dims: [3], data: new Int32Array(3) }));
  await expect(openDataset(path)).rejects.toThrow('expected 2 labels, one a sample');
  const data = await openDataset(path, { labels: false });
  expect([data.length, data.labels]).toEqual([2, undefined]);
});
