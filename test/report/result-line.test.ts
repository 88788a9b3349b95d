// A line of results.jsonl: what of a document it says.
import { expect, test } from '@jest/globals';
import { wilson } from '../../src/core/proportion.js';
import type { Deletion, Replaceability } from '../../src/evidence/replaceability.js';
import type { AuditDocument } from '../../src/report/audit-files.js';
import { lineOf } from '../../src/report/summary.js';

const proportion = (kept: number, draws: number) => ({ kept, draws, interval: wilson(kept, draws) });

test('what changes the answer stands in it where that was looked for, and null where nothing did', () => {
  const found = {
    fraction: 0.04,
    threshold: 0.5,
    changed: 251,
    draws: 256,
    interval: wilson(251, 256),
    alone: proportion(0, 64),
  };
  const line = (deletion?: Deletion) => {
    const evidence: Replaceability = {
      noiseAlone: proportion(0, 64),
      soft: { fraction: 0.9, kl: 0.1, ...proportion(64, 64) },
      hardTried: [],
      ...(deletion ? { deletion } : {}),
    };
    return lineOf('a.png', 'a', { run: '', prediction: [], betas: [{ evidence }] } as unknown as AuditDocument, 'dog', {});
  };
  expect(line({ found, tried: [] }).lost).toEqual({ fraction: 0.04, changed: 251, draws: 256 });
  expect(line({ tried: [] }).lost).toBeNull();
  expect(line()).not.toHaveProperty('lost');
});
