// What a plug-in may hold, by kind, and how rooms find what was plugged in for them. Each room has the type of its own kind; here only names are known.
import { LanError, messageOf } from './errors.js';

type Field = 'text' | 'function' | 'list' | 'object' | readonly string[];

/** Of each kind: what one is called, and the fields that it cannot be without. */
const KINDS = {
  ops: { one: 'op', fields: { op: 'text', versions: 'list', attributes: 'object' } },
  cases: { one: 'case', fields: { name: 'text', op: 'text', opset: undefined, inputs: 'list' } },
  preprocessing: { one: 'preprocessing', fields: { name: 'text', append: 'function' } },
  noise: { one: 'noise', fields: { name: 'text', create: 'function' } },
  outputLosses: { one: 'output loss', fields: { name: 'text', terms: 'function' } },
  maskNetworks: { one: 'mask network', fields: { name: 'text', create: 'function' } },
  metrics: { one: 'metric', fields: { name: 'text', better: ['higher', 'lower'], definition: 'text', measure: 'function' } },
  methods: { one: 'method', fields: { name: 'text', title: 'text', needs: 'text', attribute: 'function' } },
  reportSections: { one: 'report section', fields: { name: 'text', blocks: 'function' } },
  readers: { one: 'reader', fields: { name: 'text', reads: 'function', open: 'function' } },
} as const satisfies Record<string, { one: string; fields: Readonly<Record<string, Field | undefined>> }>;

/** What can be plugged in: `ops`, `noise` ... */
export type PluginKind = keyof typeof KINDS;

/** All of PluginKind. */
export const PLUGIN_KINDS = Object.keys(KINDS) as readonly PluginKind[];

/** A plug-in as it is passed on: its parts are known by name here, and by type to the room that uses them (see Plugin). */
export interface PluginLike extends Readonly<Partial<Record<PluginKind, readonly object[]>>> {
  /** What messages call it. */
  readonly name: string;
  /** May its parts have names of built-in ones, and take their places? Default: no, such a name is refused. */
  readonly override?: boolean;
  /** Where it was loaded from, by whoever did; an author leaves it out. */
  readonly file?: { readonly path: string; readonly sha256: string };
}

/** The name that a part is found by: `com.example.Bent` of an op, of a case its name behind the domain of its op, else its `name`. */
export function partName(kind: PluginKind, part: object): string {
  const { op, domain, name } = part as { readonly op: string; readonly domain?: string; readonly name: string };
  if (kind !== 'ops' && kind !== 'cases') return name;
  const own = kind === 'ops' ? op : name;
  return domain ? `${domain}.${own}` : own;
}

/**
 * Checks plug-ins by themselves and beside each other. Throws LanError (`plugin`) for the first field that is not what it has to be, and for two parts of one kind
 * and name. Parts of built-in names are refused by `withPlugged`, which knows those.
 */
export function checkPlugins(plugins: readonly unknown[]): asserts plugins is readonly PluginLike[] {
  if (!Array.isArray(plugins))
    throw new LanError('plugin', `\`plugins\`: expected a list of plug-ins, received ${shown(plugins)}.`);
  plugins.forEach(checkPlugin);
  const owners = new Map<string, string>();
  for (const plugin of plugins as readonly PluginLike[])
    for (const kind of PLUGIN_KINDS)
      for (const part of plugin[kind] ?? []) {
        const key = `${kind} ${partName(kind, part)}`;
        const owner = owners.get(key);
        if (owner !== undefined)
          throw new LanError(
            'plugin',
            `Plug-in '${plugin.name}': there are two ${KINDS[kind].one}s called '${partName(kind, part)}'${owner === plugin.name ? '' : `, the other is in plug-in '${owner}'`}.`,
            'Leave one of them out, or give it another name.',
          );
        owners.set(key, plugin.name);
      }
}

function checkPlugin(plugin: unknown, at: number): void {
  if (!isObject(plugin))
    throw new LanError('plugin', `Plug-in ${at}: expected an object { name, ops, ... }, received ${shown(plugin)}.`);
  const { name } = plugin;
  if (!isField(name, 'text'))
    throw new LanError('plugin', `Plug-in ${at}: expected 'name' to be a text, received ${shown(name)}.`);
  const where = `Plug-in '${name as string}'`;
  for (const [key, value] of Object.entries(plugin)) {
    if (key === 'name' || key === 'file' || value === undefined) continue;
    if (key === 'override') {
      if (typeof value !== 'boolean')
        throw new LanError('plugin', `${where}: expected 'override' to be true or false, received ${shown(value)}.`);
      continue;
    }
    if (key === 'customOpLibraries')
      throw new LanError(
        'plugin',
        `${where}: custom-op libraries cannot be loaded, since onnxruntime-node has no option for one.`,
        'Write their ops in standard ones, by `canonicalize` of an op of the plug-in (docs/plugins.md).',
      );
    if (!Object.hasOwn(KINDS, key))
      throw new LanError(
        'plugin',
        `${where}: has a field '${key}' that no plug-in has; expected some of ${PLUGIN_KINDS.join(', ')}.`,
      );
    if (!Array.isArray(value))
      throw new LanError('plugin', `${where}: expected '${key}' to be a list, received ${shown(value)}.`);
    value.forEach((part: unknown, i) => checkPart(part, key as PluginKind, `${where}: ${key}[${i}]`));
  }
}

