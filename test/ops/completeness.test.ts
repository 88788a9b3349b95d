// Nothing is silently absent: every op has its rules or a reason, and a case for every definition, attribute, choice and gradient.
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { LanErrors } from '../../src/core/errors.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Attribute } from '../../src/onnx/graph.js';
import { toAttribute } from '../../src/onnx/builder.js';
import { modelOf, wrtOf, type OpCase } from './case.js';
import { loadFamilies } from './families.js';

const cases = [...(await loadFamilies()).values()].flat();
const nameOf = (a: OpAdapter): string => (a.domain ? `${a.op} (${a.domain})` : a.op);
const casesOf = (a: OpAdapter): OpCase[] => cases.filter((c) => c.op === a.op && (c.domain ?? '') === (a.domain ?? ''));
/** The definition that a case falls under. */
const versionOf = (a: OpAdapter, c: OpCase): number | undefined => a.versions.findLast((v) => v <= c.opset);
const valuesOf = (a: OpAdapter, name: string): Attribute['value'][] =>
  casesOf(a).flatMap((c) => {
    const given = c.attributes?.[name];
    return given === undefined ? [] : [toAttribute(given).value];
  });
/** What is missing over all adapters, as one list to compare with []. */
const missing = (of: (a: OpAdapter) => string[]): string[] =>
  adapters.flatMap((a) => of(a).map((what) => `${nameOf(a)}: ${what}`));

/** Attributes of which only the default is supported; another value must be refused by name, and this is one. */
const ONLY_DEFAULT: Readonly<Record<string, number | string>> = {
  'LayerNormalization.stash_type': 10,
  'GroupNormalization.stash_type': 10,
  'RMSNormalization.stash_type': 10,
  'SimplifiedLayerNormalization.stash_type': 10,
  'BatchNormalization.training_mode': 1,
  'Attention.do_rotary': 1,
  'Attention.past_present_share_buffer': 1,
  'RotaryEmbedding.is_packed_batching': 1,
  'GroupQueryAttention.smooth_softmax': 1,
  'GroupQueryAttention.qk_output': 1,
  'GroupQueryAttention.k_quant_type': 'PER_TENSOR',
  'GroupQueryAttention.v_quant_type': 'PER_CHANNEL',
  'GroupQueryAttention.kv_cache_bit_width': 8,
  'MatMulNBits.weight_prepacked': 1,
};
/** The strings that ONNX lets an attribute be, by "Op.attribute" or by attribute. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  auto_pad: ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'],
  approximate: ['none', 'tanh'],
  'BitShift.direction': ['LEFT', 'RIGHT'],
  direction: ['forward', 'reverse', 'bidirectional'],
  post_transform: ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'],
  kernel_type: ['LINEAR', 'POLY', 'RBF', 'SIGMOID'],
  aggregate_function: ['SUM', 'AVERAGE', 'MIN', 'MAX'],
  'LabelEncoder.default_string': ['_Unused', 'of values that are strings'],
  'Normalizer.norm': ['MAX', 'L1', 'L2'],
  'Pad.mode': ['constant', 'reflect', 'edge', 'wrap'],
  'DepthToSpace.mode': ['DCR', 'CRD'],
  'Upsample.mode': ['nearest', 'linear', 'bilinear'],
  'Resize.mode': ['nearest', 'linear', 'cubic'],
  coordinate_transformation_mode: [
    ...['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'],
    ...['tf_half_pixel_for_nn', 'tf_crop_and_resize'],
  ],
  nearest_mode: ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'],
  keep_aspect_ratio_policy: ['stretch', 'not_larger', 'not_smaller'],
  'FusedConv.activation': ['', 'Relu', 'Tanh', 'Sigmoid', 'LeakyRelu', 'Clip', 'HardSigmoid'],
  'FusedGemm.activation': [
    ...['', 'Relu', 'Tanh', 'Sigmoid', 'LeakyRelu', 'HardSigmoid'],
    ...['Elu', 'Softplus', 'Softsign', 'ThresholdedRelu'],
  ],
  k_quant_type: ['NONE'],
  v_quant_type: ['NONE'],
  'TensorScatter.mode': ['linear', 'circular'],
  reduction: ['none', 'sum', 'mean'],
  'GridSample.mode': ['bilinear', 'nearest', 'bicubic', 'linear', 'cubic'],
  padding_mode: ['zeros', 'border', 'reflection'],
  'ScatterND.reduction': ['none', 'add'],
  'ScatterElements.reduction': ['none', 'add'],
};
/** Float inputs that no gradient reaches, and why. */
const NO_GRADIENT_BY: Readonly<Record<string, string>> = {
  'CastLike.1': 'only its dtype is read',
  'Dropout.1': 'the ratio means nothing at inference',
  'Split.1': 'Split-1 took whole numbers as floats',
  'Tile.2': 'Tile-1 took whole numbers as floats',
  'TreeEnsembleClassifier.0': 'a tree is constant between its thresholds',
  'TreeEnsemble.0': 'a tree is constant between its thresholds',
  'OneHotEncoder.0': 'categories are whole numbers',
  'LabelEncoder.0': 'a key is found or not',
  'QGemm.7': 'the output has this scale if it is whole numbers',
  'Upsample.1': 'scales must be constant, as those of the Resize that it becomes',
};
/** Ops that take shapes or single numbers only. */
const WITHOUT_TENSORS = ['ConstantOfShape', 'Range', 'HannWindow', 'HammingWindow', 'BlackmanWindow', 'MelWeightMatrix'];

