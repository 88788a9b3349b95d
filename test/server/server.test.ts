// The server as clients meet it, good and bad: a real one on loopback, spoken to over plain sockets where a well-behaved client would not do.
import { mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startServer, type Running } from '../../src/server/server.js';
import { siteOf, type Resource } from '../../src/server/site.js';
import { refusal } from '../support/refusal.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-server-'));
const at = (name: string): string => join(folder, name);
const LARGE = 8_000_000;
let server: Running;

beforeAll(async () => {
  writeFileSync(at('index.html'), '<!doctype html><title>page</title>');
  writeFileSync(at('app.js'), 'export {};');
  writeFileSync(at('large.wasm'), Buffer.alloc(LARGE, 7));
  writeFileSync(at('gone.css'), 'a{}');
  writeFileSync(at('empty.css'), '');
  writeFileSync(at('secret.key'), 'not of a kind that is given out');
  const site = new Map<string, Resource>(await siteOf(folder));
  site.set('/given/token/list.json', {
    type: 'application/json; charset=utf-8',
    body: { bytes: Buffer.from('{}') },
    keep: false,
  });
  server = await startServer(site, 0);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What comes back for these bytes, until the server closes or `enough` is in it. */
function spoken(
  bytes: string | Buffer,
  { enough, port = server.port }: { enough?: RegExp; port?: number } = {},
): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (enough?.test(text)) socket.destroy();
    });
    socket.on('close', () => done(text));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done(text) : failed(error),
    );
    socket.write(bytes);
  });
}

const get = (path: string, host = `127.0.0.1:${server.port}`, more = ''): Promise<string> =>
  spoken(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`);
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

/** After everything that a test did to it, the server answers as before. */
afterEach(async () => {
  expect(await (await fetch(server.url)).text()).toBe('<!doctype html><title>page</title>');
});

test.each(['/', '/app.js', '/nothing', '/given/token/list.json'])('%s has the strict headers', async (path) => {
  const { headers } = await fetch(new URL(path, server.url));
  const policy = headers.get('content-security-policy')!.split('; ');
  expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'", "frame-ancestors 'none'"])); // prettier-ignore
  // Nothing foreign: no host and no scheme of the network is named anywhere.
  expect(policy.join(' ')).not.toMatch(/https?:|\*|\bwss?:/);
  expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('files come with their type and length, HEAD gives the same without the body', async () => {
  const whole = await fetch(new URL('/large.wasm', server.url));
  expect(whole.headers.get('content-type')).toBe('application/wasm');
  expect((await whole.arrayBuffer()).byteLength).toBe(LARGE);
  const head = await fetch(new URL('/large.wasm', server.url), { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(LARGE)]);
  expect((await head.arrayBuffer()).byteLength).toBe(0);
  const empty = await fetch(new URL('/empty.css', server.url));
  expect([empty.status, await empty.text()]).toEqual([200, '']);
});

test('a built file is kept by its tag and asked for anew; what was given is not kept', async () => {
  const first = await fetch(new URL('/app.js', server.url));
  const tag = first.headers.get('etag')!;
  expect(first.headers.get('cache-control')).toBe('no-cache');
  expect(statusOf(await get('/app.js', undefined, `If-None-Match: ${tag}\r\n`))).toBe(304);
  writeFileSync(at('app.js'), 'export const changed = 1;');
  expect(statusOf(await get('/app.js', undefined, `If-None-Match: ${tag}\r\n`))).toBe(200);
  const given = await fetch(new URL('/given/token/list.json', server.url));
  expect([given.headers.get('cache-control'), given.headers.get('etag')]).toEqual(['no-store', null]);
});

test.each([
  '/../server.test.ts',
  '/..%2f..%2fetc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/app.js/../secret.key',
  '/./app.js',
  '//app.js',
  '/app.js%00',
  '/secret.key',
  '/given/',
  '/given/other/list.json',
  '/constructor',
  'http://127.0.0.1/app.js',
  '/%',
])('%s is not there', async (path) => {
  const answer = await get(path);
  expect(statusOf(answer)).toBe(404);
  expect(answer).toContain('There is nothing at this address.');
});

test('an address of 9000 letters is not there', async () => expect(statusOf(await get(`/${'a'.repeat(9000)}`))).toBe(404));

test('a query changes nothing', async () => expect(statusOf(await get('/app.js?x=1'))).toBe(200));

test.each([
  'evil.example',
  'evil.example:PORT',
  '127.0.0.1.evil.example:PORT',
  '127.0.0.1',
  '127.0.0.1:1',
  'localhost.:PORT',
  '',
])('a page called %s that points here (DNS rebinding) gets nothing', async (host) => {
  const answer = await get('/', host.replace('PORT', String(server.port)));
  expect(statusOf(answer)).toBe(403);
  expect(answer).not.toContain('<title>');
});

test.each(['localhost:PORT', 'LocalHost:PORT', '127.0.0.1:PORT'])('%s is its name', async (host) => {
  expect(statusOf(await get('/', host.replace('PORT', String(server.port))))).toBe(200);
});

test('without a Host, and with two, it is refused', async () => {
  expect(statusOf(await spoken('GET / HTTP/1.1\r\nConnection: close\r\n\r\n'))).toBe(400);
  expect(statusOf(await spoken('GET / HTTP/1.0\r\n\r\n'))).toBe(403);
  const two = `GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`;
  expect(statusOf(await spoken(two))).toBe(403);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])('%s is not answered', async (method) => {
  const answer = await spoken(`${method} / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 3\r\n\r\nabc`);
  expect(statusOf(answer)).toBe(405);
  expect(answer).toContain('Allow: GET, HEAD');
});

test('a body that is announced is refused before it is sent', async () => {
  const answer = await spoken(
    `POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nExpect: 100-continue\r\nContent-Length: 9000000000\r\n\r\n`,
  );
  expect(statusOf(answer)).toBe(405);
});

test.each([
  ['bytes that are no HTTP', Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 37) % 256))],
  ['a TLS greeting', Buffer.from('16030100a5010000a10303', 'hex')],
  ['headers without end', `GET / HTTP/1.1\r\n${'X-A: b\r\n'.repeat(20_000)}`],
  ['one endless header', `GET / HTTP/1.1\r\nX: ${'a'.repeat(100_000)}`],
  ['a header with a line break in it', 'GET / HTTP/1.1\r\nHost: a\nb: c\r\n\x00: d\r\n\r\n'],
  ['two lengths', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ['both a length and chunks', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
])('junk: %s ends the connection and nothing else', async (_, bytes) => {
  expect(await spoken(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
});

test.each(['CONNECT evil.example:443', 'GET /'])('%s with an upgrade opens no tunnel', async (line) => {
  const answer = await spoken(`${line} HTTP/1.1\r\nHost: evil.example:443\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, {
    enough: /\n$/,
  });
  expect(answer).not.toMatch(/^HTTP\/1\.1 (1|2)/);
});

