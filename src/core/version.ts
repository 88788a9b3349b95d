// The version of this package, for --version and reports.
import { createRequire } from 'node:module';

/** Version in package.json, which lies above src/ as well as above dist/src/. */
export function version(): string {
  const require = createRequire(import.meta.url);
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found = require(path) as { name?: string; version?: string };
      if (found.name === 'lan-onnx') return found.version ?? 'unknown';
    } catch {
      // Not there: the other place.
    }
  }
  return 'unknown';
}
