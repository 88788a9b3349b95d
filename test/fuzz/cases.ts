// What is damaged and what is done with it: by kind, a list of sound files made here, and the library call that a user's file meets.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { random } from '../../src/core/random.js';
import { float32, int64, sizeOf } from '../../src/core/tensor.js';
import { decodePixels } from '../../src/data/images.js';
import { decodeNpy, encodeNpy } from '../../src/data/npy.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/data/safetensors.js';
import { readVocabulary } from '../../src/data/vocabulary.js';
import { readCard, readLabels } from '../../src/model/card.js';
import { cardOfHuggingFace } from '../../src/model/hugging-face.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import { tryOpened } from '../../src/model/tried.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { modelOf } from '../ops/case.js';
import { loadFamilies } from '../ops/families.js';
import { damaged, dice, mutatedJson, mutatedModel } from './mutate.js';

/**
 * One run of a case; throws what the library throws. `folder` is the case's own, and empty. `trialHere`: what the trial of a model would do in a process of
 * its own is done in this one, between what its user does.
 */
export type FuzzCase = (folder: string, trialHere?: boolean) => Promise<void>;

export const KINDS = ['model', 'file'] as const;
export type Kind = (typeof KINDS)[number];

const STREAM = 0x66757a7a;

/** Bytes of case `index`, and what it does with them. */
export async function caseAt(
  kind: Kind,
  seed: number,
  index: number,
): Promise<{ name: string; bytes: Uint8Array; run: FuzzCase }> {
  const d = dice(random(seed, STREAM), index);
  if (kind === 'model') {
    const models = await opModels();
    const [name, sound] = d.pick(models);
    const bytes = (d.below(4) > 0 ? mutatedModel(sound, d) : undefined) ?? damaged(sound, d);
    return { name, bytes, run: (_folder, trialHere = false) => tryModelBytes(bytes, trialHere) };
  }
  const files = await soundFiles();
  const { name, bytes: sound, read } = d.pick(files);
  const bytes = (d.below(2) === 0 ? mutatedJson(sound, d) : undefined) ?? damaged(sound, d);
  return { name, bytes, run: (folder) => read(bytes, folder) };
}

/** What a user does with a model that somebody sent: looks at it, opens it, runs it, differentiates it. */
export async function tryModelBytes(bytes: Uint8Array, trialHere = false): Promise<void> {
  const options = { threads: 1, ...(trialHere ? { trust: true } : {}) };
  await inspect(bytes, trialHere ? { trust: true } : {});
  const model = await openModel(bytes, options);
  try {
    // As in a trial, whatever is thrown here is no finding: it comes again below.
    if (trialHere) await tryOpened(model, options).catch(() => undefined);
    const feeds = Object.fromEntries(
      model.inputs.map((i) => [
        i.name,
        i.type === 'int64'
          ? int64(new Array<number>(sizeOf(i.shape)).fill(0), i.shape)
          : float32(new Float32Array(sizeOf(i.shape)).fill(0.5), i.shape),
      ]),
    );
    const outputs = await model.run(feeds);
    const cotangents = Object.fromEntries(Object.entries(outputs).filter(([, t]) => t.type === 'float32'));
    await model.vjp(feeds, cotangents);
  } finally {
    await model.dispose();
  }
}

let models: Promise<[string, Uint8Array][]> | undefined;
const opModels = (): Promise<[string, Uint8Array][]> =>
  (models ??= (async () => {
    const families = await loadFamilies();
    return [...families].flatMap(([family, cases]) =>
      cases.map((c): [string, Uint8Array] => [`${family}: ${c.name}`, encodeModel(modelOf(c))]),
    );
  })());

interface Sound {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly read: (bytes: Uint8Array, folder: string) => Promise<void>;
}

const text = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

let sound: Promise<Sound[]> | undefined;
const soundFiles = (): Promise<Sound[]> => (sound ??= makeSoundFiles());

async function makeSoundFiles(): Promise<Sound[]> {
  const pixels = random(1, STREAM).uniform(new Float32Array(16 * 12 * 3), 0, 0, 255);
  const picture = sharp(Buffer.from(Uint8Array.from(pixels)), { raw: { width: 16, height: 12, channels: 3 } });
  const made: Sound[] = [];
  for (const format of ['png', 'jpeg', 'gif', 'webp', 'tiff'] as const)
    made.push({
      name: `picture.${format}`,
      bytes: await picture.clone().toFormat(format).toBuffer(),
      read: async (bytes) => void (await decodePixels(bytes)),
    });
  made.push({
    name: 'array.npy',
    bytes: encodeNpy(float32(new Float32Array(24), [2, 3, 4])),
    read: (bytes) => Promise.resolve(void decodeNpy(bytes, 'array.npy')),
  });
  made.push({
    name: 'weights.safetensors',
    bytes: encodeSafetensors({ a: float32(new Float32Array(6), [2, 3]) }, { step: '1' }),
    read: (bytes) => Promise.resolve(void decodeSafetensors(bytes, 'weights.safetensors')),
  });
  const onFile = (name: string, bytes: Uint8Array, read: (path: string) => unknown): void => {
    made.push({
      name,
      bytes,
      async read(damagedBytes, folder) {
        await mkdir(folder, { recursive: true });
        const path = join(folder, name);
        await writeFile(path, damagedBytes);
        await read(path);
      },
    });
  };
  onFile(
    'm.card.json',
    text({
      input: { layout: 'NCHW', size: [8, 8], channels: 'RGB', range: 255, mean: [1, 2, 3], std: [1, 1, 1] },
      output: 'logits',
      labels: ['a', 'b'],
    }),
    readCard,
  );
  onFile('labels.csv', text('index,label\n0,cat\n1,"dog, small"\n'), readLabels);
  onFile('labels.txt', text('cat\ndog\n'), readLabels);
  onFile('vocab.txt', text('[PAD]\nhello\nworld\n'), readVocabulary);
  onFile('config.json', text({ id2label: { 0: 'a', 1: 'b' }, problem_type: 'single_label_classification' }), (path) =>
    cardOfHuggingFace(join(path, '..')),
  );
  onFile(
    'preprocessor_config.json',
    text({
      do_normalize: true,
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      size: { height: 8, width: 8 },
      rescale_factor: 0.00392,
    }),
    (path) => cardOfHuggingFace(join(path, '..')),
  );
  const all = async (path: string): Promise<void> => {
    const dataset = await openDataset(path);
    try {
      await dataset.read([...Array(Math.min(dataset.length, 8)).keys()], { width: 8, height: 8, channels: 3 });
    } finally {
      await dataset.close();
    }
  };
  onFile('list.csv', text('path,label\na.png,cat\n"b, c.png",dog\n'), all);
  onFile('list.jsonl', text('{"path":"a.png","label":"cat"}\n{"path":"b.png","label":1}\n'), all);
  onFile('x.npy', encodeNpy(float32(new Float32Array(2 * 3 * 8 * 8), [2, 3, 8, 8])), all);
  onFile('t10k-images-idx3-ubyte', Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4, ...new Uint8Array(32)]), all);
  onFile('data_batch_1.bin', new Uint8Array(3073 * 2).fill(3), all);
  return made;
}
