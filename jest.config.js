// Models of tests are made by the tests: a process that tries each of them first would only cost time. test/model/trial.test.ts takes it back.
process.env.LAN_ONNX_TRUST ??= '1';
// Two workers on two cores: further threads would only wait for each other.
process.env.LAN_ONNX_THREADS ??= '1';
// A suite has a copy of the environment, which onnxruntime does not read.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

export default {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // TypeScript is built once, for all workers and the processes that tests start.
  globalSetup: '<rootDir>/test/support/native/build.cjs',
  globalTeardown: '<rootDir>/test/support/native/clean.cjs',
  // Test files are loaded by node itself, see there.
  runtime: '<rootDir>/test/support/native/runtime.cjs',
  transform: {},
  testSequencer: '<rootDir>/test/support/native/sequencer.cjs',
  setupFilesAfterEnv: ['./test/support/equal-arrays.ts'],
  // Slow checks have their own target, `make test-slow`, and so has what needs a browser, `make test-web`.
  testPathIgnorePatterns: [
    ...(process.env.LAN_ONNX_SLOW ? [] : ['<rootDir>/test/slow/']),
    ...(process.env.LAN_ONNX_WEB ? [] : ['<rootDir>/test/web/']),
    // They start the program many times, and Python; `make test-examples`.
    ...(process.env.LAN_ONNX_EXAMPLES ? [] : ['<rootDir>/test/examples/']),
    // Several processes each, and a Redis server; `make test-queue`.
    ...(process.env.LAN_ONNX_QUEUE ? [] : ['<rootDir>/test/redis/', '<rootDir>/test/workers/']),
    // It installs the package; `make test-package`.
    ...(process.env.LAN_ONNX_PACKAGE ? [] : ['<rootDir>/test/package/']),
  ],
  // One core less is jest's default, which leaves one of two idle.
  maxWorkers: 2,
  testTimeout: 60000,
};
