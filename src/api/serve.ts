// serve(): the page in which a person drops a model and a picture and watches attention form, on an address of this machine alone.
import { spawn } from 'node:child_process';
import { LanError } from '../core/errors.js';
import { madeWith } from '../core/version.js';
import { givenSite, type GivenOptions } from '../server/given.js';
import { startServer, type Running } from '../server/server.js';
import { builtSite } from '../server/site.js';
import { webgpuSite } from '../server/webgpu.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** What is served, and where. */
export interface ServeOptions extends GivenOptions {
  /** 0 takes any that is free. Default: 8020. */
  readonly port?: number;
  /** Opens the address in the browser of this machine's user. */
  readonly open?: boolean;
  /** Is learning tried on WebGPU? It needs onnxruntime-web beside this package. Default: where that is there. */
  readonly webgpu?: boolean;
  /** Told what there is to know: that no browser could be opened. */
  readonly onNote?: (note: string) => void;
}

/** A page that is being served. */
export interface Served {
  /** Where the page is. Of a model or picture that was given, the part behind `#` is the key to them. */
  readonly url: string;
  readonly port: number;
  /** Ends it; settles when the port is free. */
  close(): Promise<void>;
}

/** The port where none is given. */
export const DEFAULT_PORT = 8020;

/**
 * Serves the page on 127.0.0.1. Models and pictures are read and explained in the browser; nothing is sent anywhere. Throws LanError: `usage` for a port that is taken or
 * impossible, `install` for a `webgpu` that is not installed, what readModel throws for a model that is none, `data` for a picture or card that cannot be read, `runtime` where the package is not whole.
 *
 * @example
 * const page = await serve({ model: 'squeezenet1.1.onnx', image: 'dog.jpg', port: 0 });
 * console.log(page.url);
 * await page.close();
 */
export async function serve(options: ServeOptions = {}): Promise<Served> {
  refuseUnknown('serve', options, NAMES.serve);
  const { port = DEFAULT_PORT, open = false, webgpu, onNote, ...named } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new LanError('usage', `\`port\`: expected a whole number of 0 to 65535, received ${port}.`);
  const given = await givenSite(named);
  const gpu = webgpuSite(webgpu, madeWith('onnxruntime-web') ?? 'of the same version');
  const running: Running = await startServer(new Map([...(await builtSite()), ...gpu, ...given.site]), port);
  const url = running.url + (given.token === '' ? '' : `#given=${given.token}`);
  if (open) openBrowser(url, () => onNote?.(`no browser could be started; open ${url} in one`));
  return { url, port: running.port, close: () => running.close() };
}

/** How each system opens an address. */
const OPENERS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

function openBrowser(url: string, failed: () => void): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.once('error', failed);
  child.once('exit', (code) => code !== 0 && failed());
  child.unref();
}
