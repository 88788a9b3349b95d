// The weight of the mask mean while a mask is rounded.
import { expect, test } from '@jest/globals';
import { firstPrice, nextPrice, type Pricing } from '../../src/lan/price.js';

const after = (steps: number, kept: number, pricing: Pricing, from = firstPrice(pricing)): number => {
  let price = from;
  for (let s = 0; s < steps; s++) price = nextPrice(price, kept, pricing);
  return price;
};

test('twice the weight that was asked for, while the answer is kept; what loses it brings it back, and no further', () => {
  const asked = { beta: 10 };
  expect(firstPrice(asked)).toBe(20);
  expect(after(50, 1, asked)).toBe(20);
  // One of two draws lost: by e^-0.48 a step.
  expect(nextPrice(20, 0.5, asked)).toBeCloseTo(20 * Math.exp(-0.48), 10);
  expect(after(10, 0.5, asked)).toBe(10);
  // From there it takes ln 2 / 0.02 steps that keep all of it.
  expect(after(34, 1, asked, 10)).toBeLessThan(20);
  expect(after(35, 1, asked, 10)).toBe(20);
  expect(after(5, 0.98, asked, 15)).toBeCloseTo(15, 10);
});

test('keep moves it as far as that takes, up or down; of what changes the answer the other way round', () => {
  const keep = { beta: 10, keep: 0.9 };
  expect(firstPrice(keep)).toBe(10);
  expect(nextPrice(10, 1, keep)).toBeCloseTo(10 * Math.exp(0.01), 10);
  expect(after(200, 0.5, keep)).toBeCloseTo(10 * Math.exp(-8), 10);
  expect(nextPrice(10, 1, { beta: 10, keep: 0.1, find: 'delete' })).toBeCloseTo(10 * Math.exp(-0.09), 10);
});

test('it stays as it is for what changes the answer, and where several weights are compared', () => {
  expect(after(9, 1, { beta: 10, find: 'delete' })).toBe(10);
  expect(after(9, 0, { beta: 10, find: 'delete' })).toBe(10);
  for (const kept of [0, 1]) expect(after(9, kept, { beta: 10, fixed: true })).toBe(10);
  expect(after(9, 1, { beta: 10, keep: 0.5, fixed: true })).toBe(10);
  expect(after(9, 1, { beta: 0 })).toBe(0);
});
