// A server for one person at this machine: it listens on 127.0.0.1, gives out a fixed list of files, and to everything else says no in a sentence.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { LanError, messageOf } from '../core/errors.js';
import { codeOf } from '../data/files.js';
import { HEADERS } from './headers.js';
import type { Resource, Site } from './site.js';

/** A server that runs. */
export interface Running {
  readonly port: number;
  /** `http://127.0.0.1:4173/`. */
  readonly url: string;
  /** Ends it: no new connections, and those that are open are closed. Settles when the port is free. */
  close(): Promise<void>;
}

/** The only address that is listened on: nothing outside this machine reaches it. */
export const HOST = '127.0.0.1';

/** Milliseconds for which a client may be silent in the middle of an answer. */
const SILENT_FOR = 30_000;
/** Connections at once; a browser opens six. */
const CONNECTIONS = 256;

/**
 * Starts to listen on `port` (0: any that is free). `patience`: milliseconds that a client may take for its headers. Throws LanError (`usage`) where the port is taken or may not be used.
 */
export async function startServer(site: Site, port: number, { patience = 5_000 } = {}): Promise<Running> {
  const names = new Set<string>();
  const server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout: patience,
      requestTimeout: 2 * patience,
      keepAliveTimeout: patience,
      connectionsCheckingInterval: patience / 5,
    },
    (request, response) => void answer(request, response, site, names).catch(() => response.destroy()),
  );
  server.maxConnections = CONNECTIONS;
  server.timeout = SILENT_FOR;
  // Who announces a body is told at once that none is wanted.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => say(request, response, 405, NO_BODY));
  server.on('clientError', (_error, socket) => badRequest(socket as Socket));
  await new Promise<void>((listening, failed) => {
    server.once('error', (error) => failed(refusal(port, error)));
    server.listen(port, HOST, listening);
  });
  // A fault of one connection is no fault of the server.
  server.on('error', () => undefined);
  const { port: bound } = server.address() as AddressInfo;
  for (const name of [HOST, 'localhost']) for (const end of bound === 80 ? ['', ':80'] : [`:${bound}`]) names.add(name + end);
  return {
    port: bound,
    url: `http://${HOST}:${bound}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function refusal(port: number, error: unknown): LanError {
  const code = codeOf(error);
  if (code === 'EADDRINUSE')
    return new LanError('usage', `Port ${port} is taken by another program.`, 'Choose another `port`; 0 takes any that is free.');
  if (code === 'EACCES')
    return new LanError('usage', `Port ${port} may not be used by this user.`, 'Choose a `port` of at least 1024.');
  return new LanError('usage', `Cannot listen on port ${port}: ${messageOf(error)}.`);
}

const NO_BODY = 'Only GET and HEAD are answered here.';

/** Answers one request. `names` are those that this server goes by, as Host headers have them. */
async function answer(request: IncomingMessage, response: ServerResponse, site: Site, names: ReadonlySet<string>): Promise<void> {
  const host = request.headers.host?.toLowerCase();
  // A page of another name that was made to point here (DNS rebinding) would otherwise count as of one origin with this.
  if (host === undefined || !names.has(host))
    return say(request, response, 403, 'This server is called 127.0.0.1 and localhost, and answers to no other name.');
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(request, response, 405, NO_BODY);
  const resource = site.get((request.url ?? '').replace(/[?#].*$/s, ''));
  if (resource === undefined) return say(request, response, 404, 'There is nothing at this address.');
  if ('bytes' in resource.body) {
    begin(response, 200, resource, resource.body.bytes.length);
    response.end(request.method === 'HEAD' ? undefined : resource.body.bytes);
    return;
  }
  const file = await open(resource.body.path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return say(request, response, 404, 'The file at this address is no longer there.');
  try {
    await giveFile(request, response, resource, file);
  } finally {
    await file.close();
  }
}

async function giveFile(request: IncomingMessage, response: ServerResponse, resource: Resource, file: FileHandle): Promise<void> {
  const status = await file.stat();
  if (!status.isFile()) return say(request, response, 404, 'The file at this address is no longer there.');
  const tag = `"${status.size.toString(36)}-${Math.round(status.mtimeMs).toString(36)}"`;
  if (resource.keep) {
    response.setHeader('ETag', tag);
    if (request.headers['if-none-match'] === tag) {
      begin(response, 304, resource);
      response.end();
      return;
    }
  }
  begin(response, 200, resource, status.size);
  if (request.method === 'HEAD' || status.size === 0) {
    response.end();
    return;
  }
  const bytes = file.createReadStream({ autoClose: false, start: 0, end: status.size - 1 });
  await pipeline(bytes, response, { end: false });
  // A file that was cut short meanwhile: what was promised cannot be given.
  if (bytes.bytesRead < status.size) response.destroy();
  else response.end();
}

function begin(response: ServerResponse, status: number, { type, keep }: Resource, length?: number): void {
  response.writeHead(status, {
    ...HEADERS,
    'Cache-Control': keep ? 'no-cache' : 'no-store',
    'Content-Type': type,
    ...(length === undefined ? {} : { 'Content-Length': length }),
  });
}

/** A refusal in words. The connection ends with it where a body may follow, which nobody reads. */
function say(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  const bytes = Buffer.from(`${text}\n`);
  response.writeHead(status, {
    ...HEADERS,
    'Cache-Control': 'no-store',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': bytes.length,
    ...(status === 405 ? { Allow: 'GET, HEAD', Connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** What is no HTTP. */
function badRequest(socket: Socket): void {
  const headers = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable)
    socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n${headers.join('')}\r\n`);
  // Who does not take even that is let go.
  socket.setTimeout(1_000, () => socket.destroy());
}
