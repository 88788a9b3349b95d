// What a refusal says.
import { LanError } from '../../src/core/errors.js';

/** The message of the LanError that a promise is rejected with; anything else fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('nothing was thrown'),
    (e: unknown) => e,
  );
  if (!(error instanceof LanError)) throw error;
  return error.message;
}
