// Plug-ins of the command line: the files that --plugin names, and lan-onnx.config.{ts,mjs,js,json} of the working directory. They are code that the user runs.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LanError, messageOf } from '../core/errors.js';
import { checkPlugins, type PluginLike } from '../core/plugin.js';
import { readBytes, sha256 } from '../data/files.js';
import type { Io } from './io.js';

/** Looked for in the working directory, in no parent of it. */
export const CONFIGS = ['ts', 'mjs', 'js', 'json'].map((ending) => `lan-onnx.config.${ending}`);

/** What the options `plugin` and `config` say. */
export interface PluginArguments {
  readonly plugin?: readonly string[] | undefined;
  readonly config?: boolean | undefined;
}

/**
 * The plug-ins of a command, those of a config first, which is said once. Throws LanError (`plugin`) in one sentence for a file that is not there, that throws while it is
 * loaded, that exports no plug-in, or whose parts are not what they have to be.
 */
export async function loadPlugins({ plugin = [], config = true }: PluginArguments, io: Io): Promise<readonly PluginLike[]> {
  const plugins = [...(config ? await ofConfig(io) : [])];
  for (const path of plugin) plugins.push(...(await ofFile(path)));
  checkPlugins(plugins);
  return plugins;
}

async function ofConfig(io: Io): Promise<readonly PluginLike[]> {
  const found = CONFIGS.filter((name) => existsSync(name));
  if (found.length > 1)
    throw new LanError(
      'plugin',
      `There are ${found.join(' and ')} here, and it is not clear which one counts.`,
      'Keep one of them.',
    );
  const [name] = found;
  if (name === undefined) return [];
  const json = name.endsWith('.json');
  const said = json ? parsed(new TextDecoder().decode(await readBytes(name, 'Config')), name) : await defaultOf(name, 'Config');
  if (typeof said !== 'object' || said === null || Array.isArray(said))
    throw new LanError('plugin', `Config '${name}': expected an object such as { plugins: [...] }.`);
  const { plugins = [], ...others } = said as { readonly plugins?: unknown };
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new LanError('plugin', `Config '${name}': has a field '${other}' that no config has; expected plugins.`);
  if (!Array.isArray(plugins)) throw new LanError('plugin', `Config '${name}': expected 'plugins' to be a list.`);
  io.err(`note: plug-ins of ${name} are loaded; --no-config leaves them out\n`);
  const all: PluginLike[] = [];
  for (const one of plugins as readonly unknown[])
    if (typeof one === 'string') all.push(...(await ofFile(resolve(dirname(name), one), one)));
    else {
      checkPlugins([one]);
      all.push(json ? one as PluginLike : { ...(one as PluginLike), file: { path: name, sha256: sha256(await readBytes(name, 'Config')) } }); // prettier-ignore
    }
  return all;
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new LanError('plugin', `Config '${name}': is no JSON (${messageOf(error)}).`);
  }
}

/** The plug-in of a file, or several of them. */
export async function ofFile(path: string, shown = path): Promise<readonly PluginLike[]> {
  const said = await defaultOf(path, 'Plug-in', shown);
  const plugins = Array.isArray(said) ? (said as readonly unknown[]) : [said];
  try {
    checkPlugins(plugins);
  } catch (error) {
    throw error instanceof LanError ? new LanError('plugin', `${shown}: ${error.problem}`, error.advice) : error;
  }
  const file = { path: shown, sha256: sha256(await readBytes(path, 'Plug-in')) };
  return plugins.map((plugin) => ({ ...plugin, file }));
}

/** What a module exports by default. */
async function defaultOf(path: string, what: string, shown = path): Promise<unknown> {
  const where = `${what} '${shown}'`;
  if (!existsSync(path)) throw new LanError('plugin', `${where}: there is no such file.`);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw notLoaded(where, error);
  }
  if (module['default'] === undefined)
    throw new LanError('plugin', `${where}: has no default export.`, `End it with: export default ${what === 'Config' ? '{ plugins: [...] }' : 'definePlugin({ name: ... })'};`); // prettier-ignore
  return module['default'];
}

function notLoaded(where: string, error: unknown): LanError {
  const { code } = error as { readonly code?: unknown };
  const message = messageOf(error).split('\n')[0]!;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return new LanError(
      'plugin',
      `${where}: Node ${process.versions.node} cannot load this kind of file.`,
      'TypeScript takes Node 22.18 or newer; else give a .mjs file.',
    );
  const common = error instanceof SyntaxError && /^Unexpected token 'export'|^Cannot use import statement/.test(message);
  return new LanError(
    'plugin',
    `${where}: failed while it was loaded: ${message}${common ? '.' : ''}`,
    common
      ? 'A package.json near it says that such a file is CommonJS: give it the ending .mjs, or say "type": "module" there.'
      : undefined,
  );
}
