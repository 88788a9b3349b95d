// Workers that cannot be had end the run with an error, not with the program.
import { expect, test } from '@jest/globals';
import { moduleOf, printed } from '../support/built.js';

test('a worker that cannot be started is told as an error of the run, which can be closed', () => {
  // In a process of its own: the program that is started for a worker is named by the process.
  const script = `
    process.execPath = '/absent/node';
    const { startWorkers } = await import('${moduleOf('src/api/worker-pool.ts')}');
    const pool = startWorkers(2, { model: 'tank', options: {}, source: { kind: 'files', inputs: [] }, first: [] });
    const error = await pool.explain({ at: 0, folder: 'none', resume: false }).catch((e) => e);
    await pool.close();
    console.log(error.code + ': ' + error.problem);`;
  expect(printed(script)).toMatch(/^runtime: A worker ended \(spawn \/absent\/node ENOENT\), as at each of 2 tries\.\n$/);
});
