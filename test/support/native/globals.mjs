// '@jest/globals' for test files that node itself loads: variables, so that whoever imports them has those of the test file that is run just now.
export let describe, test, it, beforeAll, beforeEach, afterAll, afterEach, expect, jest;

/** Called before a test file is loaded. */
export const use = (globals) => void ({ describe, test, it, beforeAll, beforeEach, afterAll, afterEach, expect, jest } = globals);
