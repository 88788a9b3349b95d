// The sentences of a report: which claim leads, and what is said where the evidence does not carry it.
import { expect, test } from '@jest/globals';
import { confidenceSequence, wilson } from '../../src/core/proportion.js';
import type { BetaResult } from '../../src/explain/audit.js';
import type { Replaceability } from '../../src/evidence/replaceability.js';
import { claims } from '../../src/report/claims.js';
import { noiseShown } from '../../src/report/page/measured.js';
import { plainClaim, replacement, type Scene } from '../../src/report/plain.js';

const proportion = (kept: number, draws: number) => ({ kept, draws, interval: wilson(kept, draws) });
function said(draws: number, soft: number, hard: number | undefined, alone = 0): string[] {
  const evidence: Replaceability = {
    noiseAlone: proportion(alone, draws),
    soft: { fraction: 0.91, kl: 0.1, ...proportion(soft, draws) },
    hardTried: [],
    ...(hard === undefined ? {} : { hard: { fraction: 0.85, threshold: 0.5, kl: 0.2, tried: [], ...proportion(hard, draws) } }),
  };
  return claims({ evidence } as BetaResult, { task: 'class', index: 1, label: 'dog' });
}
const SOFT = "with a mask of mean 0.91 mixed into noise, the answer 'dog' was ";
const ENOUGH = 'the other 15 % of the input is the smallest part found that is enough';
const HARD = "85 % of the input replaced entirely by noise: the answer 'dog' was ";

test('the hard claim leads where it holds, and not where its interval is too wide', () => {
  const soft = `${SOFT}kept on 256 of 256 fresh draws (95 % interval 0.99 to 1.00; KL 0.100)`;
  expect(said(256, 256, 256)).toEqual([
    `${HARD}kept on 256 of 256 fresh draws (95 % interval 0.99 to 1.00; KL 0.200)`,
    ENOUGH,
    soft,
  ]);
  expect(said(256, 256, 231)).toEqual([
    soft,
    `${HARD}kept on 231 of 256 fresh draws (95 % interval 0.86 to 0.93; KL 0.200): too unsure to lead`,
  ]);
  expect(said(256, 256, undefined)).toEqual([
    soft,
    'no fraction of the input could be replaced entirely without losing the answer too often, so the soft claim is the headline',
  ]);
});

const CAUTION = (kept: number): string =>
  `caution: noise alone gives 'dog' about as often, on ${kept} of 256 fresh draws, so keeping it proves little; try another noise`;

test('noise alone is a caution only where it gives the answer about as often as the claim that leads', () => {
  // 256 of 256 is .985 to 1 by Wilson; 250 of 256 reaches up to .989, 249 only to .987, 245 to .976.
  expect(wilson(256, 256)[0]).toBeCloseTo(0.985, 3);
  expect(said(256, 256, 256, 249).at(-1)).toBe(CAUTION(249));
  expect(said(256, 256, 256, 245).at(-1)).toBe(
    "for comparison: noise alone gives 'dog' on 245 of 256 fresh draws (95 % interval 0.92 to 0.98)",
  );
  // A tenth of the draws was a caution before, though the claim says all of them.
  expect(said(256, 256, 256, 26).at(-1)).toBe(
    "for comparison: noise alone gives 'dog' on 26 of 256 fresh draws (95 % interval 0.07 to 0.14)",
  );
  expect(said(256, 256, 256, 25)).toHaveLength(3);
  // Against a weaker claim the same rate is about as often, and a higher one all the more.
  expect(said(256, 240, undefined, 245).at(-1)).toBe(CAUTION(245));
  expect(said(256, 100, undefined, 250).at(-1)).toBe(CAUTION(250).replace('about as', 'more'));
  // The soft claim does not count where the hard one leads.
  expect(said(256, 200, 256, 210).at(-1)).toMatch(/^for comparison/);
  // An answer that neither keeps has no caution: nothing was claimed.
  expect(said(256, 0, undefined, 0)).toHaveLength(2);
});

