// How jest loads a test file here: as node would, not into a sandbox. What test files share (the sources, tfjs, onnxruntime) is loaded once per worker
// and stays compiled, and every global is the process's own, which takes off a third of the time of all tests (docs/adr/0005). Everything else is jest's.
const asyncHooks = require('node:async_hooks');
const { findSourceMap, register } = require('node:module');
const { resolve } = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { default: Runtime } = require('jest-runtime');

const beside = (file) => new URL(file, pathToFileURL(__filename)).href;

const inFolder = (path) => pathToFileURL(`${path}/`).href;

let hooked = false;
/** TypeScript, and '@jest/globals', for everything that this process imports from here on. */
function hook() {
  if (hooked) return;
  hooked = true;
  const data = { root: inFolder(resolve(__filename, '../../../..')), build: inFolder(process.env.LAN_ONNX_TEST_BUILD) };
  register(beside('hooks.mjs'), { data });
  process.setSourceMapsEnabled(true);
}

/** The text of a stack, its lines being those of the TypeScript. */
function stackInSource(error, frames) {
  const lines = frames.map((frame) => {
    const file = frame.getFileName();
    const entry = file && findSourceMap(file)?.findEntry(frame.getLineNumber() - 1, frame.getColumnNumber() - 1);
    if (!entry?.originalSource) return frame.toString();
    // Test files are read under their own names, whose maps are relative to where they were built.
    const source = file.endsWith('.ts') ? file : entry.originalSource;
    const place = `${source.startsWith('file:') ? fileURLToPath(source) : source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    return frame.toString().replace(/(\()?[^ (]+:\d+:\d+(\)?)$/, `$1${place}$2`);
  });
  return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n');
}

/**
 * In place of the AsyncLocalStorage in which circus keeps the test that runs: tests run one after another, so it is one variable. The real one has node
 * call a hook at every promise, once for each test file that the worker has run.
 */
class OneAfterAnother {
  getStore() {
    return this.store;
  }

  run(store, callback) {
    const before = this.store;
    const restore = () => void (this.store = before);
    this.store = store;
    let result;
    try {
      result = callback();
    } catch (error) {
      restore();
      throw error;
    }
    if (typeof result?.then === 'function') return result.finally(restore);
    restore();
    return result;
  }
}

module.exports = class NativeRuntime extends Runtime {
  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    hook();
    const { use } = await import(beside('globals.mjs'));
    use(this.globals);
    // jest's own way knows only what jest has transformed.
    Error.prepareStackTrace = stackInSource;
    return import(pathToFileURL(path).href);
  }

  /** Circus, fresh for each test file: it keeps the tests of one file, and would hand its events on to what listened to the files before. */
  requireInternalModule(path) {
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
    delete require.cache[path];
    const { AsyncLocalStorage } = asyncHooks;
    asyncHooks.AsyncLocalStorage = OneAfterAnother;
    try {
      return require(path);
    } finally {
      asyncHooks.AsyncLocalStorage = AsyncLocalStorage;
    }
  }

  setGlobalsForRuntime(globals) {
    const { moduleMocker } = this._environment;
    const jest = { fn: moduleMocker.fn.bind(moduleMocker), spyOn: moduleMocker.spyOn.bind(moduleMocker) };
    this.globals = { ...globals, jest };
  }

  teardown() {
    this._environment.moduleMocker?.restoreAllMocks();
    super.teardown();
  }
};
