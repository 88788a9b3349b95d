// This package on disk: its version, for --version and reports, and the files that come with it.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** package.json lies above src/ as well as above dist/src/. */
function manifest(): { path: string; version?: string } | undefined {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found = require(path) as { name?: string; version?: string };
      if (found.name === 'lan-onnx') return { path: require.resolve(path), version: found.version };
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
