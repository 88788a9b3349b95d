// A queue over TLS with a user of its own, contents over HTTP that break off and lie; priorities, rates, time limits and back-off; and what a run leaves behind.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { writeColours } from './colours.js';
import { programs } from './programs.js';
import { redisServer, type RedisServer } from './server.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-remote-'));
const at = (...parts: string[]): string => join(folder, ...parts);
let plain: RedisServer;
let secured: RedisServer;
const { start, killAll, until, linesOf, filesOf } = programs(folder, () => ({ REDIS_PASSWORD: plain.password }));
const FEW = ['--iterations', '2', '--draws', '2', '--evidence-draws', '4', '--threads', '1', '--trust'];
const NAMES = ['a', 'b', 'c', 'd'];

beforeAll(async () => {
  const openssl = (...argv: string[]): void => void execFileSync('openssl', argv, { cwd: folder, stdio: 'ignore' });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=authority of a test'); // prettier-ignore
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(at('names.txt'), 'subjectAltName=DNS:localhost');
  openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.pem', '-days', '2', '-extfile', 'names.txt'); // prettier-ignore
  plain = await redisServer(folder);
  secured = await redisServer(at('tls'), { tls: { cert: at('server.pem'), key: at('server.key'), ca: at('ca.pem') } });
  await writeColours(folder, NAMES);
});
let contents: Server | undefined;
afterEach(async () => {
  await killAll();
  await Promise.all([plain.kill(), secured.kill()]);
  contents?.closeAllConnections();
  contents?.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server of contents by GET, HEAD and PUT that gives half of each the first time it is asked for; `lie`: what it gives in place of a content. */
async function contentServer(lie: (path: string) => Buffer | undefined = () => undefined) {
  const held = new Map<string, Buffer>();
  const gets: string[] = [];
  contents = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url!;
      if (request.method === 'PUT') held.set(path, Buffer.concat(parts));
      if (request.method === 'DELETE') held.delete(path);
      const content = held.get(path);
      if (!content) response.statusCode = request.method === 'DELETE' ? 204 : 404;
      if (request.method !== 'GET' || !content) return response.end();
      gets.push(path);
      if (gets.filter((p) => p === path).length > 1) return response.end(lie(path) ?? content);
      response.setHeader('content-length', content.length);
      response.write(content.subarray(0, content.length / 2), () => response.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(contents, 'listening');
  return { address: `http://127.0.0.1:${(contents.address() as AddressInfo).port}/nightly`, held, gets };
}

test('over TLS, by a user of its own, contents by HTTP that break off: what one process gives; the cache is asked first', async () => {
  await secured.start();
  const { address, gets } = await contentServer();
  const trusting = { NODE_EXTRA_CA_CERTS: at('ca.pem') };
  const audit = ['audit', 'm.onnx', '--image', 'a.png', 'b.png', ...FEW];
  const queue = ['--queue', secured.queue('tls'), '--store', address];
  const one = start([...audit, '--workers', '1', '--out', 'one']);
  const worker = start(['worker', ...queue, '--cache', 'cache', '--workers', '1', '--trust'], trusting);
  const many = start([...audit, ...queue, '--out', 'many'], trusting);
  expect([await one.ended, await many.ended, many.err().match(/^lan-onnx:.*$/m)]).toEqual([0, 0, null]);
  expect(filesOf('many')).toEqual(filesOf('one'));
  // Each content came twice: half of it, then all.
  expect(gets.length).toBe(2 * new Set(gets).size);
  const before = gets.length;
  const again = start([...audit, ...queue, '--out', 'again'], trusting);
  expect(await again.ended).toBe(0);
  // Two results; model, settings and inputs lay on the disk.
  expect(gets.length - before).toBe(2 * 2);
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
  const status = ['status', '--queue', secured.queue('tls')];
  const [stranger, wrong] = [start(status), start(status, { ...trusting, REDIS_PASSWORD: 'hunter2' })];
  expect([await stranger.ended, await wrong.ended]).toEqual([2, 2]);
  expect(stranger.err()).toMatch(/^lan-onnx: Queue rediss:\/\/localhost:\d+\/tls: the certificate of the server is not trusted \(.+\)\. Give the file of the authority that has signed it in NODE_EXTRA_CA_CERTS, and the host by a name that stands in it\.\n$/); // prettier-ignore
  expect(wrong.err()).toMatch(/the server does not let this user in \(wrong user or password\)/);
}, 180_000);

test('a content that is another than its hash says is refused by the worker at each try, and not kept', async () => {
  await plain.start();
  const { address } = await contentServer(() => Buffer.from('something else'));
  const worker = start(['worker', '--queue', plain.queue('lie'), '--store', address, '--cache', 'cache-lie', '--workers', '1', '--trust']); // prettier-ignore
  const audit = start(['audit', 'm.onnx', '--image', 'a.png', 'b.png', ...FEW, '--attempts', '2', '--backoff', '0.1s', '--queue', plain.queue('lie'), '--store', address, '--out', 'lie']); // prettier-ignore
  expect(await audit.ended).toBe(2);
  expect(audit.err()).toMatch(/^lan-onnx: left out: a\.png: given up after 2 tries: Store 'http:\S+': the content of \w{12} is another one than its name says\.$/m); // prettier-ignore
  expect(worker.err().match(/is another one than its name says/g)!.length).toBe(4);
}, 180_000);

interface JobLine {
  readonly event: string;
  readonly time: string;
  readonly input: string;
  readonly tries: number;
  readonly seconds: number;
  readonly error?: string;
}
const jobsOf = (err: string): JobLine[] =>
  err.split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l) as JobLine).filter(({ event }) => event === 'job'); // prettier-ignore
const counted = async (queue: string): Promise<Record<string, number>> => {
  const { ended, out } = start(['status', '--queue', plain.queue(queue), '--json']);
  await ended;
  return JSON.parse(out()) as Record<string, number>;
};

test('a run of priority 1 goes before one of 5 that was there first', async () => {
  await plain.start();
  const run = (priority: string, ...images: string[]) =>
    start(['audit', 'm.onnx', '--image', ...images, ...FEW, '--queue', plain.queue('first'), '--store', at('store'), '--priority', priority, '--out', `p${priority}`]); // prettier-ignore
  const late = run('5', 'a.png', 'b.png');
  await until(async () => (await counted('first'))['waiting'] === 2);
  const early = run('1', 'c.png', 'd.png');
  await until(async () => (await counted('first'))['waiting'] === 4);
  const worker = start(['worker', '--queue', plain.queue('first'), '--store', at('store'), '--cache', 'cache-p', '--workers', '1', '--trust', '--log', 'json']); // prettier-ignore
  expect([await late.ended, await early.ended]).toEqual([0, 0]);
  const order = jobsOf(worker.err()).map(({ input }) => input);
  // Of one run the input goes first that was read first.
  expect([order.slice(0, 2).sort(), order.slice(2).sort()]).toEqual([['c.png', 'd.png'], ['a.png', 'b.png']]); // prettier-ignore
}, 180_000);

test('a time limit ends a try, the next one waits for its back-off, twice as long each time', async () => {
  await plain.start();
  const worker = start(['worker', '--queue', plain.queue('slow'), '--store', at('store'), '--cache', 'cache-t', '--workers', '1', '--trust', '--timeout', '0.5s', '--log', 'json']); // prettier-ignore
  const audit = start(['audit', 'm.onnx', '--image', 'a.png', 'b.png', '--iterations', '1000000', '--threads', '1', '--trust', '--attempts', '3', '--backoff', '1s', '--queue', plain.queue('slow'), '--store', at('store'), '--out', 'slow']); // prettier-ignore
  expect(await audit.ended).toBe(2);
  expect(linesOf('slow').map((l) => (JSON.parse(l) as { error?: { message: string } }).error?.message)).toEqual(
    ['a.png', 'b.png'].map((name) => `${name}: given up after 3 tries: It took longer than 0.5 s.`),
  );
  const tries = jobsOf(worker.err()).filter(({ input }) => input === 'a.png');
  expect(tries.map((t) => [t.tries, t.error])).toEqual([1, 2, 3].map((n) => [n, 'It took longer than 0.5 s.']));
  const waits = tries.slice(1).map((t, i) => (Date.parse(t.time) - Date.parse(tries[i]!.time)) / 1000 - t.seconds);
  expect(waits[0]).toBeGreaterThan(0.9);
  expect(waits[1]).toBeGreaterThan(1.9);
}, 180_000);

test('a rate holds for all workers of a queue together', async () => {
  await plain.start();
  const queue = new Queue('rate', { connection: { host: '127.0.0.1', port: plain.port, password: plain.password } });
  for (let i = 0; i < 6; i++) await queue.add('audit', { form: 0 }, { jobId: `j${i}` });
  for (const n of [1, 2]) start(['worker', '--queue', plain.queue('rate'), '--store', at('store'), '--cache', `cache-r${n}`, '--rate', '2', '--workers', '2']); // prettier-ignore
  await until(async () => (await queue.getFailedCount()) === 6);
  const times = (await queue.getFailed()).map((job) => job.processedOn!).sort((a, b) => a - b);
  await queue.close();
  // Two at once, two a second later, and two another second later.
  expect(times[5]! - times[0]!).toBeGreaterThan(1800);
  for (let i = 2; i < 6; i++) expect(times[i]! - times[i - 2]!).toBeGreaterThan(900);
}, 180_000);

test('jobs of a run that was broken off and begun with other settings are taken out; status takes out those of any run', async () => {
  await plain.start();
  const run = (draws: string) =>
    start(['audit', 'm.onnx', '--image', 'a.png', 'b.png', 'c.png', '--iterations', '2', '--draws', draws, '--trust', '--queue', plain.queue('left'), '--store', at('store'), '--out', 'left']); // prettier-ignore
  const first = run('3');
  await until(async () => (await counted('left'))['waiting'] === 3);
  first.child.kill('SIGKILL');
  await first.ended;
  const second = run('4');
  await until(() => second.err().includes('its 3 jobs are taken out of the queue'));
  await until(async () => (await counted('left'))['waiting'] === 3);
  const { runs } = (await counted('left')) as unknown as { runs: { run: string }[] };
  expect(runs.length).toBe(1);
  second.child.kill('SIGKILL');
  await second.ended;
  const none = start(['status', '--queue', plain.queue('left'), '--remove', 'nobody']);
  expect([await none.ended, none.err()]).toEqual([
    2,
    `lan-onnx: --remove: no run of ${plain.queue('left')} is called 'nobody'.\n`,
  ]);
  const removed = start(['status', '--queue', plain.queue('left'), '--remove', runs[0]!.run, '--json']);
  expect([await removed.ended, JSON.parse(removed.out())]).toEqual([0, expect.objectContaining({ waiting: 0, runs: [] })]);
}, 180_000);
