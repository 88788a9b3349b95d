// docs/errors.md says what the codes are, and each of them is brought about.
import { expect, test } from '@jest/globals';
import { ERROR_CODES, type ErrorCode } from '../../src/core/errors.js';
import { committedPage, errorsPage, FAILURES, failureOf } from './errors-page.js';

test.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s', async (code) => {
  expect(await failureOf(FAILURES[code])).toMatchObject({ name: expect.stringMatching(/^LanErrors?$/), code });
});

test('docs/errors.md is not stale', async () => {
  if (committedPage() !== (await errorsPage()))
    throw new Error('docs/errors.md is stale. Run npm run docs:errors and commit it.');
});
