// What lies beside a model about its input: cards, label files, Hugging Face folders; each wrong field is one clear sentence.
import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCard, readLabels } from '../../src/model/card.js';
import { completeCard } from '../../src/model/conventions.js';
import { dialectModel } from '../../src/engine/ort.js';
import { cardOfHuggingFace } from '../../src/model/hugging-face.js';
import { readModel } from '../../src/model/source.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-card-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, content: string | object | null): string => {
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
  return at(name);
};

describe('cards', () => {
  test.each([
    ['null', 'expected a JSON object.'],
    ['[]', 'expected a JSON object.'],
    ['"x"', 'expected a JSON object.'],
    ['{"inputs": {}}', "a card has no field 'inputs'."],
    ['{"input": []}', 'input must be an object, received [].'],
    ['{"input": null}', 'input must be an object, received null.'],
    ['{"input": {"colour": 1}}', "'input' has no field 'colour'."],
    ['{"input": {"channels": "GRAY"}}', 'input.channels must be one of RGB, BGR, GREY, received "GRAY".'],
    ['{"input": {"range": 2}}', 'input.range must be one of 1, 255, received 2.'],
    ['{"input": {"mean": ["a"]}}', 'input.mean must be a list of numbers, received ["a"].'],
    ['{"input": {"std": [1, 0]}}', 'input.std must be a list of numbers other than 0, received [1,0].'],
    ['{"input": {"size": 5}}', 'input.size must be [height, width], received 5.'],
    ['{"input": {"size": [5, 0.5]}}', 'input.size must be [height, width], received [5,0.5].'],
    ['{"input": {"resize": "x"}}', 'input.resize must be a whole number or [height, width], received "x".'],
    [
      '{"output": "softmax"}',
      'output must be one of logits, probabilities, log-probabilities, sigmoid, sigmoid-logits, received "softmax".',
    ],
    ['{"labels": {"0": 1}}', 'labels must be a file name or a list of names, received {"0":1}.'],
  ])('%s', (text, message) => {
    const path = put('x.card.json', text);
    expect(() => readCard(path)).toThrow(`Card '${path}': ${message}`);
  });

  test("labels lie in the card's folder, links resolved", () => {
    mkdirSync(at('in'));
    put('outside.txt', 'a\n');
    put('in/names.txt', 'cat\ndog\n');
    symlinkSync(at('outside.txt'), at('in/link.txt'));
    expect(readCard(put('in/card.json', { labels: 'names.txt' })).labels).toEqual(['cat', 'dog']);
    for (const name of ['../outside.txt', at('outside.txt'), 'link.txt', '../missing.txt'])
      expect(() => readCard(put('in/card.json', { labels: name }))).toThrow(
        `labels '${name}' lies outside the card's folder, and a card may only name files in its own.`,
      );
  });

  test('a card that contradicts the file', () => {
    const picture = { layout: 'NCHW', channels: 3, size: [8, 9] } as const;
    expect(() => completeCard({ channels: 'GREY' }, picture)).toThrow(
      "Card: channels GREY do not fit the model's input, which has 3.",
    );
    expect(() => completeCard({ size: [9, 8] }, picture)).toThrow("Card: size [9,8] contradicts the model's input of [8,9].");
  });
});

describe('label files', () => {
  test.each([
    ['a.csv', 'index,label\n1,"dog, small"\n0,cat\n3,__proto__\n', ['cat', 'dog, small', 'class 2', '__proto__']],
    ['a.json', '{"1": "b", "0": "toString"}', ['toString', 'b']],
    ['b.json', '["a", "b"]', ['a', 'b']],
    ['of Keras.json', '{"dog": 1, "cat": 0}', ['cat', 'dog']],
    ['wrapped.json', '{"version": 2, "classes": ["a", "b"]}', ['a', 'b']],
    ['inside.json', '{"id2label": {"1": "b", "0": "a"}, "size": [8, 8]}', ['a', 'b']],
  ])('%s', (name, text, expected) => expect(readLabels(put(name, text))).toEqual(expected));

  test.each([
    ['c.csv', '99999999,x\n', "class number '99999999' is not one of 0 to 999999."],
    ['c.json', 'null', 'expected a list of names, or an object of names by index.'],
    ['c.json', '[1]', 'expected a list of names, or an object of names by index.'],
    ['c.json', '{"a": 0, "b": 0}', 'expected a list of names, or an object of names by index.'],
    ['c.json', '{"train": ["a"], "test": ["b"]}', 'expected a list of names, or an object of names by index.'],
    ['c.json', '{"a": "b"}', "class number 'a' is not one of 0 to 999999."],
    ['c.json', '{', 'cannot be read as JSON ('],
    ['c.txt', '\n', 'the file holds no names.'],
  ])('%s of %j', (name, text, message) => expect(() => readLabels(put(name, text))).toThrow(`Labels '${at(name)}': ${message}`));
});

