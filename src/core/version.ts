// This package on disk: its version, for --version and reports, and the files that come with it.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** What is read of package.json. */
interface Manifest extends Readonly<
  Partial<Record<'dependencies' | 'optionalDependencies' | 'peerDependencies', Record<string, string>>>
> {
  readonly name?: string;
  readonly version?: string;
}

/** package.json lies above src/ as well as above dist/src/. */
function manifest(): { path: string; version?: string; json: Manifest } | undefined {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found = require(path) as Manifest;
      if (found.name === 'lan-onnx') return { path: require.resolve(path), version: found.version, json: found };
    } catch {
      // Not there: the other place.
    }
  }
  return undefined;
}

/** The package's version, from its package.json; 'unknown' where that is not there (bundled). */
export const version = (): string => manifest()?.version ?? 'unknown';

/** Where a file of the package lies; undefined where the package is not whole (bundled). */
export function packageFile(...parts: readonly string[]): string | undefined {
  const found = manifest();
  return found && join(dirname(found.path), ...parts);
}

/** The version of another package that this one was made with, as its package.json names it. */
export function madeWith(name: string): string | undefined {
  const { dependencies, optionalDependencies, peerDependencies } = manifest()?.json ?? {};
  return { ...peerDependencies, ...optionalDependencies, ...dependencies }[name];
}
