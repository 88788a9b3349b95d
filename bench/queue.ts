// Many pictures through a queue, with a real Redis: audits a second beside one process and two, what a job costs, and nothing lost where everything is killed.
// Usage: npm run build, then npx tsx bench/queue.ts --model M --data D [--limit 2000] [--compared 100] [--rounds 3] [--jobs 10000] [--iterations 4] [--out FOLDER]; --limit 0 leaves
// the long run out (make queue-long is all of it). Ratios are medians of rounds in which the three ways take turns; --rounds 0 --limit 0 measures what a job costs alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256 } from '../src/data/files.js';
import { version } from '../src/core/version.js';
import { readAddress } from '../src/queue/address.js';
import { openEvents, openQueue, takeJobs } from '../src/queue/connection.js';
import { FORM } from '../src/queue/job.js';
import { redisServer } from '../test/redis/server.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    limit: { type: 'string', default: '2000' },
    compared: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '10000' },
    iterations: { type: 'string', default: '4' },
    out: { type: 'string', default: 'out/queue' },
    program: { type: 'string', default: 'dist/src/cli/main.js' },
  },
});
const out = resolve(values.out);
const program = resolve(values.program);
const at = (...parts: string[]): string => join(out, ...parts);
mkdirSync(out, { recursive: true });
const say = (text: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

const server = await redisServer(out);
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function start(...argv: string[]): { readonly child: ChildProcess; readonly ended: Promise<void> } {
  const env = { ...process.env, REDIS_PASSWORD: server.password };
  const child = spawn(process.execPath, [program, ...argv], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let err = '';
  child.stderr.on('data', (data) => (err = (err + String(data)).slice(-2000)));
  const ended = once(child, 'exit').then(([code]) => {
    running.delete(child);
    if (code !== 0 && code !== null) throw new Error(`${argv.join(' ')}: ended with ${String(code)}\n${err}`);
  });
  ended.catch(() => undefined);
  return { child, ended };
}

const auditOf = (limit: string): string[] => ['audit', values.model!, '--data', values.data!, '--limit', limit, '--quick', '--iterations', values.iterations, '--draws', '4', '--evidence-draws', '8', '--threads', '1', '--trust']; // prettier-ignore
const lines = (folder: string): number =>
  existsSync(at(folder, 'results.jsonl')) ? readFileSync(at(folder, 'results.jsonl'), 'utf8').split('\n').length - 1 : 0;
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((done) => setTimeout(done, 50));
};
const worker = (queue: string, n: number) =>
  start('worker', '--queue', server.queue(queue), '--store', at('store'), '--cache', at(`cache-${n}`), '--workers', '1', '--trust', '--lost-after', '5s'); // prettier-ignore
const stop = ({ child, ended }: ReturnType<typeof start>): Promise<void> => (child.kill('SIGTERM'), ended);
const onQueue = (queue: string): string[] => ['--queue', server.queue(queue), '--store', at('store')];

/** Seconds from the first line of results to the last, and how many lines lie between: starts are not counted. */
async function paced(folder: string, argv: readonly string[], total: number): Promise<number> {
  rmSync(at(folder), { recursive: true, force: true });
  const { ended } = start(...argv, '--out', at(folder));
  await until(() => lines(folder) >= 1);
  const [first, begin] = [lines(folder), performance.now()];
  await until(() => lines(folder) >= total);
  const seconds = (performance.now() - begin) / 1000;
  await ended;
  return (total - first) / seconds;
}

/** What a job costs beside its audit, in one process: put there, taken, answered, heard of, looked at, removed; what Redis needs for one that waits, and the bytes to and from it. */
async function jobCost(count: number): Promise<{ readonly milliseconds: number; readonly bytes: number; readonly network: readonly [to: number, from: number] }> {
  process.env['REDIS_PASSWORD'] = server.password;
  const address = readAddress(server.queue('cost'));
  const queue = await openQueue(address);
  const client = await queue.backend.client;
  const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await client.info())![1]);
  const network = async (): Promise<readonly [number, number]> => {
    const info = await client.info();
    const of = (name: string): number => Number(new RegExp(`total_net_${name}_bytes:(\\d+)`).exec(info)![1]);
    return [of('input'), of('output')];
  };
  const hash = sha256('x');
  const job = (i: number) => ({ form: FORM, version: version(), run: 'r', label: `photos/picture-${i}.jpg`, setup: hash, input: hash });
  const before = await used();
  const [to, from] = await network();
  const begin = performance.now();
  const options = (i: number) => ({ jobId: `r-${i}`, attempts: 3, backoff: { type: 'exponential', delay: 1000 } });
  for (let i = 0; i < count; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, k) => queue.add('audit', job(i + k), options(i + k))));
  const bytes = ((await used()) - before) / count;
  const events = await openEvents(address);
  let left = count;
  const removing: Promise<unknown>[] = [];
  events.on('completed', ({ jobId }) => {
    left--;
    removing.push(queue.getJob(jobId).then((found) => found?.remove()));
  });
  const outcome = { result: hash, bytes: 1, worker: 'w', seconds: 1 };
  const taking = await takeJobs(address, () => Promise.resolve(outcome), { name: 'w', concurrency: 2, lostAfter: 30, losses: 1 });
  await until(() => left === 0);
  await Promise.all(removing);
  const milliseconds = (performance.now() - begin) / count;
  const [after, back] = await network();
  await Promise.all([taking.finish(() => false), events.close()]);
  await queue.close();
  return { milliseconds, bytes, network: [(after - to) / count, (back - from) / count] };
} // prettier-ignore

