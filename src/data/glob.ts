// Patterns for paths, for shells that do not expand them and for patterns in quotes: *, ?, [abc], {a,b} and ** (folders at any depth).
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { isSystemFolder } from './find-images.js';

/** Whether a path holds a character that a pattern is made of. */
export const isPattern = (path: string): boolean => /[*?[{]/.test(path);

/** Patterns without braces: `{a,b}.png` is `a.png` and `b.png`. Braces that hold no comma, or do not close, stand for themselves. */
function alternatives(pattern: string): string[] {
  const found = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(pattern);
  if (!found) return [pattern];
  const [, before, inside, after] = found;
  return inside!.split(',').flatMap((choice) => alternatives(`${before}${choice}${after}`));
}

/** Does one name match one part of a pattern? A dot at the start is only matched by a dot. */
export function matchesPart(name: string, part: string): boolean {
  if (name.startsWith('.') && !part.startsWith('.')) return false;
  return matches([...name], tokensOf(part));
}

type Token = '*' | { readonly fits: (character: string) => boolean };

function tokensOf(part: string): Token[] {
  const characters = [...part];
  const tokens: Token[] = [];
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i]!;
    const end = c === '[' ? characters.indexOf(']', characters[i + 1] === '!' ? i + 3 : i + 2) : -1;
    if (c === '*') tokens.push('*');
    else if (c === '?') tokens.push({ fits: () => true });
    else if (end > 0) {
      tokens.push({ fits: classOf(characters.slice(i + 1, end)) });
      i = end;
    } else tokens.push({ fits: (other) => other === c });
  }
  return tokens;
}

/** The characters between brackets: single ones and ranges, all others behind an exclamation mark. */
function classOf(inside: readonly string[]): (character: string) => boolean {
  const negated = inside[0] === '!';
  const list = negated ? inside.slice(1) : inside;
  const ranges: [string, string][] = [];
  for (let i = 0; i < list.length; i++) {
    const isRange = list[i + 1] === '-' && i + 2 < list.length;
    ranges.push([list[i]!, list[isRange ? i + 2 : i]!]);
    if (isRange) i += 2;
  }
  return (c) => ranges.some(([low, high]) => c >= low && c <= high) !== negated;
}

/** Goes back to the last star only, so that no pattern takes more than name times pattern steps. */
function matches(name: readonly string[], tokens: readonly Token[]): boolean {
  let [n, t, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    const token = tokens[t];
    if (token === '*') [star, mark] = [t++, n];
    else if (token?.fits(name[n]!)) [n, t] = [n + 1, t + 1];
    else if (star >= 0) [t, n] = [star + 1, ++mark];
    else return false;
  }
  while (tokens[t] === '*') t++;
  return t === tokens.length;
}

/** What a part of a pattern has led to. */
interface Found {
  readonly path: string;
  readonly folder: boolean;
}

/**
 * Files and folders that match, links followed, in no particular order and each once. Folders of the system and hidden ones are not entered by `*` and
 * `**`, and `**` reads each real folder once, so that links make no loops. What cannot be read matches nothing.
 */
export async function glob(pattern: string): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (const plain of alternatives(pattern)) {
    const { root } = parse(plain);
    const parts = plain.slice(root.length).split('/').filter((p) => p !== '' && p !== '.'); // prettier-ignore
    const start: Found = { path: root === '' ? '' : root, folder: true };
    for (const match of await below(start, parts)) found.set(match.path, match);
  }
  return [...found.values()];
}

async function below(start: Found, parts: readonly string[]): Promise<Found[]> {
  let at: Found[] = [start];
  for (const part of parts) {
    const next: Found[] = [];
    for (const from of at) {
      if (!from.folder) continue;
      if (part === '**') next.push(...(await foldersBelow(from)));
      else if (isPattern(part)) next.push(...(await entries(from)).filter((e) => matchesPart(nameOf(e), part)));
      else next.push(...(await lookedAt(join(from.path, part))));
    }
    at = next;
  }
  return at;
}

const nameOf = ({ path }: Found): string => parse(path).base;

async function lookedAt(path: string): Promise<Found[]> {
  const status = await stat(path).catch(() => undefined);
  return status ? [{ path, folder: status.isDirectory() }] : [];
}

async function entries({ path }: Found): Promise<Found[]> {
  const names = await readdir(path === '' ? '.' : path).catch(() => []);
  const all = await Promise.all(names.map((name) => lookedAt(join(path, name))));
  return all.flat().filter((e) => !e.folder || !isSystemFolder(nameOf(e)));
}

/** The folder and all below it. */
async function foldersBelow(start: Found): Promise<Found[]> {
  const found: Found[] = [];
  const seen = new Set<string>();
  const pending = [start];
  for (let at = pending.pop(); at; at = pending.pop()) {
    const real = await realpath(at.path === '' ? '.' : at.path).catch(() => undefined);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    found.push(at);
    pending.push(...(await entries(at)).filter((e) => e.folder));
  }
  return found;
}
