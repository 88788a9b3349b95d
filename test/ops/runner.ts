// The runner of op cases, as tests: what a plug-in's op is tried by (src/check/op-runner.ts) on every built-in one.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { createOpEngines, runOpCase, type OpEngines } from '../../src/check/op-runner.js';
import type { OpCase } from './case.js';
import { loadFamilies } from './families.js';

export const engines = await createOpEngines(adapters);

let turned = false;
/** Runs a case. Every second one begins with the backend that the one before ended with. */
export async function runCase(oneCase: OpCase, among: OpEngines): Promise<void> {
  turned = !turned;
  await runOpCase(oneCase, among, { turned: !turned });
}

/** One test per case of the families, `<family>.cases.ts` of this folder. */
export async function testFamilies(...wanted: readonly string[]): Promise<void> {
  const families = await loadFamilies(wanted);
  test('the families are found', () => expect([...families.keys()].sort()).toEqual([...wanted].sort()));
  for (const [family, cases] of families) {
    describe(family, () => {
      for (const oneCase of cases) test(`${oneCase.name} (opset ${oneCase.opset})`, () => runCase(oneCase, engines));
    });
  }
}
