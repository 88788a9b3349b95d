// The garbage of this process, collected at once: what earlier test files have left would blur what one of them measures.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects everything that nobody holds any more. */
export const collectGarbage = runInNewContext('gc') as () => void;
