// What a server that is there says no to: for a while, which is waited for and told, or for good, in a sentence.
import { LanError, messageOf } from '../core/errors.js';
import type { QueueAddress } from './address.js';

/** Why a server does something only later, by how its answer begins. */
const LATER: Readonly<Record<string, string>> = {
  OOM: 'its memory is used up (maxmemory)',
  MISCONF: 'it cannot write to its disk',
  LOADING: 'it is reading its data',
  READONLY: 'it is a replica, which nobody may write to',
  MASTERDOWN: 'it is a replica without its master',
  NOREPLICAS: 'its replicas are missing',
  CLUSTERDOWN: 'its cluster is down',
  TRYAGAIN: 'its cluster is moving data',
  BUSY: 'a script runs on it',
};

/** Milliseconds between two tries. */
const PAUSE = 1000;

/** Why this will be done later, in words; undefined for any other error. */
export function laterReason(error: unknown): string | undefined {
  const code = /(?:^|[ -])([A-Z]{3,})\b/.exec(messageOf(error))?.[1] ?? '';
  return isAnswer(error) ? LATER[code] : undefined;
}

/** An answer of the server, in place of a connection that is gone. */
const isAnswer = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** An answer of the server that is no for good as a LanError (`runtime`); any other error as it is. */
export function refusedBy({ shown }: QueueAddress, error: unknown): unknown {
  if (!isAnswer(error)) return error;
  const later = laterReason(error);
  return later === undefined
    ? new LanError('runtime', `Queue ${shown}: the server refuses what a queue asks for (${messageOf(error).split('\n')[0]}).`, 'May this user run scripts, and use all keys that begin with bull:?')
    : new LanError('runtime', `Queue ${shown}: the server takes nothing at the moment: ${later}.`, 'Try again once that is mended.');
} // prettier-ignore

/** Tells once that the server takes nothing, and once that it does again. */
export function tellOfRefusals({ shown }: QueueAddress, onNote: ((note: string) => void) | undefined) {
  let told = false;
  return {
    /** Gives whether it is to be tried again. */
    refused(error: unknown): boolean {
      const reason = laterReason(error);
      if (reason !== undefined && !told) onNote?.(`the queue ${shown} takes nothing: ${reason}; trying again until it does`);
      told ||= reason !== undefined;
      return reason !== undefined;
    },
    taken(): void {
      if (told) onNote?.(`the queue ${shown} takes jobs again`);
      told = false;
    },
  };
}

/** Does what the server may refuse for a while until it takes it. Throws LanError (`runtime`) for what it refuses for good. */
export function patiently(address: QueueAddress, onNote: ((note: string) => void) | undefined, signal?: AbortSignal) {
  const told = tellOfRefusals(address, onNote);
  return async <T>(ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const answer = await ask();
        told.taken();
        return answer;
      } catch (error) {
        if (signal?.aborted || !told.refused(error)) throw refusedBy(address, error);
        await new Promise((done) => setTimeout(done, PAUSE));
      }
    }
  };
}