test('noise that is always the same leaves nothing to chance', () => {
  expect(said(1, 1, 1)).toEqual([
    `${HARD}kept (this noise has one draw; KL 0.200)`,
    ENOUGH,
    `${SOFT}kept (this noise has one draw; KL 0.100)`,
  ]);
  expect(said(1, 0, undefined, 1)).toEqual([
    `${SOFT}lost (this noise has one draw; KL 0.100)`,
    'no fraction of the input could be replaced entirely without losing the answer too often, so the soft claim is the headline',
  ]);
  expect(said(1, 1, 1, 1).at(-1)).toBe("caution: noise alone gives 'dog' too, so keeping it proves little; try another noise");
});

test('of several labels the claim says what kept means, and how often each label was', () => {
  const labels = [
    { index: 0, ...proportion(256, 256) },
    { index: 4, ...proportion(250, 256) },
  ];
  const evidence: Replaceability = {
    noiseAlone: proportion(0, 256),
    soft: { fraction: 0.91, kl: 0.1, labels, ...proportion(250, 256) },
    hardTried: [],
  };
  const named = [
    { index: 4, label: 'dog' },
    { index: 0, label: 'ball' },
  ];
  expect(claims({ evidence } as BetaResult, { task: 'labels', labels: named }).slice(0, 2)).toEqual([
    "with a mask of mean 0.91 mixed into noise, the 2 labels 'dog' and 'ball' were kept on 250 of 256 fresh draws (95 % interval 0.95 to 0.99; KL 0.100)",
    "kept means: each of these labels has a probability of 0.5 or more and no other one has; label by label: 'dog' on 250 and 'ball' on 256 of 256 fresh draws",
  ]);
  const none: Replaceability = { ...evidence, soft: { ...evidence.soft, labels: [] } };
  expect(claims({ evidence: none } as BetaResult, { task: 'labels', labels: [] }).slice(0, 2)).toEqual([
    'with a mask of mean 0.91 mixed into noise, the answer, which is no label at all, was kept on 250 of 256 fresh draws (95 % interval 0.95 to 0.99; KL 0.100)',
    'kept means: no label has a probability of 0.5 or more',
  ]);
});

test('a claim that was asked to be kept less often leads where it is', () => {
  const evidence = (least: number | undefined): BetaResult =>
    ({
      evidence: {
        noiseAlone: proportion(0, 256),
        soft: { fraction: 0.91, kl: 0.1, ...proportion(256, 256) },
        hard: { fraction: 0.96, threshold: 0.5, kl: 0.2, tried: [], ...proportion(218, 256) },
        hardTried: [],
        ...(least === undefined ? {} : { least }),
      },
    }) as unknown as BetaResult;
  const answer = { task: 'class', index: 1, label: 'dog' } as const;
  expect(claims(evidence(0.8), answer)[0]).toMatch(/^96 % of the input replaced entirely/);
  expect(claims(evidence(undefined), answer)[0]).toMatch(/^with a mask of mean/);
});

test('what changes the answer leads, with its interval, and says whether it is enough as well', () => {
  const evidence: Replaceability = {
    noiseAlone: proportion(0, 256),
    soft: { fraction: 0.91, kl: 0.1, ...proportion(256, 256) },
    hardTried: [],
    deletion: {
      found: {
        fraction: 0.036,
        threshold: 0.5,
        kl: 2,
        changed: 251,
        draws: 256,
        interval: wilson(251, 256),
        alone: proportion(12, 64),
      },
      tried: [],
    },
  };
  const said = (answer: Parameters<typeof claims>[1], e = evidence): string => claims({ evidence: e } as BetaResult, answer).slice(0, 2).join(' / '); // prettier-ignore
  expect(said({ task: 'class', index: 1, label: 'dog' })).toBe(
    "replacing 3.6 % of the input changes the answer 'dog' in 251 of 256 tries (95 % interval 0.96 to 0.99); it is the smallest part found whose loss does / " +
      "the other way round, everything but that part replaced: the answer 'dog' was kept on 12 of 64 fresh draws (95 % interval 0.11 to 0.30)",
  );
  expect(said({ task: 'value', value: 12.3, within: 1.23 })).toMatch(/^replacing 3.6 % of the input moves the value 12.3 by more than 1.23 in 251 of 256 tries/); // prettier-ignore
  expect(said({ task: 'target', index: 1, label: 'dog', against: { index: 2, label: 'cat' }, probability: 0.7, leads: true })).toMatch(/^replacing 3.6 % of the input makes 'dog' fall behind 'cat' in 251/); // prettier-ignore
  expect(said({ task: 'labels', labels: [{ index: 1, label: 'dog' }, { index: 2, label: 'ball' }] })).toMatch(/^replacing 3.6 % of the input changes the labels 'dog' and 'ball' in 251/); // prettier-ignore
  expect(said({ task: 'class', index: 1, label: 'dog' }, { ...evidence, deletion: { tried: [] } })).toMatch(/^no fraction of the input was found whose loss changes the answer 'dog' often enough/); // prettier-ignore
});

