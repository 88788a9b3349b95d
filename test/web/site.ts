// The page's files behind a server as strict as `lan-onnx serve`, and a worker of the page to talk to.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { HEADERS } from '../../src/server/headers.js';
import type { FromWorker, ToWorker } from '../../web/app/protocol.js';

const root = resolve(import.meta.dirname, '../..');
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.css': 'text/css' }; // prettier-ignore
interface Builder {
  buildApp(folder: string, runtime?: string, webgpu?: boolean): Promise<string>;
  library(folder: string, external: readonly string[]): Promise<object>;
  written(output: object): Promise<void>;
}

/** A served folder. */
export interface Site {
  readonly url: string;
  close(): void;
}

/** Builds what runs in browsers, with the library as `/lan-onnx.js`, and serves it; `isolated`: with the headers that threads need; `webgpu`: with the builds that have it. */
export async function site(isolated = true, webgpu = false): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-site-'));
  const builder = (await import(join(root, 'web/build-app.js'))) as Builder;
  await builder.buildApp(folder, undefined, webgpu);
  await builder.written(await builder.library(folder, []));
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://x').pathname;
    const file = join(folder, path);
    const bare = path === '/';
    if (path === '/favicon.ico') return void response.writeHead(204).end();
    if (!bare && !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, {
      'content-type': TYPES[bare ? '.html' : extname(file)] ?? 'application/octet-stream',
      'content-security-policy': HEADERS['Content-Security-Policy'],
      ...(isolated ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } : {}),
    });
    response.end(bare ? '<!doctype html><title>bare</title>' : readFileSync(file));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A message with its arrays as base64, as it goes in and out of the browser. */
type Said<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/** A worker of the page. */
export interface Talk {
  /** Everything that it has said. */
  said(): Promise<FromWorker[]>;
  send(message: ToWorker): Promise<void>;
  /** The next message of one of these types, which counts as heard. Throws where it failed, unless that is waited for. */
  next<T extends FromWorker['type']>(...types: T[]): Promise<Said<T>>;
  end(): Promise<void>;
}

/** Arrays of bytes and numbers as what JSON can hold, and back; run here and in the browser. */
const packer = `({
  pack(value) {
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      let text = '';
      for (let i = 0; i < bytes.length; i += 16384) text += String.fromCharCode(...bytes.subarray(i, i + 16384));
      return { array: value.constructor.name, base64: btoa(text) };
    }
    if (Array.isArray(value)) return value.map((v) => this.pack(v));
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, this.pack(v)]));
    return value;
  },
  unpack(value) {
    if (Array.isArray(value)) return value.map((v) => this.unpack(v));
    if (value && typeof value === 'object') {
      if ('base64' in value) return new globalThis[value.array](Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer);
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, this.unpack(v)]));
    }
    return value;
  },
})`;
const here = globalThis.eval(packer) as { pack(value: unknown): unknown; unpack(value: unknown): unknown };
// Node's bytes are Buffers, which no browser knows.
const packed = (value: unknown): unknown => JSON.parse(JSON.stringify(here.pack(value)).replaceAll('"Buffer"', '"Uint8Array"'));

/** Starts a worker in the page, and waits until it is ready. */
export async function talkTo(page: Page): Promise<Talk> {
  await page.evaluate(`globalThis.packer = ${packer}; globalThis.heard = []; globalThis.waiting = undefined;
    globalThis.worker = new Worker('worker.js', { type: 'module' });
    const take = (m) => { heard.push(packer.pack(m)); waiting?.(); };
    worker.onmessage = ({ data }) => take(data);
    worker.onerror = (e) => take({ type: 'failed', during: 'open', code: 'crashed', problem: 'worker: ' + e.message });`);
  let at = 0;
  const talk: Talk = {
    said: async () => here.unpack(await page.evaluate('heard')) as FromWorker[],
    send: (message) => page.evaluate(([m]) => { const g = globalThis as never as { worker: { postMessage(message: unknown): void }; packer: typeof here }; g.worker.postMessage(g.packer.unpack(m)); }, [packed(message)]), // prettier-ignore
    async next(...types) {
      // What only a run that learns says: after its finding a test would wait for ever.
      const learning = types.every((type) => ['step', 'paused', 'resumed'].includes(type));
      for (;;) {
        const [index, message] = await page.evaluate<[number, unknown]>(
          `(async () => { for (let i = ${at}; ; i++) {
            while (heard.length <= i) await new Promise((heard) => (globalThis.waiting = heard));
            if (${JSON.stringify([...types, 'failed', ...(learning ? ['finding'] : [])])}.includes(heard[i].type)) return [i, heard[i]];
          } })()`,
        );
        at = index + 1;
        const said = here.unpack(message) as FromWorker;
        if (said.type === 'failed' && !(types as string[]).includes('failed'))
          throw new Error(`${said.during}: ${said.code}: ${said.problem} ${said.advice ?? ''}`);
        if (learning && said.type === 'finding') throw new Error(`The run ended before it said ${types.join(' or ')}.`);
        return said as Said<(typeof types)[number]>;
      }
    },
    end: () => page.evaluate('worker.terminate()'),
  };
  await talk.next('ready');
  return talk;
}
