// Audits through a real Redis: workers, server and coordinator killed in the middle, pictures that kill, jobs that lie. Its own target, `make test-queue`.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { encodePng } from '../../src/data/images.js';
import { encodeNpy } from '../../src/data/npy.js';
import { sha256 } from '../../src/data/files.js';
import { version } from '../../src/core/version.js';
import { MOST_PICTURES } from '../../src/model/guess.js';
import { pack } from '../../src/queue/parcel.js';
import { writeColours } from './colours.js';
import { programs } from './programs.js';
import { redisServer, type RedisServer } from './server.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-queue-'));
const at = (...parts: string[]): string => join(folder, ...parts);
const COUNT = 30;
const SLOW = ['--iterations', '40', '--draws', '32', '--evidence-draws', '64', '--threads', '1', '--trust'];
let server: RedisServer;

/** Which colour is brightest? */
beforeAll(async () => {
  server = await redisServer(folder);
  await writeColours(folder, ['a', 'poison', 'c', 'd']);
  const pixels = new Uint8Array(COUNT * 192);
  for (let n = 0; n < COUNT; n++) for (let i = 0; i < 192; i++) pixels[n * 192 + i] = Math.floor(i / 64) === n % 3 ? 200 : 20 + n;
  writeFileSync(at('images.npy'), encodeNpy({ type: 'uint8', dims: [COUNT, 3, 8, 8], data: pixels }));
  writeFileSync(at('labels.npy'), encodeNpy({ type: 'uint8', dims: [COUNT], data: Uint8Array.from({ length: COUNT }, (_, n) => n % 3) })); // prettier-ignore
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { start, killAll, until, linesOf, filesOf } = programs(folder, () => ({ REDIS_PASSWORD: server.password }));

beforeEach(() => server.start());
afterEach(async () => {
  await killAll();
  await server.kill();
});

const worker = (queue: string, name: string, ...more: string[]) =>
  start(['worker', '--queue', server.queue(queue), '--store', at('store'), '--cache', at(name), '--workers', '1', '--lost-after', '2s', '--trust', ...more]); // prettier-ignore
const statusOf = async (queue: string): Promise<Record<string, unknown>> => {
  const { ended, out } = start(['status', '--queue', server.queue(queue), '--json']);
  await ended;
  return JSON.parse(out()) as Record<string, unknown>;
};

test('worker, server and coordinator killed in the middle: every picture has one result, byte for byte that of one process', async () => {
  const audit = ['audit', 'm.onnx', '--data', 'images.npy', ...SLOW];
  const one = start([...audit, '--workers', '1', '--out', 'one']);
  expect([await one.ended, one.err()]).toEqual([0, expect.any(String)]);
  const many = [...audit, '--queue', server.queue('killed'), '--store', at('store'), '--out', 'many'];
  const first = worker('killed', 'cache-1');
  const second = worker('killed', 'cache-2');
  const coordinator = start(many);
  await until(() => linesOf('many').length >= 4);
  first.child.kill('SIGKILL');
  await until(() => linesOf('many').length >= 8);
  await server.kill();
  await server.start();
  // Its own connection may come back after that by which it hears of results.
  await until(() => /the queue \S+ is back\n/.test(coordinator.err()));
  await until(() => linesOf('many').length >= 15);
  coordinator.child.kill('SIGKILL');
  await coordinator.ended;
  const third = worker('killed', 'cache-3');
  const again = start(many);
  expect([await again.ended, again.err().match(/^lan-onnx:.*$/m)]).toEqual([0, null]);
  expect(linesOf('many')).toEqual(linesOf('one'));
  expect(linesOf('many').length).toBe(COUNT);
  expect(readFileSync(at('many/results.jsonl'))).toEqual(readFileSync(at('one/results.jsonl')));
  expect(filesOf('many')).toEqual(filesOf('one'));
  expect(coordinator.err()).toMatch(/is out of reach; trying again until it is back\n(.*\n)*note: the queue .* is back\n/);
  expect(await statusOf('killed')).toMatchObject({ waiting: 0, active: 0, delayed: 0, completed: 0, dead: 0, deadLetters: [] });
  // Told to stop, a worker ends well.
  for (const { child, ended } of [second, third]) {
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }
  const done = [first, second, third].map(({ err }) => err().match(/: done \(/g)?.length ?? 0);
  expect(done.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(COUNT);
}, 110_000);

test('a picture that came while the run was broken off moves the others on, and takes no result of theirs', async () => {
  mkdirSync(at('grown'));
  const draw = async (name: string, channel: number): Promise<void> =>
    writeFileSync(at('grown', `${name}.png`), await encodePng(Uint8Array.from({ length: 192 }, (_, k) => (k % 3 === channel ? 200 : 0)), 8, 8)); // prettier-ignore
  // By the first ones it is chosen how pictures go in; with other ones among them it would be another run.
  const same = Array.from({ length: MOST_PICTURES }, (_, i) => `a${i + 10}`);
  for (const name of same) await draw(name, 0);
  await draw('c', 2);
  const few = ['--iterations', '1', '--draws', '2', '--evidence-draws', '4', '--trust'];
  const audit = ['audit', 'm.onnx', '--image', 'grown', ...few, '--queue', server.queue('grown'), '--store', at('store'), '--out', 'grown-out']; // prettier-ignore
  const broken = start(audit);
  await until(async () => (await statusOf('grown'))['waiting'] === same.length + 1);
  broken.child.kill('SIGKILL');
  await broken.ended;
  await draw('b', 1);
  // One that was killed left this: no process has such a number.
  mkdirSync(at('cache-6', `work-${hostname()}-999999999-x`, 'models'), { recursive: true });
  const { child, ended } = worker('grown', 'cache-6');
  expect(await start(audit).ended).toBe(0);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(readdirSync(at('cache-6'))).toEqual(['contents']);
  const lines = linesOf('grown-out').map((l) => JSON.parse(l) as { path: string; answer: string });
  expect(lines.map((l) => [l.path, l.answer])).toEqual([
    ...same.map((name) => [`grown/${name}.png`, 'red']),
    ['grown/b.png', 'green'],
    ['grown/c.png', 'blue'],
  ]);
}, 60_000);

test('a result that is not in the store ends the run, and the same command has it made again', async () => {
  const few = ['--iterations', '1', '--draws', '2', '--evidence-draws', '4', '--trust'];
  const audit = ['audit', 'm.onnx', '--image', 'a.png', 'c.png', ...few, '--queue', server.queue('gone'), '--store', at('store'), '--out', 'gone']; // prettier-ignore
  const connection = { host: '127.0.0.1', port: server.port, password: server.password };
  const liar = new Worker('gone', () => Promise.resolve({ result: 'f'.repeat(64), bytes: 1, worker: 'liar', seconds: 1 }), { connection, concurrency: 2 }); // prettier-ignore
  expect((await refusal(audit))[0]).toContain(`Store '${at('store', 'ff', 'f'.repeat(64))}': cannot be read`);
  await liar.close();
  worker('gone', 'cache-7');
  const again = start(audit);
  expect([await again.ended, again.err().match(/^lan-onnx:.*$/m)]).toEqual([0, null]);
  expect(linesOf('gone').map((l) => (JSON.parse(l) as { answer: string }).answer)).toEqual(['red', 'blue']);
}, 60_000);

test('a picture that kills its process at each try is given up with the reason, and the rest goes on', async () => {
  const crash = { NODE_OPTIONS: `--require ${resolve(import.meta.dirname, 'crash.cjs')}` };
  const killed = start(['worker', '--queue', server.queue('crash'), '--store', at('store'), '--cache', at('cache-4'), '--workers', '1', '--trust'], crash); // prettier-ignore
  const pictures = ['a.png', 'poison.png', 'c.png', 'd.png'];
  const audit = ['audit', 'm.onnx', '--image', ...pictures, ...SLOW, '--attempts', '2', '--backoff', '0.1s'];
  const { ended, err } = start([...audit, '--queue', server.queue('crash'), '--store', at('store'), '--out', 'crash']);
  expect(await ended).toBe(2);
  expect(err()).toContain('lan-onnx: left out: poison.png: given up after 2 tries: A worker ended (SIGSEGV).\n');
  const lines = linesOf('crash').map((l) => JSON.parse(l) as { path: string; answer?: string; error?: object });
  expect(lines.map((l) => [l.path, l.answer, l.error])).toEqual([
    ['a.png', 'red', undefined],
    ['poison.png', undefined, { code: 'runtime', message: 'poison.png: given up after 2 tries: A worker ended (SIGSEGV).' }],
    ['c.png', 'blue', undefined],
    ['d.png', 'red', undefined],
  ]);
  const status = start(['status', '--queue', server.queue('crash')]);
  expect(await status.ended).toBe(1);
  expect(status.out()).toMatch(/: 0 waiting, 0 in work, 0 to be tried again, 0 done and not fetched yet, 1 given up\n1 worker\(s\): lan-onnx-\S+\nrun \w+ of m\.onnx: 4 of 4 inputs, 1 of them not explained, .* a second, finished\ngiven up at \S+ after 2 tries: poison\.png: A worker ended \(SIGSEGV\)\.\n$/); // prettier-ignore
  const cleared = start(['status', '--queue', server.queue('crash'), '--clear', '--json']);
  expect([await cleared.ended, (JSON.parse(cleared.out()) as { dead: number }).dead]).toEqual([0, 0]);
  killed.child.kill('SIGTERM');
  expect(await killed.ended).toBe(0);
}, 60_000);

/** What the command line says is wrong, in lines. */
async function refusal(argv: readonly string[], env?: Record<string, string>): Promise<string[]> {
  const { ended, err } = start(argv, env);
  expect(await ended).toBe(2);
  return err().split('\n').filter((l) => l.startsWith('lan-onnx:')); // prettier-ignore
}

test('a wrong password and a server that is absent are a sentence each, and the password is in none', async () => {
  const store = ['--store', at('store')];
  const wrong = ['worker', '--queue', server.queue('q').replace('//', '//me:hunter2@'), ...store];
  const refused = `lan-onnx: Queue ${server.queue('q')}: the server does not let this user in (wrong user or password). Give the password in REDIS_PASSWORD, or in the address as redis://user:password@host/name.`;
  const status = ['status', '--queue', server.queue('q')];
  const found = await Promise.all([refusal(wrong), refusal(status, { REDIS_PASSWORD: 'hunter2' }), refusal(status, { REDIS_PASSWORD: '' })]); // prettier-ignore
  expect(found).toEqual([[refused], [refused], [refused.replace('wrong user or password', 'it asks for a password')]]);
  await server.kill();
  const audit = ['audit', 'm.onnx', '--image', 'a.png', '--trust', '--out', 'absent', '--queue', server.queue('q'), ...store];
  const absent = `lan-onnx: Queue ${server.queue('q')}: no Redis server can be reached at 127.0.0.1:${server.port} (nothing listens there). Is the address right, and does the server run?`;
  const asked = [status, ['worker', '--queue', server.queue('q'), ...store], audit];
  expect(await Promise.all(asked.map((argv) => refusal(argv)))).toEqual(asked.map(() => [absent]));
}, 60_000);

test('jobs of another version, with paths, programs and settings that would be read from the worker are refused in a sentence each', async () => {
  const put = (about: unknown): string => {
    const bytes = pack({ about, parts: [] });
    const hash = sha256(bytes);
    const place = at('store', hash.slice(0, 2));
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, hash), bytes);
    return hash;
  };
  const model = { name: 'm.onnx', sha256: '0'.repeat(64), external: [] };
  const setup = { form: 1, version: version(), model, options: {}, first: [] };
  const input = put({ title: 't', sha256: '0'.repeat(64), notes: [], x: { type: 'float32', dims: [1], part: 0 } });
  const job = { form: 1, version: version(), run: 'r', label: 'evil', setup: put(setup), input };
  const jobs: Record<string, unknown> = {
    other: { ...job, version: '9.9.9' },
    path: { ...job, input: '../../../etc/passwd' },
    code: { ...job, require: '/tmp/evil.js' },
    none: null,
    external: { ...job, setup: put({ ...setup, model: { ...model, external: [{ location: '../../evil', sha256: '0'.repeat(64) }] } }) }, // prettier-ignore
    noise: { ...job, setup: put({ ...setup, options: { noise: 'bootstrap:/etc' } }) },
    card: { ...job, setup: put({ ...setup, options: { card: '/etc/passwd' } }) },
    lan: { ...job, setup: put({ ...setup, options: { lan: '/etc/passwd' } }) },
    absent: { ...job, input: 'f'.repeat(64) },
  };
  const queue = new Queue('lies', { connection: { host: '127.0.0.1', port: server.port, password: server.password } });
  for (const [jobId, data] of Object.entries(jobs)) await queue.add('audit', data, { jobId });
  const { child, ended, err } = worker('lies', 'cache-5');
  await until(async () => (await queue.getFailedCount()) === Object.keys(jobs).length);
  const failed = await queue.getFailed();
  const text = (...hash: (keyof typeof jobs)[]): string => (jobs[hash[0]!] as { setup: string }).setup.slice(0, 12);
  expect(Object.fromEntries(failed.map((j) => [j.id, j.failedReason]))).toEqual({
    other: `job other: is a job of lan-onnx 9.9.9, and this worker is ${version()}; other versions give other numbers.`,
    path: 'job path: is refused: input must be a SHA-256.',
    code: 'job code: is refused: it holds a field that no job has.',
    none: `job none: is a job of lan-onnx an unknown version, and this worker is ${version()}; other versions give other numbers.`,
    external: `Setup ${text('external')}: is refused ('../../evil' leads out of the model's folder).`,
    noise: `Setup ${text('noise')}: is refused (noise 'bootstrap:/etc' would be read from this machine).`,
    card: `Setup ${text('card')}: is refused (options.card: expected a JSON object).`,
    lan: `Setup ${text('lan')}: is refused (options: Unrecognized key: "lan").`,
    absent: `Store '${at('store', 'ff', 'f'.repeat(64))}': cannot be read (no such file or folder).`,
  });
  expect(existsSync(at('evil'))).toBe(false);
  expect(err().match(/^evil: /gm)?.length).toBe(5);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  await queue.close();
}, 60_000);
