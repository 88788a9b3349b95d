// Cards by name, against what their makers publish: timm's pretrained_cfg, torchvision's transforms, the zoo's README.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readCard } from '../../src/model/card.js';
import { CARD_PRESETS, isCardPreset, type CardPreset } from '../../src/model/presets.js';
import { inputOfTimm } from '../../src/model/timm.js';

const folder = mkdtempSync(join(tmpdir(), 'presets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const half = [0.5, 0.5, 0.5];
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** pretrained_cfg as timm 1.0 has them. */
const TIMM: readonly (readonly [CardPreset, Parameters<typeof inputOfTimm>[0]])[] = [
  ['timm-inception-v3', { input_size: [3, 299, 299], crop_pct: 0.875, interpolation: 'bicubic', mean: half, std: half, crop_mode: 'center' }], // prettier-ignore
  ['timm-inception-v3-gluon', { input_size: [3, 299, 299], crop_pct: 0.875, interpolation: 'bicubic', ...IMAGENET }],
  ['timm-inception-v4', { input_size: [3, 299, 299], crop_pct: 0.875, interpolation: 'bicubic', mean: half, std: half }],
];
test.each(TIMM)("%s is timm's configuration", (name, config) => {
  expect(CARD_PRESETS[name].input).toEqual({ layout: 'NCHW', ...inputOfTimm(config, name) });
});

test("torchvision's: crop and resize sizes of its transforms", () => {
  const of = (name: CardPreset) => readCard(name).input;
  expect(of('torchvision-inception-v3')).toMatchObject({ size: [299, 299], resize: 342, resample: 'bilinear', range: 1, channels: 'RGB', ...IMAGENET }); // prettier-ignore
  expect(of('torchvision-googlenet')).toMatchObject({ size: [224, 224], resize: 256, resample: 'bilinear', range: 1, channels: 'RGB', ...IMAGENET }); // prettier-ignore
});

test("the zoo's GoogLeNet: 123.68, 116.779, 103.939 of red, green, blue, in the order blue, green, red", () => {
  expect(readCard('zoo-googlenet').input).toMatchObject({ channels: 'BGR', range: 255, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] }); // prettier-ignore
});

test('every preset is a sound card; a file of the name counts before it; a name that is none is told those that are', () => {
  for (const [name, card] of Object.entries(CARD_PRESETS)) {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(card));
    expect(readCard(path)).toEqual(card);
  }
  expect(isCardPreset('toString')).toBe(false);
  expect(() => readCard('timm-inception-v5')).toThrow("Card 'timm-inception-v5': there is no such file, and no card of this name comes with the package (those are: zoo-googlenet, timm-inception-v3,"); // prettier-ignore
});
