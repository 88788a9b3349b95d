// Processes of a work that die: before they can begin, all of them, or of a signal that is sent to the whole group.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { startCrew, type Crew } from '../../src/core/crew.js';
import { moduleOf } from '../support/built.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-crew-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
// It dies at its start as often as it is told, all processes together; a task is answered after a SIGTERM of its own.
const text = `
  import { appendFileSync, readFileSync } from 'node:fs';
  import { serve } from '${moduleOf('src/core/crew-member.ts')}';
  serve(({ log, dying }) => {
    appendFileSync(log, 'x');
    if (readFileSync(log, 'utf8').length <= dying) process.kill(process.pid, 'SIGKILL');
    return Promise.resolve(async (task) => {
      process.kill(process.pid, 'SIGTERM');
      await new Promise((done) => setTimeout(done, 20));
      return 2 * task;
    });
  });`;
writeFileSync(join(folder, 'member.js'), text);

/** Three tasks by two places whose first `dying` processes die before they are ready. */
async function work(dying: number): Promise<{ found: readonly unknown[]; notes: readonly string[] }> {
  const notes: string[] = [];
  const setup = { log: join(folder, `starts-${dying}`), dying };
  const crew: Crew<number, number> = startCrew({
    beside: pathToFileURL(join(folder, 'owner.js')).href,
    program: 'member',
    setup,
    width: 2,
    onNote: (note) => notes.push(note),
  });
  try {
    const all = await Promise.allSettled([1, 2, 3].map((task) => crew.run(task)));
    return { found: all.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message)), notes };
  } finally {
    await crew.close();
  }
}

test('SIGTERM, which a service manager sends to the whole group, is left to the process that has started them', async () => {
  expect(await work(0)).toEqual({ found: [2, 4, 6], notes: [] });
});

test('a process that dies before it can begin is started again, and where it does so twice the others go on', async () => {
  const again = 'a worker ended (SIGKILL) before it could begin; it is started again';
  expect(await work(1)).toEqual({ found: [2, 4, 6], notes: [again] });
  const { found, notes } = await work(3);
  expect([found, notes.length, notes[0]]).toEqual([[2, 4, 6], 3, again]);
});

test('where none can begin the work ends, and says why', async () => {
  const said = 'A worker ended (SIGKILL, as the system does when memory runs out), as at each of 2 tries. What is finished stays. Go on with `resume`, and with fewer `workers` where memory is short.'; // prettier-ignore
  expect((await work(100)).found).toEqual([said, said, said]);
});
