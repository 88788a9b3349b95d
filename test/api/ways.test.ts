// How many processes may be asked for, and which way is taken where the other one cannot be measured: a process that dies at it would die at the work as well.
import { expect, test } from '@jest/globals';
import { chooseWay, requireWorkers } from '../../src/api/ways.js';
import { MemberEnded } from '../../src/core/crew.js';

test('auto stays with this process where one of the others dies as they are measured, and says so', async () => {
  const notes: string[] = [];
  let closed = 0;
  const found = await chooseWay({
    left: 1000,
    pieces: 2,
    threads: undefined,
    threadsHere: 4,
    here: () => Promise.resolve({ rate: 1, unit: 'samples' }),
    start: () => ({ close: () => Promise.resolve(void closed++) }),
    paces: () => Promise.reject(new MemberEnded('SIGKILL', 2)),
    onNote: (note) => notes.push(note),
  });
  expect([found, closed]).toEqual([undefined, 1]);
  expect(notes).toEqual([
    'workers: 2 processes of 1 thread each could not be measured, since one ended (SIGKILL); taken: workers 1, threads 4',
  ]);
});

test('eight processes a core are taken, and no more; nor what is no number of them', () => {
  for (const workers of ['auto', 1, 16] as const) expect(() => requireWorkers(workers, 2)).not.toThrow();
  expect(() => requireWorkers(17, 2)).toThrow('`workers`: expected at most 16, 8 for each core that there is, received 17.');
  for (const workers of [0, -1, 1.5, NaN])
    expect(() => requireWorkers(workers, 2)).toThrow('`workers`: expected a whole number of at least 1 or auto, received ');
});
