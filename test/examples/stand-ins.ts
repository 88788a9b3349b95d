// What the documents' commands speak of, made small: models, pictures, texts and tables under the names that stand there.
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { random, STREAMS } from '../../src/core/random.js';
import { float32, int64, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { ensemble } from '../nets/forest.js';
import { bert } from '../nets/inside.js';
import { bagOfWords, incomeRule, WORDS } from '../nets/named.js';
import { PIECES, tokenizerJson } from '../nets/tokenizer.js';
import { saveTo, tf } from '../support/tfjs-layers.js';

const root = resolve(import.meta.dirname, '../..');
const numbers = (dims: readonly number[], seed: number): Tensor =>
  float32(random(seed, STREAMS.weights).normal(new Float32Array(sizeOf(dims)), 0), dims);

/** x of `dims` -> mean over what is behind the first `axis` axes -> softmax of `classes`. */
function meanNet(input: string, dims: readonly number[], axes: readonly number[], classes: number, output: string): Uint8Array {
  const g = new GraphBuilder('stand-in');
  const mean = g.op('ReduceMean', [g.input(input, 'float32', [...dims]), g.ints(axes)], { keepdims: 0 });
  const width = sizeOf(dims.filter((_, i) => i > 0 && !axes.includes(i)));
  const logits = g.op('MatMul', [g.op('Flatten', [mean], { axis: 1 }), g.constant(numbers([width, classes], 1))]);
  g.append('Softmax', [logits], [output], { axis: -1 });
  g.output(output);
  return encodeModel(dialectModel(g.build()));
}

/** Bytes as ids [batch,8] of a table of 257 rows; byte 0x7f decides for class 1. */
function byteNet(): Uint8Array {
  const g = new GraphBuilder('bytes');
  const table = Float32Array.from({ length: 257 * 2 }, (_, i) => (i === 2 * 0x7f + 1 ? 40 : i % 2 === 0 ? 1 : 0));
  const rows = g.op('Gather', [g.constant(float32(table, [257, 2])), g.input('bytes', 'int64', ['batch', 8])]);
  g.append('Softmax', [g.op('ReduceMean', [rows, g.ints([1])], { keepdims: 0 })], ['kind'], { axis: -1 });
  g.output('kind');
  return encodeModel(dialectModel(g.build()));
}

/** One tree over the four columns of the table: income above 40. */
const tree = (): Uint8Array =>
  ensemble(
    4,
    [[0, 0, 2, 'BRANCH_LEQ', 40, 1, 2], [0, 1, 0, 'LEAF', 0, 0, 0], [0, 2, 0, 'LEAF', 0, 0, 0]],
    [[0, 1, 0, 0.9], [0, 1, 1, 0.1], [0, 2, 0, 0.2], [0, 2, 1, 0.8]],
  ); // prettier-ignore

/** A module of a plug-in's part, as the first block of docs/plugins.md imports two. */
const PARTS = {
  'bent.mjs': "import plugin from './op.mjs';\nexport const bent = plugin.ops[0];\n",
  'sparsity.mjs':
    "export const sparsity = { name: 'sparsity', better: 'higher', definition: 'd', source: 's', measure: () => 1 };\n",
};

/** Fills `folder`. */
export async function standIns(folder: string): Promise<void> {
  const at = (...names: string[]): string => join(folder, ...names);
  const write = (name: string, data: string | Uint8Array): void => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), data);
  };
  // Pictures.
  const tank = join(root, 'models/tank');
  cpSync(tank, at('models/tank'), { recursive: true });
  const pictures = join(tank, 'pictures/tank');
  mkdirSync(at('photos'));
  for (const name of ['01', '03', '05', '07']) copyFileSync(join(pictures, `${name}.png`), at('photos', `${name}.png`));
  mkdirSync(at('pictures'));
  copyFileSync(join(pictures, '05.png'), at('pictures/05.png'));
  for (const name of ['forest.png', 'meadow.png']) copyFileSync(join(pictures, '01.png'), at(name));
  await sharp(join(pictures, '05.png')).jpeg().toFile(at('cat.jpg'));
  // A folder a class.
  for (const [folderName, name] of [['no tank', '02'], ['no tank', '04'], ['tank', '01'], ['tank', '03']] as const) write(`labelled/${folderName}/${name}.png`, readFileSync(join(tank, 'pictures', folderName, `${name}.png`))); // prettier-ignore
  // MNIST's form: a magic number, the sizes, the bytes.
  const idx = (dims: readonly number[], data: Uint8Array): Uint8Array => {
    const header = Buffer.alloc(4 + 4 * dims.length);
    [0x800 + dims.length, ...dims].forEach((v, i) => header.writeUInt32BE(v, 4 * i));
    return Buffer.concat([header, data]);
  };
  write(
    'mnist/t10k-images-idx3-ubyte',
    idx(
      [2, 28, 28],
      Uint8Array.from({ length: 2 * 784 }, (_, i) => i % 251),
    ),
  );
  write('mnist/t10k-labels-idx1-ubyte', idx([2], Uint8Array.of(0, 1)));
  // Classifiers of pictures.
  for (const name of ['model', 'm', 'float', 'int8', 'models/classifier']) {
    copyFileSync(join(tank, 'tank.onnx'), at(`${name}.onnx`));
    copyFileSync(join(tank, 'tank.card.json'), at(`${name}.card.json`));
  }
  write('squeezenet1.1.onnx', meanNet('data_0', [1, 3, 224, 224], [2, 3], 1000, 'softmaxout_1'));
  // Texts, as Hugging Face lays them out. 'bad' is the word that decides (the row of bert() that does).
  const pieces = PIECES.map((piece) => ({ good: 'bad', bad: 'good' })[piece] ?? piece);
  for (const name of ['bert', 'float', 'int8']) {
    write(`${name}/model.onnx`, bert());
    write(`${name}/tokenizer.json`, JSON.stringify(tokenizerJson(pieces)));
    write(`${name}/config.json`, JSON.stringify({ max_position_embeddings: 12, id2label: { 0: 'negative', 1: 'positive' } })); // prettier-ignore
  }
  write('review.txt', 'this movie was not bad');
  write('reviews/1.txt', 'a good film');
  write('reviews/2.txt', 'not a bad plot');
  write(
    'ids.npy',
    encodeNpy(
      int64(
        Array.from({ length: 8 * 6 }, (_, i) => [2, 7, 8, 12 + (i % 7), 10, 3][i % 6]!),
        [8, 6],
      ),
    ),
  );
  write('labels.npy', encodeNpy(int64(new Array<number>(8).fill(1), [8])));
  write('words.onnx', bagOfWords());
  write('words.txt', `${WORDS.join('\n')}\n`);
  write('mail.txt', 'the faith of the church, and a new disk');
  // Tables, bytes, arrays.
  const rows = Array.from({ length: 12 }, (_, i) => [20 + 4 * i, 150 + 3 * i, 20 + 5 * i, i % 4]);
  write('people.csv', ['age,height,income,children', ...rows.map((r) => r.join(','))].join('\n'));
  write('census.csv', ['town,age,height,income,children', ...rows.map((r, i) => `town ${i},${r.join(',')}`)].join('\n'));
  write('income.onnx', incomeRule());
  write('forest.onnx', tree());
  write('filetype.onnx', byteNet());
  write('program.bin', Uint8Array.from([0x61, 0x7f, 0x45, 0x4c, 0x46]));
  write('keywords.onnx', meanNet('mfcc', [1, 20, 6], [1], 4, 'keyword'));
  write('mfcc.npy', encodeNpy(numbers([20, 6], 2)));
  write('others.npy', encodeNpy(numbers([8, 20, 6], 3)));
  // From tfjs.
  const layers = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: 'softmax' })] });
  await saveTo(folder, layers);
  // Plug-ins.
  cpSync(join(root, 'examples/plugins'), folder, { recursive: true });
  for (const [name, text] of Object.entries(PARTS)) write(name, text);
}
