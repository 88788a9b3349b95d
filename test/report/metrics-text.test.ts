// The curves in words.
import { expect, test } from '@jest/globals';
import type { Metric } from '../../src/evidence/metric.js';
import { metricsText } from '../../src/report/metrics-text.js';

const curve = (name: string, better: 'higher' | 'lower', value: number, score: number[]): Metric => ({
  name,
  value,
  better,
  definition: '',
  source: '',
  curve: { fraction: [0, 0.05, 0.5, 1], score },
});

test('where half of the score is gone, and where it is back', () => {
  const metrics = [curve('deletion', 'lower', 0.031, [0.8, 0.3, 0, 0]), curve('insertion', 'higher', 0.9, [0.1, 0.2, 0.4, 0.8])];
  expect(metricsText(metrics)).toEqual([
    'most needed first: replaced, half of the score is gone at 5 % (deletion, area 0.03, lower is better); restored from noise, it is back at 50 % (insertion, area 0.90, higher is better)',
  ]);
});

test('noise that holds the answer already: never gone, there from the start', () => {
  const flat = [curve('deletion', 'lower', 0.8, [0.8, 0.8, 0.8, 0.8]), curve('insertion', 'higher', 0.8, [0.8, 0.8, 0.8, 0.8])];
  expect(metricsText(flat)[0]).toContain('half of the score is gone at no fraction');
  expect(metricsText(flat)[0]).toContain('it is there from the start');
});

test('without curves nothing is said', () => {
  expect(metricsText([])).toEqual([]);
});
