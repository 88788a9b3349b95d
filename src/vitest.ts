// lan-onnx/vitest: the matcher `await expect('model.onnx').toMatchOnnxRuntime()`, and its type for vitest's `expect`.
import type { CheckOptions } from './check/check.js';
import { toMatchOnnxRuntime, type MatcherResult, type OnnxRuntimeMatchers } from './api/matcher.js';

export { toMatchOnnxRuntime, type MatcherResult };
export type { CheckOptions };

// vitest is not installed here: whoever imports this has it.
// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- there is nothing to expect where it is installed
/** @ts-ignore */
declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- merges with an interface of this parameter
  interface Matchers<T> extends OnnxRuntimeMatchers<void> {}
}
