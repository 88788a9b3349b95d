// Cards of well-known Inception networks by name, as their makers publish the preprocessing.

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
const RGB = { layout: 'NCHW', channels: 'RGB', range: 1 } as const;
/** timm resizes to the size over crop_pct, rounded down: 299 / 0.875. */
const TIMM = { ...RGB, size: [299, 299], resize: 341, resample: 'bicubic' } as const;

/** A card for each name; read wherever a card is, where no file is called so. */
export const CARD_PRESETS = {
  /** The ONNX model zoo's GoogLeNet, opset 3 to 12, by its README: the whole picture resized by Pillow, BGR, the mean of Caffe taken off. */
  'zoo-googlenet': {
    input: {
      layout: 'NCHW',
      size: [224, 224],
      resize: [224, 224],
      resample: 'bicubic',
      channels: 'BGR',
      range: 255,
      mean: [103.939, 116.779, 123.68],
      std: [1, 1, 1],
    },
    output: 'probabilities',
  },
  /** timm's inception_v3.tv_in1k, .tf_in1k and .tf_adv_in1k, by their pretrained_cfg. */
  'timm-inception-v3': { input: { ...TIMM, ...HALF } },
  /** timm's inception_v3.gluon_in1k. */
  'timm-inception-v3-gluon': { input: { ...TIMM, ...IMAGENET } },
  /** timm's inception_v4.tf_in1k. */
  'timm-inception-v4': { input: { ...TIMM, ...HALF } },
  /** torchvision's Inception_V3_Weights.IMAGENET1K_V1; what it does to channels besides (transform_input) is inside the graph. */
  'torchvision-inception-v3': { input: { ...RGB, size: [299, 299], resize: 342, resample: 'bilinear', ...IMAGENET } },
  /** torchvision's GoogLeNet_Weights.IMAGENET1K_V1. */
  'torchvision-googlenet': { input: { ...RGB, size: [224, 224], resize: 256, resample: 'bilinear', ...IMAGENET } },
} as const;

/** The name of a card that comes with the package. */
export type CardPreset = keyof typeof CARD_PRESETS;

/** Is there a card of this name? */
export const isCardPreset = (name: string): name is CardPreset => Object.hasOwn(CARD_PRESETS, name);
