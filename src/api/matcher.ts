// The matcher toMatchOnnxRuntime, for jest's and vitest's expect.extend; needs neither of them.
import type { CheckOptions } from '../check/check.js';
import { failureText } from '../report/agreement.js';
import { check } from './check.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** What a matcher gives back to `expect`. */
export interface MatcherResult {
  readonly pass: boolean;
  message(): string;
}

/** The matchers that lan-onnx/jest and lan-onnx/vitest add to an `expect` whose matchers return R. */
export interface OnnxRuntimeMatchers<R> {
  /** Does the model (a path, a folder or bytes) match onnxruntime on the original file? To be awaited. */
  toMatchOnnxRuntime(options?: CheckOptions): R extends void ? Promise<void> : R;
}

/**
 * Does a model (a path, a folder, or a file's bytes) match onnxruntime on the original, as `check` says? Its options are taken.
 * Rejects with a LanError where the model cannot be opened, which is not a disagreement: `.not` does not turn it into a pass.
 *
 * @example
 * expect.extend({ toMatchOnnxRuntime });
 * await expect('model.onnx').toMatchOnnxRuntime({ nodes: true });
 */
export async function toMatchOnnxRuntime(model: string | Uint8Array, options: CheckOptions = {}): Promise<MatcherResult> {
  refuseUnknown('toMatchOnnxRuntime', options, NAMES.check);
  const result = await check(model, options);
  const name = `'${result.model}'`;
  return {
    pass: result.agrees,
    message: () =>
      result.agrees
        ? `expected ${name} not to match onnxruntime, but it does`
        : `expected ${name} to match onnxruntime, but it does not:\n${failureText(result)}`,
  };
}
