// The files that are run first are there: a renamed one would fall back among the others.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const { LONGEST } = createRequire(import.meta.url)('./native/sequencer.cjs') as { LONGEST: string[] };

test('every file of the list is there', () => {
  expect(LONGEST.filter((name) => !existsSync(join(import.meta.dirname, '..', `${name}.test.ts`)))).toEqual([]);
});
