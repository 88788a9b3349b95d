// A queue without its packages is one sentence with the command that installs them; rates and times that no server takes are refused.
import { expect, test } from '@jest/globals';
import { queuePerformer, type QueueRun } from '../../src/api/queue-performer.js';
import { workOn } from '../../src/api/queue-worker.js';
import { limitOf, loadBullmq } from '../../src/queue/connection.js';

test('a package that is missing is named, with what to type', async () => {
  const absent = (): Promise<never> => Promise.reject(Object.assign(new Error("Cannot find package 'bullmq'"), { code: 'ERR_MODULE_NOT_FOUND' })); // prettier-ignore
  await expect(loadBullmq(absent)).rejects.toMatchObject({
    code: 'install',
    message:
      '`queue`: needs the package bullmq, which is not installed. Install what it needs: npm install bullmq@6.7.0 ioredis@6.0.0.',
  });
});

test('a rate is whole jobs in whole milliseconds, and never more than was said', () => {
  expect([5, 2.5, 1, 0.5, 0.3].map(limitOf)).toEqual([
    { max: 5, duration: 1000 },
    { max: 2, duration: 800 },
    { max: 1, duration: 1000 },
    { max: 1, duration: 2000 },
    { max: 1, duration: 3334 },
  ]);
});

test.each([
  [{ rate: 0 }, '`rate`: expected a number from 0.001 to 2147483, received 0.'],
  [{ rate: NaN }, '`rate`: expected a number from 0.001 to 2147483, received NaN.'],
  [{ lostAfter: 0 }, '`lostAfter`: expected a number from 0.001 to 2147483, received 0.'],
  [{ timeout: 2_592_000 }, '`timeout`: expected a number from 0.001 to 2147483, received 2592000.'],
])('a worker with %j is refused before it asks a server', async (options, problem) => {
  const at = { queue: 'redis://127.0.0.1:1/q', store: '/proc/none', cache: '/proc/none' };
  await expect(workOn({ ...at, ...options })).rejects.toMatchObject({ code: 'usage', message: problem });
});

test.each([
  [{ priority: 3_000_000 }, '`priority`: expected a whole number from 1 to 2000000, received 3000000.'],
  [{ attempts: 0 }, '`attempts`: expected a whole number from 1 to 1000, received 0.'],
])('a run with %j is refused before it asks a server', async (options, problem) => {
  const run = queuePerformer({ queue: 'redis://127.0.0.1:1/q', store: '/proc/none', ...options }, {} as QueueRun);
  await expect(run).rejects.toMatchObject({ code: 'usage', message: problem });
});
