// Findings that count as negative: what an expression says of a result, and which expressions are none.
import { expect, test } from '@jest/globals';
import type { AuditDocument } from '../../src/report/audit-files.js';
import { readFailOn } from '../../src/report/fail-on.js';

const document = (hard: number | undefined): AuditDocument =>
  ({
    betas: [
      {
        evidence: {
          noiseAlone: { kept: 64, draws: 256 },
          soft: { fraction: 0.9, kept: 192, draws: 256 },
          ...(hard === undefined ? {} : { hard: { fraction: hard, kept: 250, draws: 256 } }),
        },
      },
    ],
  }) as unknown as AuditDocument;

test('each metric is compared, and a fraction that is not there is 0', () => {
  const says = (text: string, hard?: number): string | undefined => readFailOn(text)(document(hard));
  expect(says('replaceable<0.5', 0.3)).toBe('replaceable is 30 %: replaceable<0.5');
  expect(says('replaceable<0.5', 0.5)).toBeUndefined();
  expect(says('replaceable <= 0.5', 0.5)).toBe('replaceable is 50 %: replaceable <= 0.5');
  expect(says('replaceable<0.5')).toBe('replaceable is 0 %: replaceable<0.5');
  expect([says('kept>=0.97', 0.9), says('kept>0.98', 0.9)]).toEqual(['kept is 98 %: kept>=0.97', undefined]);
  expect([says('soft-kept<0.8'), says('noise-alone>0.2'), says('noise-alone>0.25')]).toEqual(['soft-kept is 75 %: soft-kept<0.8', 'noise-alone is 25 %: noise-alone>0.2', undefined]); // prettier-ignore
});

test('sanity: fails where a test of the battery failed, in its words; unsure is no failure', () => {
  const withTests = (...verdicts: string[]): AuditDocument => {
    const tests = verdicts.map((verdict, i) => ({ name: `t${i}`, verdict, finding: `finding ${i}`, figures: {} }));
    return { betas: [{ sanity: { verdict: 'fail', tests } }] } as unknown as AuditDocument;
  };
  expect(readFailOn(' sanity ')(withTests('pass', 'inconclusive'))).toBeUndefined();
  expect(readFailOn('sanity')(withTests('fail', 'pass', 'fail'))).toBe('the self-deception battery failed: finding 0; finding 2');
});

test.each([
  ['replaceable', "expected a metric, a comparison and a number such as replaceable<0.5, received 'replaceable'."],
  ['0.5>replaceable', "expected a metric, a comparison and a number such as replaceable<0.5, received '0.5>replaceable'."],
  ['accuracy<0.5', "there is no metric 'accuracy'; expected one of replaceable, kept, soft-kept, noise-alone."],
  ['constructor<0.5', "there is no metric 'constructor'; expected one of replaceable, kept, soft-kept, noise-alone."],
  ['replaceable<half', "'replaceable' lies between 0 and 1, received 'replaceable<half'."],
  ['replaceable<50', "'replaceable' lies between 0 and 1, received 'replaceable<50'."],
  ['replaceable<0', "'replaceable<0' is true of no result, since 'replaceable' lies between 0 and 1."],
  ['noise-alone>=0', "'noise-alone>=0' is true of every result, since 'noise-alone' lies between 0 and 1."],
])('%s is refused', (text, message) => {
  expect(() => readFailOn(text)).toThrow(`\`failOn\`: ${message}`);
});