function checkPart(part: unknown, kind: PluginKind, where: string): void {
  const { one, fields } = KINDS[kind];
  if (!isObject(part)) throw new LanError('plugin', `${where}: expected ${article(one)}, received ${shown(part)}.`);
  const name = part['name'] ?? part['op'];
  const which = isField(name, 'text') ? `${where} ('${name as string}')` : where;
  for (const [field, wanted] of Object.entries(fields) as [string, Field | undefined][])
    if (!isField(part[field], wanted))
      throw new LanError('plugin', `${which}: expected '${field}' to be ${words(wanted)}, received ${shown(part[field])}.`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isField(value: unknown, wanted: Field | undefined): boolean {
  if (wanted === undefined) return value !== undefined;
  if (typeof wanted !== 'string') return wanted.includes(value as string);
  if (wanted === 'text') return typeof value === 'string' && value.trim() !== '';
  return wanted === 'list' ? Array.isArray(value) : wanted === 'object' ? isObject(value) : typeof value === 'function';
}

const words = (wanted: Field | undefined): string =>
  wanted === undefined ? 'given' : typeof wanted === 'string' ? article(wanted) : wanted.join(' or ');
const article = (word: string): string => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;

/** A value for a message: what it is, and of texts and numbers what they say. */
function shown(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  return Array.isArray(value) ? 'a list' : article(typeof value);
}

/** What was plugged in of a kind. `T`: that kind's type, which checkPlugins has looked at by its fields. */
export const pluggedIn = <T extends object>(plugins: readonly PluginLike[] | undefined, kind: PluginKind): readonly T[] =>
  (plugins ?? []).flatMap((plugin) => (plugin[kind] ?? []) as readonly T[]);

/**
 * The built-in parts of a kind and those that were plugged in, which take the places of built-in ones of their names where their plug-in says `override`. Throws
 * LanError (`plugin`) where one has a built-in name without that.
 */
export function withPlugged<T extends object>(
  builtIn: readonly T[],
  plugins: readonly PluginLike[] | undefined,
  kind: PluginKind,
): readonly T[] {
  const parts = pluggedIn<T>(plugins, kind);
  if (parts.length === 0) return builtIn;
  const names = new Set(builtIn.map((part) => partName(kind, part)));
  for (const plugin of plugins!)
    for (const part of plugin[kind] ?? []) {
      const name = partName(kind, part);
      if (names.has(name) && plugin.override !== true)
        throw new LanError(
          'plugin',
          `Plug-in '${plugin.name}': there is a built-in ${KINDS[kind].one} '${name}'.`,
          'Give yours another name, or say `override: true` in the plug-in to put it in that place.',
        );
    }
  const own = new Set(parts.map((part) => partName(kind, part)));
  return [...builtIn.filter((part) => !own.has(partName(kind, part))), ...parts];
}

/** In one sentence a plug-in: what it is called and what it holds. */
export function describePlugin(plugin: PluginLike): string {
  const parts = PLUGIN_KINDS.flatMap((kind) => {
    const names = (plugin[kind] ?? []).map((part) => partName(kind, part));
    return names.length === 0 || kind === 'cases' ? [] : [`${KINDS[kind].one} ${names.join(', ')}`];
  });
  return `plug-in '${plugin.name}'${plugin.file ? ` of ${plugin.file.path}` : ''}: ${parts.join('; ') || 'holds nothing'}`;
}

/**
 * What tells plug-ins from others, for results that are kept and gone on from: what they hold, and the SHA-256 of the files that they were loaded from (what those
 * import does not count). Undefined for none, so that nothing is said of them.
 */
export const pluginIdentity = (
  plugins: readonly PluginLike[],
): readonly (readonly [holds: string, sha256?: string])[] | undefined =>
  plugins.length === 0 ? undefined : plugins.map((plugin) => [describePlugin(plugin), plugin.file?.sha256]);

/** What a plug-in's function threw, as an error that names the part: a fault in it is not one of this package. A LanError stays as it is. */
export const faultOf = (kind: PluginKind, name: string, error: unknown): LanError =>
  error instanceof LanError
    ? error
    : new LanError('plugin', `The ${KINDS[kind].one} '${name}' of a plug-in failed: ${messageOf(error).split('\n')[0]!}`);

/** What a plug-in's function gives, at once. Throws as faultOf. */
export function ofPlugin<T>(kind: PluginKind, name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw faultOf(kind, name, error);
  }
}

/** That something which a plug-in gave is what it has to be. Throws LanError (`plugin`) where not: `wanted` is the end of "expected it to give ...". */
export function requireOf(kind: PluginKind, name: string, holds: boolean, wanted: string): void {
  if (!holds) throw new LanError('plugin', `The ${KINDS[kind].one} '${name}' of a plug-in: expected it to give ${wanted}.`);
}
