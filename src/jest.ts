// lan-onnx/jest: the matcher `await expect('model.onnx').toMatchOnnxRuntime()`, and its types for jest's two kinds of `expect`.
// Makes the module known that is augmented below; nothing of it is left at run time.
import type {} from 'expect';
import type { CheckOptions } from './check/check.js';
import { toMatchOnnxRuntime, type MatcherResult, type OnnxRuntimeMatchers } from './api/matcher.js';

export { toMatchOnnxRuntime, type MatcherResult };
export type { CheckOptions };

// import { expect } from '@jest/globals'
declare module 'expect' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- merges with an interface of these parameters
  interface Matchers<R extends void | Promise<void>, T = unknown> extends OnnxRuntimeMatchers<R> {}
}

// The global expect of @types/jest.
declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how @types/jest is extended
  namespace jest {
    // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- merges with an interface of these parameters
    interface Matchers<R, T = {}> extends OnnxRuntimeMatchers<R> {}
  }
}