describe('rules', () => {
  test('every op is unique', () => expect(new Set(adapters.map(nameOf)).size).toBe(adapters.length));

  test('no rule is a todo, and what has no gradient says why', () => {
    expect(
      missing((a) => [
        ...(a.forward && 'todo' in a.forward ? [`forward: ${a.forward.todo}`] : []),
        ...(a.vjp && 'todo' in a.vjp ? [`vjp: ${a.vjp.todo}`] : []),
        ...(a.vjp && 'none' in a.vjp && a.vjp.none === '' ? ['no reason why it has no gradient'] : []),
        ...(a.forward || a.lower || a.canonicalize ? [] : ['neither forward nor lower nor canonicalize']),
      ]),
    ).toEqual([]);
  });
});

describe('cases', () => {
  test('none is of an op that no adapter knows', () => {
    const known = new Set(adapters.flatMap(casesOf));
    expect(cases.filter((c) => !known.has(c)).map((c) => c.name)).toEqual([]);
  });

  test('every definition has one', () => {
    expect(
      missing((a) => {
        const found = new Set(casesOf(a).map((c) => versionOf(a, c)));
        return a.versions.filter((v) => !found.has(v)).map((v) => `opset ${v}`);
      }),
    ).toEqual([]);
  });

  test('every attribute has one that sets it to something else than its default', () => {
    expect(
      missing((a) =>
        Object.entries(a.attributes).flatMap(([name, spec]) => {
          const other = valuesOf(a, name).some((v) => !isDeepStrictEqual(v, spec.default));
          return other || `${a.op}.${name}` in ONLY_DEFAULT ? [] : [name];
        }),
      ),
    ).toEqual([]);
  });

  for (const [key, value] of Object.entries(ONLY_DEFAULT)) {
    test(`${key} = ${value} is refused`, () => {
      const [op, name] = key.split('.') as [string, string];
      const of = cases.filter((c) => c.op === op);
      const oneCase = of.findLast((c) => c.attributes?.[name] !== undefined) ?? of.at(-1)!;
      const model = decodeModel(encodeModel(modelOf({ ...oneCase, attributes: { ...oneCase.attributes, [name]: value } })));
      expect(() => canonicalize(model, adapters)).toThrow(LanErrors);
    });
  }

  test('every attribute of other definitions has one', () => {
    expect(missing((a) => Object.keys(a.legacy ?? {}).filter((name) => valuesOf(a, name).length === 0))).toEqual([]);
  });

  test('every string that an attribute may be has one', () => {
    expect(
      missing((a) =>
        Object.entries(a.attributes)
          .filter(([name, spec]) => spec.kind === 'string' && name !== 'equation')
          .flatMap(([name, spec]) => {
            const tried = [...valuesOf(a, name), spec.default];
            const choices = CHOICES[`${a.op}.${name}`] ?? CHOICES[name] ?? ['(its choices are not listed in this test)'];
            return choices.filter((v) => !tried.includes(v)).map((v) => `${name} '${v}'`);
          }),
      ),
    ).toEqual([]);
  });

  test('every float input is differentiated by in one', () => {
    expect(
      missing((a) => {
        if (a.vjp && typeof a.vjp !== 'function') return [];
        // Whole numbers in and out: gradients pass between quantisers, in whole graphs (test/quantised.test.ts).
        if (a.op.startsWith('QLinear')) return [];
        const inputs = new Set(casesOf(a).flatMap((c) => c.inputs.flatMap((t, i) => (t?.type === 'float32' ? [i] : []))));
        const by = new Set(casesOf(a).flatMap((c) => wrtOf(c)));
        return [...inputs]
          .filter((i) => !by.has(i) && !a.constants?.includes(i) && !(`${a.op}.${i}` in NO_GRADIENT_BY))
          .map((i) => `input ${i}`);
      }),
    ).toEqual([]);
  });

  test('every op of sliding windows is tried with uneven pads and with strides', () => {
    const uneven = (v: unknown): boolean => Array.isArray(v) && v.some((p, i) => p !== v[(i + v.length / 2) % v.length]);
    const strided = (v: unknown): boolean => Array.isArray(v) && v.some((s) => s > 1) && new Set(v).size > 1;
    expect(
      missing((a) => {
        if (!('kernel_shape' in a.attributes)) return [];
        const together = casesOf(a).some((c) => uneven(c.attributes?.pads) && strided(c.attributes?.strides));
        return together ? [] : ['uneven pads with unequal strides'];
      }),
    ).toEqual([]);
  });

  test('every op is tried on a tensor whose axes all have different lengths', () => {
    const told = (dims: readonly number[]): boolean => dims.length > 1 && new Set(dims).size === dims.length;
    expect(
      missing((a) =>
        WITHOUT_TENSORS.includes(a.op) || casesOf(a).some((c) => c.inputs.some((t) => t && told(t.dims))) ? [] : ['no such case'],
      ),
    ).toEqual([]);
  });
});
