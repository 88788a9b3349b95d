// --log json, and OpenTelemetry where an endpoint is set: what is told, to whom, and that nobody is told without.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTelemetry } from '../../src/cli/telemetry.js';
import { PROGRAM } from '../support/built.js';
import { cli } from '../support/command.js';

interface Point {
  readonly asDouble?: number;
  readonly asInt?: string | number;
  readonly count?: string | number;
  readonly sum?: number;
}

/** A metric as OTLP has it in JSON. */
interface Metric {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly Point[] };
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly histogram?: { readonly dataPoints: readonly Point[] };
}

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-log-'));
const picture = 'models/tank/pictures/tank/05.png';
const audit = ['audit', 'tank', '--image', picture, '--noise', 'uniform', '--iterations', '2', '--evidence-draws', '4', '--quick', '--threads', '1', '--out', join(folder, 'out')]; // prettier-ignore
let server: Server;
let endpoint: string;
/** What it was sent, by path. */
const sent = new Map<string, string[]>();

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      sent.set(request.url!, [...(sent.get(request.url!) ?? []), text]);
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

test('--log json: an object a line, of the start, what is told, each input, and the end', async () => {
  const { code, err } = await cli(...audit, '--log', 'json');
  expect(code).toBe(0);
  const lines = err.trimEnd().split('\n').map((l) => JSON.parse(l) as Record<string, unknown>); // prettier-ignore
  for (const line of lines) {
    expect(line).toMatchObject({ level: 'info', event: expect.any(String) });
    expect(new Date(String(line['time'])).toISOString()).toBe(line['time']);
  }
  expect(lines[0]).toMatchObject({
    event: 'start',
    command: expect.stringMatching(/^lan-onnx audit tank --image \S+ (?!.*--log)/),
  });
  expect(lines.map((l) => l['message'])).toContain('learning the mask, beta 2 ...'.replace('beta 2', String(/beta [\d.]+/.exec(err)))); // prettier-ignore
  const [input] = lines.filter((l) => l['event'] === 'input');
  expect(input).toMatchObject({ input: picture, steps: 2, stepsPerSecond: expect.any(Number), seconds: expect.any(Number) });
  expect(lines.at(-1)).toMatchObject({ event: 'end', code: 0, seconds: expect.any(Number) });
}, 30_000);

test('an input that cannot be explained is named in its line', async () => {
  const broken = join(folder, 'no-picture.png');
  writeFileSync(broken, 'not a picture');
  const { code, err } = await cli(...audit, '--image', picture, broken, '--log', 'json');
  expect(code).toBe(2);
  const lines = err.trimEnd().split('\n').map((l) => JSON.parse(l) as Record<string, unknown>); // prettier-ignore
  expect(lines.filter((l) => l['level'] === 'warn' || l['event'] === 'input').map((l) => l['input'])).toEqual([broken, picture]);
}, 30_000);

test('an error is a line of level error, and the end has its code', async () => {
  const { code, err } = await cli('inspect', 'absent.onnx', '--log=json');
  const lines = err.trimEnd().split('\n').map((l) => JSON.parse(l) as Record<string, unknown>); // prettier-ignore
  expect(code).toBe(2);
  expect(lines.map((l) => [l['level'], l['event'], l['message'], l['code']])).toEqual([
    ['info', 'start', undefined, undefined],
    ['error', 'message', "lan-onnx: Model 'absent.onnx': cannot be read (no such file or folder).", undefined],
    ['info', 'end', undefined, 2],
  ]);
  expect((await cli('inspect', 'tank', '--log', 'xml')).err).toContain('Choices: "text", "json"');
});

test('with an endpoint a span a command and an input, and metrics of jobs, steps a second, failures and memory; nothing without', async () => {
  const broken = join(folder, 'broken.png');
  writeFileSync(broken, 'not a picture');
  const run = async (env: Record<string, string>, code = 0, ...more: string[]): Promise<void> => {
    const [node, entry] = PROGRAM;
    const child = spawn(node, [entry, ...audit, ...more], { env: { ...process.env, ...env }, stdio: 'ignore' });
    expect((await once(child, 'exit'))[0]).toBe(code);
  };
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
  expect([...sent.keys()]).toEqual([]);
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'nightly' }, 2, '--image', picture, broken);
  expect([...sent.keys()].sort()).toEqual(['/v1/metrics', '/v1/traces']);
  const traces = sent.get('/v1/traces')!.join();
  for (const text of ['"name":"audit"', '"name":"input"', picture, '"nightly"', '"exit.code"']) expect(traces).toContain(text);
  // The last word of each: what it counted, of what kind.
  const bodies = sent.get('/v1/metrics')!.map((body) => JSON.parse(body) as { resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[] }); // prettier-ignore
  const metrics = new Map(bodies.flatMap((body) => body.resourceMetrics.flatMap((r) => r.scopeMetrics.flatMap((m) => m.metrics.map((metric) => [metric.name, metric] as const))))); // prettier-ignore
  expect(Number(metrics.get('lan_onnx.jobs')!.sum!.dataPoints[0]!.asDouble ?? metrics.get('lan_onnx.jobs')!.sum!.dataPoints[0]!.asInt)).toBe(2); // prettier-ignore
  expect(Number(metrics.get('lan_onnx.failures')!.sum!.dataPoints[0]!.asDouble ?? metrics.get('lan_onnx.failures')!.sum!.dataPoints[0]!.asInt)).toBe(1); // prettier-ignore
  expect(Number(metrics.get('lan_onnx.steps_per_second')!.histogram!.dataPoints[0]!.count)).toBe(1);
  expect(metrics.get('lan_onnx.steps_per_second')!.histogram!.dataPoints[0]!.sum).toBeGreaterThan(0);
  const memory = metrics.get('process.memory.usage')!.gauge!.dataPoints[0]!;
  expect(Number(memory.asDouble ?? memory.asInt)).toBeGreaterThan(2 ** 24);
  expect(traces).toContain('"code":2');
}, 60_000);

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT: expected an address that begins with http:// or https://, as in http://localhost:4318.'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:port' }, 'OTEL_EXPORTER_OTLP_ENDPOINT: expected an address that begins with http:// or https://, as in http://localhost:4318.'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h', OTEL_METRIC_EXPORT_INTERVAL: '0' }, "OTEL_METRIC_EXPORT_INTERVAL: expected milliseconds, a whole number of at least 1, received '0'."],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h', OTEL_METRIC_EXPORT_INTERVAL: '1s' }, "OTEL_METRIC_EXPORT_INTERVAL: expected milliseconds, a whole number of at least 1, received '1s'."],
])('%j is refused, and nothing goes anywhere else', async (env, problem) => {
  await expect(startTelemetry('audit', env)).rejects.toMatchObject({ code: 'usage', message: problem });
}); // prettier-ignore

test('an endpoint that takes and never answers keeps a command three seconds at the end, and loses nothing of what it prints', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const [node, entry] = PROGRAM;
  const child = spawn(node, [entry, 'inspect', 'tank', '--log', 'json'], {
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` },
  });
  let [out, ended] = ['', 0];
  child.stdout.on('data', (part) => (out += String(part)));
  child.stderr.on('data', (part) => (ended = String(part).includes('"event":"end"') ? performance.now() : ended));
  expect((await once(child, 'close'))[0]).toBe(0);
  const waited = performance.now() - ended;
  silent.close();
  silent.closeAllConnections();
  expect([ended > 0, waited > 2500, waited < 7000]).toEqual([true, true, true]);
  expect(out).toBe((await cli('inspect', 'tank')).out);
}, 60_000);
