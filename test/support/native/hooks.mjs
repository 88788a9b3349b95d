// How node finds and reads the modules of tests: the package's own are the built ones (build.cjs), test files keep their place beside their fixtures and are
// read as built, and '@jest/globals', which exists only in jest's sandbox, is globals.mjs.
import { existsSync, readFileSync } from 'node:fs';

const GLOBALS = new URL('./globals.mjs', import.meta.url).href;
const PACKAGE = ['src/', 'adapters/'];

/** URLs of the repository and of what was built of it, both with a slash at the end. */
let root;
let build;
export const initialize = (data) => void ({ root, build } = data);

const isTypeScript = (url) => url.startsWith(root) && url.endsWith('.ts') && !url.startsWith(build);
const builtOf = (url) => new URL(`${url.slice(root.length, -3)}.js`, build);

export function resolve(name, context, next) {
  if (name === '@jest/globals') return { url: GLOBALS, format: 'module', shortCircuit: true };
  if (name.startsWith('.') && context.parentURL && isTypeScript(context.parentURL)) {
    const url = new URL(name.replace(/\.js$/, '.ts'), context.parentURL).href;
    if (isTypeScript(url) && existsSync(builtOf(url))) {
      const own = PACKAGE.some((folder) => url.startsWith(root + folder));
      return { url: own ? builtOf(url).href : url, format: 'module', shortCircuit: true };
    }
  }
  return next(name, context);
}

export const load = (url, context, next) =>
  isTypeScript(url) ? { format: 'module', source: readFileSync(builtOf(url)), shortCircuit: true } : next(url, context);
