// Cases of the transforms and windows.
import { float32, int32, int64, scalar } from '../../src/core/tensor.js';
import { uniform, type OpCase } from './case.js';

const one = (value: number): ReturnType<typeof int64> => int64([value], []);
const real = uniform([2, 7, 3, 1], 410);
const complex = uniform([2, 7, 3, 2], 411);
const sound = uniform([2, 23, 1], 412);
const window = float32([0.1, 0.5, 0.9, 1, 0.8, 0.4], [6]);

const dft = (name: string, opset: number, inputs: OpCase['inputs'], attributes: OpCase['attributes'] = {}): OpCase => ({
  name: `DFT ${name}`,
  op: 'DFT',
  opset,
  inputs,
  attributes,
});

export const cases: OpCase[] = [
  dft('opset 17', 17, [real]),
  dft('of complex numbers along the third axis', 17, [complex], { axis: 2 }),
  dft('inverse', 17, [complex], { inverse: 1 }),
  dft('one-sided, longer', 17, [real, one(10)], { onesided: 1 }),
  dft('shorter', 17, [complex, one(5)]),
  dft('opset 20', 20, [real]),
  dft('opset 20, an axis', 20, [real, undefined, one(1)], { onesided: 1 }),
  dft('opset 20, inverse', 20, [complex, one(9), one(-3)], { inverse: 1 }),
  { name: 'STFT frames of a length', op: 'STFT', opset: 17, inputs: [sound, one(4), undefined, one(8)] },
  { name: 'STFT window', op: 'STFT', opset: 17, inputs: [sound, one(5), window, one(6)] },
  { name: 'STFT two-sided', op: 'STFT', opset: 17, inputs: [sound, one(5), window], attributes: { onesided: 0 } }, // prettier-ignore
  ...['HannWindow', 'HammingWindow', 'BlackmanWindow'].flatMap((op): OpCase[] => [
    { name: `${op} periodic`, op, opset: 17, inputs: [one(9)] },
    {
      name: `${op} symmetric, float64`,
      op,
      opset: 17,
      inputs: [int32([8], [])],
      attributes: { periodic: 0, output_datatype: 11 },
    },
  ]),
  {
    name: 'MelWeightMatrix float64',
    op: 'MelWeightMatrix',
    opset: 17,
    inputs: [one(6), one(32), one(8000), scalar(100), scalar(3500)],
    attributes: { output_datatype: 11 },
  },
  {
    name: 'MelWeightMatrix',
    op: 'MelWeightMatrix',
    opset: 17,
    inputs: [one(5), one(20), one(8000), scalar(0), scalar(4000)],
  },
];