/** Files by name, of documents all but how long it took. */
const contentOf = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(at(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(at(folder, name)).isFile())
      .sort()
      .map((name) => {
        const bytes = readFileSync(at(folder, name));
        const timed = name.endsWith('.json');
        return [name, sha256(timed ? bytes.toString().replace(/"(compileSeconds|learnSeconds|secondsPerStep|evidenceSeconds|seconds|resumed|workers)": [\d.e-]+/g, '') : bytes)]; // prettier-ignore
      }),
  );

await server.start();
const cost = await jobCost(Number(values.jobs));
say(
  `a job of the queue, of ${values.jobs}: ${cost.milliseconds.toFixed(2)} ms, both ends in one process; ${cost.bytes.toFixed(0)} bytes of Redis while it waits; ${cost.network.map((n) => n.toFixed(0)).join(' bytes to Redis and ')} from it`,
);

if (Number(values.rounds) === 0 && Number(values.limit) === 0) {
  await server.kill();
  process.exit(0);
}
const compared = Number(values.compared);
const pair = [worker('short', 1), worker('short', 2)];
const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)]!;
const rounds: { readonly one: number; readonly two: number; readonly queued: number }[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const one = await paced('one-short', [...auditOf(values.compared), '--workers', '1'], compared);
  const two = await paced('two-short', [...auditOf(values.compared), '--workers', '2'], compared);
  const queued = await paced('queue-short', [...auditOf(values.compared), ...onQueue('short')], compared);
  rounds.push({ one, two, queued });
  say(
    `round ${round + 1}: audits a second by one process ${one.toFixed(2)}, two ${two.toFixed(2)}, a queue with two workers ${queued.toFixed(2)}`,
  );
}
await Promise.all(pair.map(stop));
say(`on ${compared} pictures, medians: one process ${median(rounds.map((r) => r.one)).toFixed(2)} a second; two ${median(rounds.map((r) => r.two / r.one)).toFixed(2)} times as many; a queue with two workers ${median(rounds.map((r) => r.queued / r.one)).toFixed(2)} times`); // prettier-ignore
const stored = readdirSync(at('store'), { recursive: true, encoding: 'utf8' }).map((f) => statSync(at('store', f))).filter((s) => s.isFile()); // prettier-ignore
say(`the store: ${stored.length} contents, ${(stored.reduce((a, s) => a + s.size, 0) / compared / 1000).toFixed(1)} kB an input`);

const total = Number(values.limit);
if (total === 0) {
  await server.kill();
  process.exit(0);
}
say(`${total} pictures in one process (goes on from ${lines('one')})`);
await start(...auditOf(values.limit), '--workers', '2', '--resume', '--out', at('one')).ended;
say(`${total} pictures by two workers of a queue; one is killed, then the server, then the coordinator`);
const workers = [worker('long', 1), worker('long', 2)];
const argv = [...auditOf(values.limit), ...onQueue('long'), '--out', at('many')];
rmSync(at('many'), { recursive: true, force: true });
const began = performance.now();
const coordinator = start(...argv);
await until(() => lines('many') >= total * 0.2);
workers[0]!.child.kill('SIGKILL');
workers.push(worker('long', 3));
await until(() => lines('many') >= total * 0.4);
await server.kill();
await server.start();
await until(() => lines('many') >= total * 0.6);
coordinator.child.kill('SIGKILL');
await start(...argv).ended;
say(`done in ${((performance.now() - began) / 1000).toFixed(0)} s`);
const [many, alone] = [contentOf('many'), contentOf('one')];
const differ = [...alone].filter(([name, hash]) => many.get(name) !== hash).map(([name]) => name);
say(`${lines('many')} lines of ${total}; ${many.size} files, of which ${differ.length} differ from those of one process${differ.length ? `: ${differ.slice(0, 5).join(', ')}` : ''}`); // prettier-ignore
await Promise.all(workers.slice(1).map(stop));
await server.kill();
process.exitCode = differ.length === 0 && many.size === alone.size && lines('many') === total ? 0 : 1;
