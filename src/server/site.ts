// What the server has to give: a fixed list of addresses, each with the one file behind it. No request is ever turned into a path.
import { readdir } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LanError } from '../core/errors.js';
import { packageFile } from '../core/version.js';

/** One thing that is given out: a file, or bytes made beforehand. */
export interface Resource {
  readonly type: string;
  readonly body: { readonly path: string } | { readonly bytes: Uint8Array };
  /** May a browser keep it, asking each time whether it is still the same? What was given on the command line is not kept. */
  readonly keep: boolean;
}

/** Resources by the path of their address: `/app.js`. */
export type Site = ReadonlyMap<string, Resource>;

/** The kinds of files that the built page is made of; any other is not given out. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** The content type by the end of a name; undefined of what is not given out. */
export const typeOf = (name: string): string | undefined => TYPES[extname(name)];

/** The files of the built page in `folder`, its index.html at `/`. */
export async function siteOf(folder: string): Promise<Site> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const site = new Map<string, Resource>();
  for (const entry of entries) {
    const type = typeOf(entry.name);
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const address = path.slice(folder.length).split(sep).join('/');
    site.set(encodeURI(address), { type, body: { path }, keep: true });
  }
  const index = site.get('/index.html');
  if (index) site.set('/', index);
  return site;
}

/**
 * The built page, which comes with the package. In the source tree it is built by what the tree has, where it is not there yet. Throws LanError (`runtime`) where
 * the package is not whole.
 */
export async function builtSite(): Promise<Site> {
  const [folder, builder] = [packageFile('dist', 'web-app'), packageFile('web', 'build-app.js')];
  if (folder === undefined || builder === undefined) throw missing();
  const built = await siteOf(folder).catch(() => new Map<string, Resource>());
  if (built.has('/')) return built;
  const made = (await import(pathToFileURL(builder).href).catch(() => undefined)) as Builder | undefined;
  if (!made) throw missing();
  return siteOf(await made.buildApp());
}

interface Builder {
  /** Builds the page and gives its folder. */
  buildApp(): Promise<string>;
}

const missing = (): LanError =>
  new LanError('runtime', 'The page, dist/web-app, is missing from this installation of lan-onnx.', 'Install it again.');