test('where nothing that changes the answer was found, the sentence on top says that, and not what is enough', () => {
  const soft = { fraction: 0.5, kl: 0.1, ...proportion(64, 64) };
  const hard = { fraction: 1, threshold: 0, kl: 0.1, tried: [], ...proportion(58, 64) };
  const scene: Scene = { answer: { task: 'class', index: 1, label: 'dog' }, noise: 'uniform:0,1', kind: 'picture' };
  expect(plainClaim({ soft, hard, deletion: { tried: [] } }, scene)).toBe(
    "No part of the picture was found whose loss changes the answer 'dog' often enough",
  );
});

test('a text whose words are counted is told as a vocabulary, a row of a table as a row, and nothing fixed is called random', () => {
  const soft = { fraction: 0.5, kl: 0.1, ...proportion(64, 64) };
  const hard = { fraction: 0.9, threshold: 0, kl: 0.1, tried: [], ...proportion(256, 256) };
  const said = (noise: string, kind: Scene['kind']): string =>
    plainClaim({ soft, hard }, { answer: { task: 'class', index: 1, label: 'spam' }, noise, kind });
  expect(said('constant:0', 'vocabulary')).toBe(
    "10 % of the vocabulary was enough; the rest was replaced by a count of 0 and the answer 'spam' stayed in 256 of 256 tries",
  );
  expect(said('bootstrap:rows.csv', 'row')).toBe(
    "10 % of the row was enough; the rest was replaced by values of other rows and the answer 'spam' stayed in 256 of 256 tries",
  );
  const by = (noise: string, kind: Scene['kind']): string => replacement({ noise, kind });
  expect([by('mean:columns', 'row'), by('token:103', 'text'), by('unigram:mails', 'text'), by('uniform:0,1', 'input'), by('toString', 'row')]).toEqual(
    ['the mean of each column', 'one and the same token', 'random other words', 'random values', 'toString noise'],
  ); // prettier-ignore
});

test('a noise in a table has short numbers, and not as many as an input has elements', () => {
  expect(noiseShown('gaussian:0.9166666666666667,0.6400954789890507')).toBe('gaussian: 0.9167, 0.6401');
  expect(noiseShown('uniform:0,1,2,3,4,5,6')).toBe('uniform: 0, 1, 2, 3 and 3 more');
  expect(['blur', 'mean:columns', 'bootstrap:my,rows.csv', 'blur:2'].map(noiseShown)).toEqual(['blur', 'mean:columns', 'bootstrap:my,rows.csv', 'blur: 2']); // prettier-ignore
});

test('a claim whose draws ended when it was decided says so', () => {
  const ended = { kept: 56, draws: 56, interval: confidenceSequence(56, 56), sequential: true } as const;
  const hard = { fraction: 0.85, threshold: 0.5, kl: 0.2, tried: [], ...ended };
  const evidence: Replaceability = {
    noiseAlone: proportion(0, 64),
    soft: { fraction: 0.91, kl: 0.1, ...proportion(64, 64) },
    hard,
    hardTried: [],
  };
  const [first] = claims({ evidence } as BetaResult, { task: 'class', index: 1, label: 'dog' });
  expect(first).toBe(
    `${HARD}kept on 56 of 56 fresh draws (draws that end when the interval is decided; 95 % interval, corrected for that, 0.91 to 1.00; KL 0.200)`,
  );
});
