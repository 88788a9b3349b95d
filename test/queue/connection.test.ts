// A queue without its packages is one sentence with the command that installs them.
import { expect, test } from '@jest/globals';
import { loadBullmq } from '../../src/queue/connection.js';

test('a package that is missing is named, with what to type', async () => {
  const absent = (): Promise<never> => Promise.reject(Object.assign(new Error("Cannot find package 'bullmq'"), { code: 'ERR_MODULE_NOT_FOUND' })); // prettier-ignore
  await expect(loadBullmq(absent)).rejects.toMatchObject({
    code: 'install',
    message:
      '`queue`: needs the package bullmq, which is not installed. Install what it needs: npm install bullmq@6.7.0 ioredis@6.0.0.',
  });
});
