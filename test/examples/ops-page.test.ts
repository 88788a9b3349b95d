// docs/ops.md says what the adapters say.
import { expect, test } from '@jest/globals';
import { committedPage, opsPage } from '../project/ops-page.js';

test('docs/ops.md is not stale', async () => {
  const page = await opsPage();
  // One sentence of what to do is worth more than a diff of two hundred rows.
  if (committedPage() !== page) throw new Error('docs/ops.md is stale. Run npm run docs:ops and commit it.');
  expect(page).toContain('| `Conv` | ai.onnx | 1, 11, 22 | yes | yes | yes |');
});
