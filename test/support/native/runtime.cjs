// How jest loads a test file here: as node would, not into a sandbox. What test files share (the sources, tfjs, onnxruntime) is loaded once per worker
// and stays compiled, and every global is the process's own, which takes off a third of the time of all tests (docs/adr/0005). Everything else is jest's.
const { findSourceMap, register } = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { default: Runtime } = require('jest-runtime');

const beside = (file) => new URL(file, pathToFileURL(__filename)).href;

/** TypeScript, and '@jest/globals', for everything that this process imports from here on. */
const loaders = import('tsx/esm/api').then((tsx) => {
  tsx.register();
  register(beside('resolve-globals.mjs'));
  process.setSourceMapsEnabled(true);
});

/** The text of a stack, its lines being those of the TypeScript. */
function stackInSource(error, frames) {
  const lines = frames.map((frame) => {
    const file = frame.getFileName();
    const entry = file && findSourceMap(file)?.findEntry(frame.getLineNumber() - 1, frame.getColumnNumber() - 1);
    if (!entry?.originalSource) return frame.toString();
    const place = `${file.startsWith('file:') ? fileURLToPath(file) : file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    return frame.toString().replace(/(\()?[^ (]+:\d+:\d+(\)?)$/, `$1${place}$2`);
  });
  return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n');
}

module.exports = class NativeRuntime extends Runtime {
  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    await loaders;
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
    return require(path);
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
