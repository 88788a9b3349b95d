// What a server does that is there but takes nothing, or is gone when the programs are told to stop; and results that are none.
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { sha256 } from '../../src/data/files.js';
import { pack } from '../../src/queue/parcel.js';
import { writeColours } from './colours.js';
import { programs } from './programs.js';
import { redisServer, type RedisServer } from './server.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-refused-'));
const at = (...parts: string[]): string => join(folder, ...parts);
const { start, killAll, until, linesOf } = programs(folder, () => ({ REDIS_PASSWORD: server.password }));
const FEW = ['--draws', '2', '--evidence-draws', '4', '--threads', '1', '--trust'];
let server: RedisServer;

beforeAll(async () => {
  server = await redisServer(folder);
  await writeColours(folder, ['a', 'b']);
});
beforeEach(() => server.start());
afterEach(async () => {
  await killAll();
  await server.kill();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const connection = () => ({ host: '127.0.0.1', port: server.port, password: server.password });
const worker = (queue: string, ...more: string[]) =>
  start(['worker', '--queue', server.queue(queue), '--store', at('store'), '--cache', `cache-${queue}`, '--workers', '1', '--trust', ...more]); // prettier-ignore
const audit = (queue: string, ...more: string[]) =>
  start(['audit', 'm.onnx', '--image', 'a.png', 'b.png', ...FEW, ...(more.includes('--iterations') ? [] : ['--iterations', '2']), '--queue', server.queue(queue), '--store', at('store'), '--out', queue, ...more]); // prettier-ignore

test('a server whose memory is used up is told and waited for; one that throws jobs away is told', async () => {
  const queue = new Queue('full', { connection: connection(), skipVersionCheck: true });
  const client = (await queue.backend.client) as unknown as { config(...args: string[]): Promise<unknown> };
  const set = (name: string, value: string): Promise<unknown> => client.config('SET', name, value);
  await set('maxmemory', '1mb');
  const taking = worker('full');
  const run = audit('full');
  const refused = `note: the queue ${server.queue('full')} takes nothing: its memory is used up (maxmemory); trying again until it does\n`;
  await until(() => run.err().includes(refused));
  await set('maxmemory', '0');
  expect([await run.ended, run.err().match(/^lan-onnx:.*$/m)]).toEqual([0, null]);
  expect(run.err()).toContain(`note: the queue ${server.queue('full')} takes jobs again\n`);
  expect(linesOf('full').map((l) => (JSON.parse(l) as { answer: string }).answer)).toEqual(['red', 'green']);
  await set('maxmemory-policy', 'allkeys-lru');
  const other = audit('full', '--resume');
  expect(await other.ended).toBe(0);
  expect(other.err()).toContain('throws keys away where its memory runs out (maxmemory-policy allkeys-lru)');
  expect(other.err()).not.toContain('IMPORTANT');
  taking.child.kill('SIGTERM');
  expect(await taking.ended).toBe(0);
  await queue.close();
}, 60_000);

test('told to stop while the server is gone, a run ends and so does a worker with nothing at hand', async () => {
  const idle = worker('idle');
  await until(() => idle.err().includes('working on'));
  // Nobody works on this one.
  const run = audit('away');
  const status = async (): Promise<{ waiting: number }> => {
    const { ended, out } = start(['status', '--queue', server.queue('away'), '--json']);
    await ended;
    return JSON.parse(out()) as { waiting: number };
  };
  await until(async () => (await status()).waiting === 2);
  await server.kill();
  await until(() => [idle, run].every(({ err }) => err().includes('is out of reach')));
  for (const { child } of [idle, run]) child.kill('SIGTERM');
  expect([await idle.ended, await run.ended]).toEqual([0, 2]);
}, 60_000);

test('a worker that was not heard from and goes on leaves nothing in the store of what another has done meanwhile', async () => {
  // As after a SIGSTOP that outlasts --lost-after: the job is not this worker's any more when it is finished.
  const queue = new Queue('late', { connection: connection(), skipVersionCheck: true });
  const slow = worker('late', '--lost-after', '600s');
  const run = audit('late', '--iterations', '3000', '--attempts', '1');
  await until(async () => (await queue.getActiveCount()) === 1);
  const [job] = await queue.getActive();
  const client = (await queue.backend.client) as unknown as { set(key: string, value: string): Promise<unknown> };
  await client.set(queue.toKey(`${job!.id}:lock`), 'of another');
  await until(() => /given to another worker meanwhile/.test(slow.err()));
  expect(slow.err()).not.toMatch(new RegExp(`^${(job!.data as { label: string }).label}: done`, 'm'));
  run.child.kill('SIGKILL');
  await queue.close();
}, 60_000);

test('a worker whose store takes nothing ends after the job at hand, and says why; another one does the jobs', async () => {
  const closed = createServer(({ method, url }, response) => {
    const path = at('store', ...url!.split('/'));
    response.statusCode = method === 'PUT' ? 403 : method === 'GET' && existsSync(path) ? 200 : 404;
    response.end(response.statusCode === 200 ? readFileSync(path) : '');
  }).listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  const run = audit('room');
  const poor = start(['worker', '--queue', server.queue('room'), '--store', address, '--cache', 'cache-poor', '--workers', '1', '--trust']); // prettier-ignore
  expect(await poor.ended).toBe(2);
  expect(poor.err()).toContain(`lan-onnx: Store '${address}': takes no content (403 Forbidden).`);
  const rich = worker('room');
  expect(await run.ended).toBe(0);
  expect(linesOf('room')).toHaveLength(2);
  rich.child.kill('SIGTERM');
  expect(await rich.ended).toBe(0);
  closed.close();
}, 60_000);

test('a result whose document is none is refused in a sentence, and none of it is written', async () => {
  for (const [i, document] of ['null', '{}', '{'].entries()) {
    const bytes = pack({ about: { names: ['audit.json', 'report.html'] }, parts: [Buffer.from(document), Buffer.from('x')] });
    const result = sha256(bytes);
    const path = at('store', result.slice(0, 2), result);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    const name = `none-${i}`;
    const liar = new Worker(name, () => Promise.resolve({ result, bytes: 1, worker: 'liar', seconds: 1 }), { connection: connection(), concurrency: 2 }); // prettier-ignore
    const run = audit(name);
    expect(await run.ended).toBe(2);
    expect(run.err().match(/^lan-onnx:.*$/gm)).toEqual([
      'lan-onnx: A worker gave a result whose files are not those of an audit.',
    ]);
    expect(readdirSync(at(name), { recursive: true })).not.toContainEqual(expect.stringMatching(/report\.html$/));
    await liar.close();
  }
}, 60_000);
