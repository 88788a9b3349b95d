// Contents by their hash: in a folder, over HTTP, cached; what is not what its name says is refused.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sha256 } from '../../src/data/files.js';
import { openCache } from '../../src/queue/cache.js';
import { pack, unpack } from '../../src/queue/parcel.js';
import { remote } from '../../src/queue/remote-store.js';
import { signedForS3 } from '../../src/queue/s3.js';
import { openStore } from '../../src/queue/store.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-store-'));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hash = sha256('hello');
let server: Server;
let address: string;
/** What it holds by path, and was asked. */
const held = new Map<string, Buffer>();
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url!;
      if (request.method === 'PUT') held.set(path, Buffer.concat(parts));
      else if (request.method === 'DELETE') held.delete(path);
      const content = held.get(path);
      response.statusCode = content || request.method === 'DELETE' ? 200 : 404;
      response.end(request.method === 'GET' ? content : undefined);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

test('a folder: in once, out as it was, refused where it was changed', async () => {
  const store = await openStore(join(folder, 'shared'));
  expect([await store.put(bytes('hello')), await store.put(bytes('hello'))]).toEqual([hash, hash]);
  expect(readdirSync(join(folder, 'shared'), { recursive: true })).toEqual(['2c', join('2c', hash)]);
  expect(Buffer.from(await store.get(hash)).toString()).toBe('hello');
  writeFileSync(join(folder, 'shared/2c', hash), 'jello');
  await expect(store.get(hash)).rejects.toThrow(`Store '${join(folder, 'shared')}': the content of 2cf24dba5fb0 is another one than its name says.`);
  await store.forget(hash);
  await expect(store.get(hash)).rejects.toThrow(/cannot be read \(no such file or folder\)/);
}); // prettier-ignore

test('HTTP: GET, HEAD, PUT and DELETE below the address, its query behind each, its password in a header alone', async () => {
  const store = await openStore(`http://me:pass@${address}/base/?sig=1`);
  expect(store.shown).toBe(`http://${address}/base`);
  expect(await store.put(bytes('hello'))).toBe(hash);
  expect(await store.put(bytes('hello'))).toBe(hash);
  expect(Buffer.from(await store.get(hash)).toString()).toBe('hello');
  held.set(`/base/2c/${hash}?sig=1`, Buffer.from('other'));
  await expect(store.get(hash)).rejects.toThrow('is another one than its name says');
  await store.forget(hash);
  await expect(store.get(hash)).rejects.toThrow(`Store 'http://${address}/base': has no content 2cf24dba5fb0 (404 Not Found).`);
  const auth = `Basic ${Buffer.from('me:pass').toString('base64')}`;
  expect(asked).toEqual(['HEAD', 'PUT', 'HEAD', 'GET', 'GET', 'DELETE', 'GET'].map((m) => `${m} /base/2c/${hash}?sig=1 ${auth}`));
});

test('HTTP: an answer that breaks off is thrown away and asked for again, and so is one of a server that fails', async () => {
  let times = 0;
  const flaky = createServer((_, response) => {
    times++;
    if (times === 1) {
      response.setHeader('content-length', 5);
      response.write('hel', () => response.destroy());
    } else {
      response.statusCode = times === 2 ? 503 : 200;
      response.end(times === 2 ? '' : 'hello');
    }
  }).listen(0, '127.0.0.1');
  await once(flaky, 'listening');
  const store = remote(`http://127.0.0.1:${(flaky.address() as AddressInfo).port}`, fetch, undefined, 10);
  expect(Buffer.from(await store.get(hash)).toString()).toBe('hello');
  expect(times).toBe(3);
  flaky.closeAllConnections();
  flaky.close();
}, 10_000);

/** The signature of a request as AWS describes version 4, from what came. */
function signatureOf(request: IncomingMessage, secret: string): string {
  const [, , date, region, service, signed] = /Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+)/.exec(request.headers.authorization!)!; // prettier-ignore
  const headers = signed!.split(';').map((name) => `${name}:${String(request.headers[name])}\n`).join(''); // prettier-ignore
  const canonical = [request.method, request.url, '', headers, signed, request.headers['x-amz-content-sha256']].join('\n');
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const key = [date!, region!, service!, 'aws4_request'].reduce<string | Buffer>((k, part) => hmac(k, part), `AWS4${secret}`);
  const scope = `${date}/${region}/${service}/aws4_request`;
  return hmac(key, ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, sha256(canonical)].join('\n')).toString('hex');
}