describe('Hugging Face folders', () => {
  const cardOf = (p: object | null, config?: object | null) => {
    const path = mkdtempSync(join(folder, 'hf-'));
    writeFileSync(join(path, 'preprocessor_config.json'), JSON.stringify(p));
    if (config !== undefined) writeFileSync(join(path, 'config.json'), JSON.stringify(config));
    return cardOfHuggingFace(path);
  };
  const imagenet = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
  const normalised = { mean: imagenet.image_mean, std: imagenet.image_std };
  const plain = { mean: [0], std: [1] };

  test.each([
    [
      'MobileViT: BGR, nothing normalised',
      {
        crop_size: { height: 32, width: 32 },
        do_center_crop: true,
        do_flip_channel_order: true,
        do_rescale: true,
        do_resize: true,
        image_processor_type: 'MobileViTImageProcessor',
        resample: 2,
        rescale_factor: 0.00392156862745098,
        size: { shortest_edge: 36 },
      },
      { channels: 'BGR', range: 1, ...plain, size: [32, 32], resize: 36, resample: 'bilinear' },
    ],
    [
      'ConvNext: crop_pct',
      {
        ...imagenet,
        crop_pct: 0.875,
        do_normalize: true,
        image_processor_type: 'ConvNextImageProcessor',
        resample: 3,
        size: { shortest_edge: 32 },
      },
      { channels: 'RGB', range: 1, ...normalised, size: [32, 32], resize: 36, resample: 'bicubic' },
    ],
    [
      'ConvNext from 384 on: no crop',
      { ...imagenet, crop_pct: 0.875, image_processor_type: 'ConvNextImageProcessor', size: 384 },
      { channels: 'RGB', range: 1, ...normalised, size: [384, 384], resize: [384, 384] },
    ],
    [
      'ViT: a number is both sides',
      { image_processor_type: 'ViTImageProcessor', size: 224, image_mean: [0.5], image_std: [0.5], resample: 2 },
      { channels: 'RGB', range: 1, mean: [0.5], std: [0.5], size: [224, 224], resize: [224, 224], resample: 'bilinear' },
    ],
    [
      'LeViT: the shorter side is made 256/224 of what is said',
      { image_processor_type: 'LevitImageProcessor', size: { shortest_edge: 224 }, crop_size: { height: 224, width: 224 }, do_center_crop: true, ...imagenet }, // prettier-ignore
      { channels: 'RGB', range: 1, ...normalised, size: [224, 224], resize: 256 },
    ],
    [
      'CLIP: a number is the shorter side',
      { feature_extractor_type: 'CLIPFeatureExtractor', size: 224, crop_size: 224, do_center_crop: true, ...imagenet },
      { channels: 'RGB', range: 1, ...normalised, size: [224, 224], resize: 224 },
    ],
    [
      'null is not there',
      { do_normalize: null, image_mean: null, size: { height: 8, width: 9 } },
      { channels: 'RGB', range: 1, ...plain, size: [8, 9], resize: [8, 9] },
    ],
    ['normalisation switched off', { ...imagenet, do_normalize: false }, { channels: 'RGB', range: 1, ...plain }],
    ['no rescaling', { ...imagenet, do_rescale: false }, { channels: 'RGB', range: 255, ...normalised }],
    [
      'EfficientNet: -1..1 by its factor',
      { rescale_factor: 1 / 127.5, rescale_offset: true, resample: 0 },
      { channels: 'RGB', range: 255, mean: [127.5], std: [127.5], resample: 'nearest' },
    ],
    [
      'no resizing',
      { do_resize: false, size: { height: 9, width: 9 }, crop_size: { height: 8, width: 7 } },
      { channels: 'RGB', range: 1, ...plain, size: [8, 7], crop: [8, 7] },
    ],
  ])('%s', (_, p, input) => expect(cardOf(p)).toEqual({ input }));

  test('Perceiver: the middle 224/256, resized, and that the order is another is said', () => {
    const size = { size: { height: 224, width: 224 }, crop_size: { height: 256, width: 256 } };
    const p = { image_processor_type: 'PerceiverImageProcessor', ...size, do_center_crop: true, ...imagenet };
    const input = { channels: 'RGB', range: 1, ...normalised, size: [224, 224], resize: 256 };
    const note =
      'preprocessor_config.json: this processor crops a picture and then resizes it; here it is resized and then cropped, which may lie up to half a pixel off';
    expect(cardOf(p)).toEqual({ input, notes: [note] });
    expect(cardOf({ ...p, do_center_crop: false }).notes).toBeUndefined();
  });

  test('fields that are not understood are noted by name, and the output is left to the graph', () => {
    const { notes, output, labels } = cardOf(
      { do_pad: true, do_thumbnail: false, size_divisor: 32 },
      { id2label: { 1: 'b', 0: 'toString' } },
    );
    expect(notes).toEqual([
      'preprocessor_config.json: do_pad, size_divisor: not understood and ignored, so pictures may be prepared otherwise than the model expects',
    ]);
    expect([output, labels]).toEqual([undefined, ['toString', 'b']]);
  });

  test.each([
    [null, undefined, /expected a JSON object\.$/],
    [[], undefined, /expected a JSON object\.$/],
    [{ size: 'large' }, undefined, /'size' has a form that is not understood\.$/],
    [{ do_normalize: 1 }, undefined, /'do_normalize' has a form that is not understood\.$/],
    [{ image_mean: ['a'] }, undefined, /'image_mean.*' has a form that is not understood\.$/],
    [{ do_normalize: true }, undefined, /do_normalize is true, but image_mean and image_std are not named\.$/],
    [{ resample: 9 }, undefined, /resample 9 is not one of PIL's 0 to 5\.$/],
    [{}, null, /Config '.*': expected a JSON object\.$/],
    [{}, { id2label: ['a', 1] }, /Config '.*': 'id2label' has a form that is not understood\.$/],
    [{}, { id2label: { x: 'a' } }, /class number 'x' is not one of 0 to 999999\.$/],
  ])('%j, %j are refused', (p, config, message) => expect(() => cardOf(p, config)).toThrow(message));
});

describe("timm's config.json", () => {
  const timm = (cfg: object, more: object = {}): ReturnType<typeof cardOfHuggingFace> => {
    const path = mkdtempSync(at('timm-'));
    writeFileSync(join(path, 'config.json'), JSON.stringify({ architecture: 'resnet50', pretrained_cfg: cfg, ...more }));
    return cardOfHuggingFace(path);
  };

  test('resize by crop_pct, interpolation, mean and std; names of classes', () => {
    const cfg = {
      input_size: [3, 288, 288],
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.1],
      crop_pct: 0.95,
      interpolation: 'bicubic',
    };
    expect(timm(cfg, { label_names: ['cat', 'dog'] })).toEqual({
      input: {
        channels: 'RGB',
        range: 1,
        mean: [0.5, 0.4, 0.3],
        std: [0.2, 0.2, 0.1],
        size: [288, 288],
        resize: 303,
        resample: 'bicubic',
      },
      labels: ['cat', 'dog'],
    });
    // The whole picture, out of shape.
    expect(timm({ ...cfg, crop_pct: 1, crop_mode: 'squash' }).input).toMatchObject({ size: [288, 288], resize: [288, 288] });
  });

  test("timm's own defaults where a field is not there", () =>
    expect(timm({}).input).toEqual({ channels: 'RGB', range: 1, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], size: [224, 224], resize: 256, resample: 'bicubic' })); // prettier-ignore

  test('what is not known is refused by name', () => {
    expect(() => timm({ interpolation: 'random' })).toThrow("pretrained_cfg.interpolation 'random' is none of bilinear");
    expect(() => timm({ crop_mode: 'border' })).toThrow("pretrained_cfg.crop_mode 'border' is neither center nor squash.");
    expect(() => timm({ mean: [1] })).toThrow("'pretrained_cfg.mean' has a form that is not understood.");
  });
});

