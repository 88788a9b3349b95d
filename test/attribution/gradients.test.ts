// Gradient methods against the values that Captum publishes for its toy networks, and against what holds exactly.
import { expect, test } from '@jest/globals';
import {
  gaussLegendre,
  gradient,
  inputXGradient,
  integratedGradients,
  smoothGrad,
  varGrad,
} from '../../src/attribution/gradients.js';
import type { Scorer } from '../../src/attribution/scorer.js';
import { asked, basicModel, basicModel2, basicModel3, multiLayer, numbers, oneConv, toyScorer } from './toys.js';

const near = (actual: readonly number[], expected: readonly number[], digits = 4): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((v, i) => expect(actual[i]).toBeCloseTo(v, digits));
};
const disposing = async (scorer: Scorer, use: (scorer: Scorer) => Promise<void>): Promise<void> => {
  try {
    await use(scorer);
  } finally {
    await scorer.dispose();
  }
};
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

test('gradient: 1 - ReLU(1 - x) has slope 0 at 5 and 1 at -3', () =>
  toyScorer([1], basicModel).then((s) =>
    disposing(s, async (scorer) => {
      expect(numbers((await gradient.attribute(asked(scorer, [5]))).attribution)[0]).toBeCloseTo(0, 12);
      const { attribution, need, passes } = await gradient.attribute(asked(scorer, [-3]));
      expect([numbers(attribution), numbers(need), passes]).toEqual([[1], [1], { forward: 1, backward: 1 }]);
    }),
  ));

test.each([
  ['BasicModel2', basicModel2],
  ['BasicModel3', basicModel3],
])('integrated gradients: (1.5, -0.5) of %s, two ways of writing one function', (_, toy) =>
  toyScorer([2], toy).then((s) =>
    disposing(s, async (scorer) => {
      const { attribution, details } = await integratedGradients.attribute(asked(scorer, [3, 1]), { steps: 500, rule: 'middle' });
      near(numbers(attribution), [1.5, -0.5], 2);
      expect(details['difference']).toBe(1);
      const raw = await integratedGradients.attribute(asked(scorer, [3, 1]), { steps: 500, rule: 'middle', multiply: false });
      near(numbers(raw.attribution), [0.5, -0.5], 2);
    }),
  ),
);

test('MultiLayer: gradient (4,4,4) or (3,3,3), input x gradient (80,200,120), integrated gradients (78,195,117)', () =>
  toyScorer([3], multiLayer).then((s) =>
    disposing(s, async (scorer) => {
      const at = asked(scorer, [20, 50, 30]);
      expect(numbers((await gradient.attribute(at)).attribution)).toEqual([4, 4, 4]);
      expect(numbers((await gradient.attribute(asked(scorer, [1, 6, -3]))).attribution)).toEqual([3, 3, 3]);
      expect(numbers((await inputXGradient.attribute(at)).attribution)).toEqual([80, 200, 120]);
      // The one kink lies at a tenth of the way, between two of 1,000 midpoints, so that the sum is the exact integral.
      const ig = await integratedGradients.attribute(at, { steps: 1000, rule: 'middle' });
      near(numbers(ig.attribution), [78, 195, 117], 2);
      expect(Math.abs(ig.details['convergenceDelta'] as number)).toBeLessThan(1e-2);
      near(numbers((await integratedGradients.attribute(asked(scorer, [1.5, 2, 1.3]))).attribution), [4.5, 6, 3.9], 3);
      near(numbers((await integratedGradients.attribute(asked(scorer, [0.5, 0.1, 2.3]))).attribution), [1.5, 0.3, 6.9], 3);
    }),
  ));

test('weights over outputs: a contrast of two is the difference of their gradients', () =>
  toyScorer([3], multiLayer).then((s) =>
    disposing(s, async (scorer) => {
      const contrast = asked(scorer, [20, 50, 30], { weights: Float32Array.of(1, -1) });
      expect(numbers((await gradient.attribute(contrast)).attribution)).toEqual([0, 0, 0]);
      const tooMany = asked(scorer, [20, 50, 30], { weights: Float32Array.of(1, -1, 1) });
      await expect(gradient.attribute(tooMany)).rejects.toThrow('toy: has 2 outputs, received 3 weights.');
    }),
  ));

test('ConvNet: gradient rows 0,1,1,1, and the convergence delta says how far the integral is off', () =>
  toyScorer([1, 4, 4], oneConv()).then((s) =>
    disposing(s, async (scorer) => {
      const { attribution } = await gradient.attribute(asked(scorer, range(16)));
      expect(numbers(attribution).map(Math.abs)).toEqual([0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0]);
      for (const [steps, most] of [
        [50, 3],
        [1000, 0.2],
      ] as const) {
        // prettier-ignore
        const ig = await integratedGradients.attribute(asked(scorer, range(16)), { steps, rule: 'middle' });
        const sum = numbers(ig.attribution).reduce((a, b) => a + b, 0);
        expect(ig.details['difference']).toBe(54);
        expect(ig.details['convergenceDelta'] as number).toBeCloseTo(sum - 54, 3);
        expect(Math.abs(sum - 54)).toBeLessThan(most);
      }
    }),
  ));

