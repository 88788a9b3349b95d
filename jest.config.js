// Native ES modules under jest (npm test passes --experimental-vm-modules); swc strips the types.
// Models of tests are made by the tests: a process that tries each of them first would only cost time. test/model/trial.test.ts takes it back.
process.env.LAN_ONNX_TRUST ??= '1';
// Two workers on two cores: further threads would only wait for each other.
process.env.LAN_ONNX_THREADS ??= '1';

export default {
  testEnvironment: './src/jest-environment.cjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      './test/support/transform.cjs',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  setupFilesAfterEnv: ['./test/support/equal-arrays.ts'],
  // The same for packages in CommonJS, tfjs foremost (see transform.cjs).
  sandboxInjectedGlobals: ['Math'],
  // Slow checks have their own target, `make test-slow`.
  testPathIgnorePatterns: process.env.LAN_ONNX_SLOW ? [] : ['<rootDir>/test/slow/'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  // One core less is jest's default, which leaves one of two idle.
  maxWorkers: 2,
  testTimeout: 60000,
};