describe('the files of a Hugging Face folder', () => {
  const files = (...names: string[]): string => {
    const path = mkdtempSync(at('variants-'));
    mkdirSync(join(path, 'onnx'));
    const g = new GraphBuilder();
    g.output(g.op('Relu', [g.input('x', 'float32', [1, 3, 8, 8])]), 'y');
    for (const name of names) writeFileSync(join(path, name), encodeModel(dialectModel(g.build())));
    writeFileSync(join(path, 'config.json'), JSON.stringify({ id2label: { 0: 'cat' } }));
    return path;
  };

  test('a variant by name; a file in it goes by its card', async () => {
    const path = files('onnx/model.onnx', 'onnx/model_quantized.onnx', 'model_fp16.onnx');
    expect((await readModel(path)).path).toBe(join(path, 'onnx/model.onnx'));
    expect((await readModel(path, { variant: 'quantized' })).path).toBe(join(path, 'onnx/model_quantized.onnx'));
    expect((await readModel(path, { variant: 'fp16' })).path).toBe(join(path, 'model_fp16.onnx'));
    expect((await readModel(join(path, 'onnx/model_quantized.onnx'))).card).toEqual({ labels: ['cat'] });
    expect((await readModel(join(path, 'model_fp16.onnx'))).card).toBeUndefined();
  });

  test('what is not there is refused with what is', async () => {
    const path = files('onnx/model_quantized.onnx', 'onnx/model_q4.onnx');
    await expect(readModel(path)).rejects.toThrow(
      `Model '${path}': the folder holds neither onnx/model.onnx nor model.onnx. Say which with \`variant\`: q4, quantized.`,
    );
    await expect(readModel('tank', { variant: 'q4' })).rejects.toMatchObject({ code: 'usage' });
  });
});

test('a card beside the file wins over what its folder says, however the model was named', async () => {
  mkdirSync(at('carded'));
  const g = new GraphBuilder();
  g.output(g.op('Relu', [g.input('x', 'float32', [1, 3, 8, 8])]), 'y');
  writeFileSync(at('carded/model.onnx'), encodeModel(dialectModel(g.build())));
  put('carded/config.json', { id2label: { 0: 'a', 1: 'b' } });
  put('carded/model.card.json', { input: { channels: 'BGR' } });
  for (const name of ['carded', 'carded/model.onnx'])
    expect((await readModel(at(name))).card).toEqual({ input: { channels: 'BGR' } });
});
