// GET over https: redirects that end, proxies of the environment, and never plain http but to this machine.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { LanError, messageOf } from '../core/errors.js';

/** Redirects that are followed; content networks take one or two. */
const MOST_REDIRECTS = 5;
/** Milliseconds without a byte. */
const SILENCE = 30_000;

/** How a file is asked for. */
export interface Ask {
  /** The first byte that is wanted. */
  readonly from?: number;
  readonly signal?: AbortSignal | undefined;
  /** HTTPS_PROXY and NO_PROXY (also in lower case). Default: of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Opens `url` and follows redirects. The response is not read yet; its status is 200, 206 or 416. Throws LanError (`download`) for anything else. */
export async function open(url: string, ask: Ask = {}): Promise<IncomingMessage> {
  let at = checked(url, undefined);
  for (let redirects = 0; ; redirects++) {
    const response = await get(at, ask);
    const { statusCode: status = 0, headers } = response;
    if (status === 200 || status === 206 || status === 416) return response;
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined)
      throw new LanError('download', `${at.href}: the server answered ${status} ${response.statusMessage ?? ''}`.trimEnd() + '.'); // prettier-ignore
    if (redirects === MOST_REDIRECTS) throw new LanError('download', `${url}: leads on more than ${MOST_REDIRECTS} times.`);
    at = checked(new URL(headers.location, at).href, at);
  }
}

const isHere = ({ hostname }: URL): boolean => hostname === '127.0.0.1' || hostname === '[::1]' || hostname === 'localhost';

/** An address that may be asked: https, or this machine; from https there is no way to http. */
function checked(url: string, from: URL | undefined): URL {
  const at = URL.canParse(url) ? new URL(url) : undefined;
  const plain = at?.protocol === 'http:' && isHere(at) && from?.protocol !== 'https:';
  if (at && (at.protocol === 'https:' || plain)) return at;
  throw new LanError(
    'download',
    from ? `${from.href}: leads to ${url}, and only https is asked.` : `${url}: only https is asked.`,
  );
}

function get(url: URL, { from = 0, signal, env = process.env }: Ask): Promise<IncomingMessage> {
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'lan-onnx', ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => reject(signal?.aborted ? new LanError('interrupted', 'Interrupted.') : new LanError('download', `${url.href}: cannot be reached (${messageOf(error)}).`)); // prettier-ignore
    const send = (socket?: Socket): void => {
      const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const tunnel = socket ? { createConnection: () => tlsConnect({ socket, servername: url.hostname }) } : {};
      const asked = make(url, { headers, signal, ...tunnel }, resolve);
      asked.setTimeout(SILENCE, () => asked.destroy(new Error(`no answer for ${SILENCE / 1000} s`)));
      asked.on('error', failed);
      asked.end();
    };
    const proxy = proxyFor(url, env);
    if (!proxy) send();
    else through(proxy, url, signal).then(send, failed);
  });
}

/** A connection to the host of `url`, made by a proxy (RFC 9110, CONNECT). */
function through(proxy: URL, url: URL, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const target = `${url.hostname}:${url.port || 443}`;
    const credentials = proxy.username ? { 'proxy-authorization': `Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}` } : {}; // prettier-ignore
    const make = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
    const asked = make({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...credentials },
      signal,
    });
    asked.setTimeout(SILENCE, () => asked.destroy(new Error(`the proxy ${proxy.host} gave no answer for ${SILENCE / 1000} s`)));
    asked.on('connect', (response, socket) => {
      if (response.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new Error(`the proxy ${proxy.host} answered ${response.statusCode}`));
      }
    });
    asked.on('error', (error) => reject(new Error(`the proxy ${proxy.host}: ${error.message}`)));
    asked.end();
  });
}

/** The proxy that the environment names for an address; none for this machine and what NO_PROXY lists (names, `.ends`, `*`). */
export function proxyFor(url: URL, env: Readonly<Record<string, string | undefined>>): URL | undefined {
  const said = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined;
  const proxy = said('HTTPS_PROXY') ?? said('ALL_PROXY');
  if (proxy === undefined || url.protocol !== 'https:') return undefined;
  const spared = (said('NO_PROXY') ?? '').split(/[\s,]+/).filter((s) => s !== '');
  const { hostname, port } = url;
  const matches = (entry: string): boolean => {
    const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (only !== undefined && only !== (port || '443')) return false;
    const end = name.replace(/^\*?\./, '');
    return entry === '*' || hostname === end || hostname.endsWith(`.${end}`);
  };
  if (spared.some(matches)) return undefined;
  const parsed = URL.canParse(proxy) ? new URL(proxy) : new URL(`http://${proxy}`);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new LanError('download', `The proxy '${parsed.protocol}//${parsed.host}' is none that is known; http and https are.`);
  return parsed;
}