test('clients that begin and say no more are let go, others are served meanwhile', async () => {
  const begun = Date.now();
  const hasty = await startServer(await siteOf(folder), 0, { patience: 1_000 });
  const slow = ['', 'GET / HT', `GET / HTTP/1.1\r\nHost: 127.0.0.1:${hasty.port}\r\nX`].map((text) =>
    spoken(text, { port: hasty.port }),
  );
  expect((await fetch(hasty.url)).status).toBe(200);
  for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^(HTTP\/1\.1 408 .*)?/s);
  expect(Date.now() - begun).toBeGreaterThan(900);
  await hasty.close();
});

test('a client that does not read its answer holds up nobody, and one that leaves does no harm', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.pause();
  socket.write(`GET /large.wasm HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`);
  const other = await fetch(new URL('/large.wasm', server.url));
  expect((await other.arrayBuffer()).byteLength).toBe(LARGE);
  socket.destroy();
});

test('a file that is gone, or cut short while it is given, is no fault of the server', async () => {
  unlinkSync(at('gone.css'));
  const gone = await fetch(new URL('/gone.css', server.url));
  expect([gone.status, await gone.text()]).toEqual([404, 'The file at this address is no longer there.\n']);
  const answer = fetch(new URL('/large.wasm', server.url)).then((r) => r.arrayBuffer());
  truncateSync(at('large.wasm'), 10);
  // Whichever came first: all of it, ten bytes, or a broken connection; never a hang.
  await answer.then((bytes) => expect([10, LARGE]).toContain(bytes.byteLength), () => undefined); // prettier-ignore
  writeFileSync(at('large.wasm'), Buffer.alloc(LARGE, 7));
});

test('it listens on 127.0.0.1 alone', async () => {
  const other = Object.values(networkInterfaces()).flat().find((i) => i?.family === 'IPv4' && !i.internal)?.address; // prettier-ignore
  for (const host of ['127.0.0.2', ...(other ? [other] : [])])
    expect(await new Promise((done) => connect(server.port, host).on('error', (e: NodeJS.ErrnoException) => done(e.code)).on('connect', () => done('connected')))).toBe('ECONNREFUSED'); // prettier-ignore
});

test('a port that is taken is said to be', async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const { port } = other.address() as { port: number };
  expect(await refusal(startServer(new Map(), port))).toBe(
    `Port ${port} is taken by another program. Choose another \`port\`; 0 takes any that is free.`,
  );
  await new Promise((closed) => other.close(closed));
});

test('close ends it with connections open, and frees the port', async () => {
  const second = await startServer(new Map(), 0);
  const open = spoken('GET / HT', { port: second.port });
  await new Promise((next) => setTimeout(next, 50));
  await second.close();
  await open;
  await (await startServer(new Map(), second.port)).close();
});
