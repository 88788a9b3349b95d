// What runtimes say where they fail, as a person reads it.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { failureOf, inWords, reasonOf } from '../../src/engine/in-words.js';

test.each([
  ['failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc', 'memory', 'found no memory'],
  ['Non-zero status code returned while running Conv node. Status Message: Failed to allocate memory for requested buffer of size 68719476736', 'memory', 'found no memory'],
  ['WebGPU: failed to allocate a buffer', 'memory', 'found no memory'],
  ['Array buffer allocation failed', 'memory', 'found no memory'],
  ["Can't create a session. ERROR_CODE: 6, ERROR_MESSAGE: narrowing_error", 'memory', 'larger than onnxruntime can count'],
  ['Aborted(). Build with -sASSERTIONS for more info.', 'runtime', 'ended in WebAssembly'],
  ['5242880', 'runtime', 'stopped without saying why'],
] as const)('%s', (said, code, problem) => {
  const error = failureOf('onnxruntime refuses the model', new Error(said));
  expect(error).toMatchObject({ code, problem: expect.stringMatching(`^onnxruntime refuses the model: .*${problem}.*\\.$`) });
  // What to do is one sentence, and of the runtime's words none is left.
  expect(error.advice).toMatch(/^[A-Z][^.]*\.$/);
  expect(error.message).not.toMatch(/ERROR|std::|narrowing|Aborted|allocate|\d{5}/);
  expect(reasonOf(said)).toBe(inWords(said)!.problem);
}); // prettier-ignore

test('what a runtime says well is left as it is, its first line alone', () => {
  const said =
    "Non-zero status code returned while running Div node. Name:'y' Status Message: Integer division by zero\n  at run";
  expect(failureOf('onnxruntime', new Error(said))).toMatchObject({
    code: 'runtime',
    problem: `onnxruntime: ${said.split('\n')[0]}`,
  });
  expect(reasonOf(new Error(said))).toBe(said.split('\n')[0]);
  const own = new LanError('shape', 'x');
  expect(failureOf('onnxruntime', own)).toBe(own);
});
