// The curves in words.
import { expect, test } from '@jest/globals';
import type { Metric } from '../../src/evidence/metric.js';
import { furtherText } from '../../src/report/further-text.js';

const nothing = { otherNoise: [], sanity: { verdict: 'inconclusive' as const, tests: [] } };

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
  expect(furtherText({ metrics, ...nothing })).toEqual([
    'most needed first: replaced, half of the score is gone at 5 % (deletion, area 0.03, lower is better); restored from noise, it is back at 50 % (insertion, area 0.90, higher is better)',
  ]);
});

test('noise that holds the answer already: never gone, there from the start', () => {
  const flat = [curve('deletion', 'lower', 0.8, [0.8, 0.8, 0.8, 0.8]), curve('insertion', 'higher', 0.8, [0.8, 0.8, 0.8, 0.8])];
  expect(furtherText({ metrics: flat, ...nothing })[0]).toContain('half of the score is never gone');
  expect(furtherText({ metrics: flat, ...nothing })[0]).toContain('it is there from the start');
});

test('ground truth, other noise and the battery, a line each and one a test', () => {
  const figure = (name: string, value: number): Metric => ({
    name,
    value,
    better: 'higher',
    definition: 'x; by chance 0.1',
    source: '',
  });
  const counted = (kept: number, draws: number) => ({ kept, draws, interval: [0, 1] as const });
  const noiseAlone = counted(0, 32);
  const lines = furtherText({
    metrics: [figure('pointing', 1), figure('relevanceMass', 0.75), figure('relevanceRank', 0.5)],
    otherNoise: [
      { noise: 'gaussian:1,2', noiseAlone, soft: counted(31, 32), hard: { fraction: 0.9, ...counted(2, 32) } },
      { noise: 'blur:3', noiseAlone, soft: counted(1, 1), hard: { fraction: 0.9, ...counted(0, 1) } },
    ],
    sanity: { verdict: 'fail', tests: [{ name: 'centre', verdict: 'fail', finding: 'it does no better', figures: {} }] },
  });
  expect(lines).toEqual([
    'against the ground truth: the most needed element is marked; 75 % of the need and 50 % of the most needed elements lie on it (by chance 10 %)',
    'on noise that it was not learned on, 90 % replaced entirely: gaussian kept on 2 of 32 (mixed in: kept on 31 of 32); blur lost (mixed in: kept)',
    'self-deception battery: FAILED',
    '  FAILED, centre: it does no better',
  ]);
});

test('without curves nothing is said', () => {
  expect(furtherText({ metrics: [], ...nothing })).toEqual([]);
});