test('Gauss-Legendre integrates polynomials exactly, and integrated gradients of x^3 with two points as well', async () => {
  const points = gaussLegendre(5);
  expect(points.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 14);
  for (let power = 0; power < 10; power++)
    expect(points.reduce((sum, { place, weight }) => sum + weight * place ** power, 0)).toBeCloseTo(1 / (power + 1), 13);
  const cube = await toyScorer([2], (g, x) => g.reduceSum(g.mul(x, g.mul(x, x)), [1], true));
  await disposing(cube, async (scorer) => {
    const { attribution, details } = await integratedGradients.attribute(asked(scorer, [2, -1]), { steps: 2 });
    near(numbers(attribution), [8, -1], 4);
    expect(details['convergenceDelta']).toBeCloseTo(0, 4);
  });
});

test('SmoothGrad without noise is the gradient, and VarGrad 0; with noise both are those of the samples', async () => {
  const square = await toyScorer([2], (g, x) => g.reduceSum(g.mul(x, x), [1], true));
  await disposing(square, async (scorer) => {
    const at = asked(scorer, [3, -2]);
    near(numbers((await smoothGrad.attribute(at, { sigma: 0, samples: 3 })).attribution), [6, -4]);
    near(numbers((await varGrad.attribute(at, { sigma: 0, samples: 3 })).attribution), [0, 0]);
    // The gradient 2 x of noisy copies has the mean 2 x and the variance 4 sigma^2; 4,000 samples, six standard errors.
    const smooth = await smoothGrad.attribute(at, { sigma: 0.5, samples: 4000 });
    expect([smooth.details['samples'], smooth.passes.backward]).toEqual([4000, 4000]);
    numbers(smooth.attribution).forEach((v, i) => expect(Math.abs(v - [6, -4][i]!)).toBeLessThan(6 / Math.sqrt(4000)));
    const variance = await varGrad.attribute(at, { sigma: 0.5, samples: 4000 });
    for (const v of numbers(variance.attribution)) expect(Math.abs(v - 1)).toBeLessThan(6 * Math.sqrt(2 / 4000));
  });
});

test('channels of a pixel share a value: the largest size for gradients, the sum for contributions', async () => {
  const weights = [1, -5, 2, 3];
  const linear = await toyScorer(
    [2, 1, 2],
    (g, x, batch) =>
    g.reshape(g.reduceSum(g.mul(x, g.sub(g.zero, g.constant({ type: 'float32', dims: [1, 2, 1, 2], data: Float32Array.from(weights, (w) => -w) }))), [1, 2, 3], false), [batch, 1]), // prettier-ignore
  );
  await disposing(linear, async (scorer) => {
    const at = asked(scorer, [1, 1, 10, 10], { maskDims: [1, 1, 1, 2] });
    const { need } = await gradient.attribute(at);
    expect([need.dims, numbers(need)]).toEqual([
      [1, 1, 1, 2],
      [2, 5],
    ]);
    expect(numbers((await inputXGradient.attribute(at)).need)).toEqual([21, 25]);
  });
});

test('a model of single samples gives what one of batches gives', async () => {
  const one = await toyScorer([3], multiLayer, true);
  const many = await toyScorer([3], multiLayer);
  const of = async (scorer: Scorer): Promise<number[]> =>
    numbers((await smoothGrad.attribute(asked(scorer, [3, 4, 2]), { samples: 70, sigma: 0.4 })).attribution);
  await disposing(one, (a) => disposing(many, async (b) => near(await of(a), await of(b), 5)));
});

test('what stops a gradient is named in one sentence, and an impossible budget too', async () => {
  const steps = await toyScorer([2], (g, x) => g.reduceSum(g.op('Sign', [x]), [1], true));
  await disposing(steps, async (scorer) => {
    const none = /^toy: no gradient of its answer reaches the input \(Sign '.*\)\. Take a method that only asks for outputs: occlusion, rise, lime or kernelshap\.$/; // prettier-ignore
    await expect(gradient.attribute(asked(scorer, [1, 2]))).rejects.toThrow(none);
  });
  const toy = await toyScorer([3], multiLayer);
  await disposing(toy, async (scorer) => {
    const with0 = (budget: number) => asked(scorer, [1, 2, 3], { budget });
    await expect(gradient.attribute(with0(0))).rejects.toThrow('`budget`: Gradient needs a time above 0, received 0 s.');
    await expect(gradient.attribute(with0(1e-9))).rejects.toThrow(
      /^`budget`: 1e-9 s are shorter than the one pass that Gradient cannot do without \([\d.e-]+ s\)\.$/,
    );
    await expect(integratedGradients.attribute(with0(1e-9))).rejects.toThrow(/shorter than the 64 passes .* Give more time, or fewer `steps`\.$/); // prettier-ignore
    // Anything but the end of its noise ends a method that goes on improving.
    const { details } = await smoothGrad.attribute(with0(0.05), { samples: 1e6 });
    expect(details['samples']).toBeLessThan(1e6);
  });
});