test('s3://: the same below an endpoint, each request signed with the keys of the environment', async () => {
  const seen: [string, boolean][] = [];
  const bucket = createServer((request, response) => {
    const given = /Signature=([0-9a-f]+)/.exec(request.headers.authorization ?? '')?.[1];
    seen.push([`${request.method} ${request.url}`, given === signatureOf(request, 'secret')]);
    request.resume().on('end', () => {
      response.statusCode = request.method === 'HEAD' ? 404 : 200;
      response.end(request.method === 'GET' ? 'hello' : undefined);
    });
  }).listen(0, '127.0.0.1');
  await once(bucket, 'listening');
  const endpoint = `http://127.0.0.1:${(bucket.address() as AddressInfo).port}/`;
  const keys = { AWS_ACCESS_KEY_ID: 'me', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-north-1', AWS_ENDPOINT_URL: endpoint };
  const store = remote(...(await signedForS3('s3://nightly/runs/', keys)));
  expect(store.shown).toBe('s3://nightly/runs');
  expect(await store.put(bytes('hello'))).toBe(hash);
  expect(Buffer.from(await store.get(hash)).toString()).toBe('hello');
  expect(seen).toEqual(['HEAD', 'PUT', 'GET'].map((m) => [`${m} /nightly/runs/2c/${hash}`, true]));
  expect((await signedForS3('s3://bbb/x', { ...keys, AWS_ENDPOINT_URL: '' }))[0]).toBe(
    'https://bbb.s3.eu-north-1.amazonaws.com/x',
  );
  await expect(signedForS3('s3://bbb/x', {})).rejects.toThrow('`store`: s3://bbb/x is signed for with keys that are not there. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.'); // prettier-ignore
  bucket.closeAllConnections();
  bucket.close();
});

test('what is no store is refused without its password', async () => {
  await expect(openStore('s3://key:secret@bucket/x')).rejects.toThrow(
    "`store`: expected s3://bucket or s3://bucket/prefix, received 's3://bucket/x'.",
  );
  await expect(openStore('ftp://key:secret@bucket/x')).rejects.toThrow(
    "`store`: expected a folder, or an address that begins with http://, https:// or s3://, received 'ftp://bucket/x'.",
  );
  await expect(openStore(join(folder, 'shared/2c', 'x\0y'))).rejects.toThrow(/Cannot write/);
});

test('a cache fetches once, checks what lies on the disk, and takes the least used away where it grows too large', async () => {
  const fetched: string[] = [];
  const contents = new Map(['a', 'b', 'hello'].map((text) => [sha256(text), bytes(text)]));
  const store = { shown: '', put: () => Promise.reject(new Error()), forget: () => Promise.resolve(), get: (name: string) => (fetched.push(name), Promise.resolve(contents.get(name)!)) }; // prettier-ignore
  const cache = await openCache(join(folder, 'cache'), store, 3);
  for (let i = 0; i < 2; i++) expect(Buffer.from(await cache.get(hash)).toString()).toBe('hello');
  expect(fetched).toEqual([hash]);
  writeFileSync(join(folder, 'cache', hash), 'jello');
  expect(Buffer.from(await cache.get(hash)).toString()).toBe('hello');
  expect(fetched).toEqual([hash, hash]);
  // The next one to be opened looks at how much there is.
  await (await openCache(join(folder, 'cache'), store, 3)).get(sha256('a'));
  expect(readdirSync(join(folder, 'cache'))).toEqual([sha256('a')]);
});

test('a parcel is what it was, the same each time; damage is an error', () => {
  const packed = pack({ about: { a: [1, null] }, parts: [bytes('x'), bytes(''), bytes('yz')] });
  expect(pack({ about: { a: [1, null] }, parts: [bytes('x'), bytes(''), bytes('yz')] })).toEqual(packed);
  const { about, parts } = unpack(packed, 'It');
  expect([about, parts.map((p) => Buffer.from(p).toString())]).toEqual([{ a: [1, null] }, ['x', '', 'yz']]);
  for (const broken of [packed.slice(0, -5), bytes('nothing'), new Uint8Array(0)])
    expect(() => unpack(broken, 'It')).toThrow(/^It: cannot be unpacked \(/);
});
