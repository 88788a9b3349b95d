// The words and options of lan-onnx worker.
import type { Definition } from '../command.js';
import { number, TEXT, workers, seconds } from '../option.js';
import { queueOptions } from '../options.js';

/** lan-onnx worker. */
export const worker = {
  command: 'worker',
  describe: 'takes inputs of a queue (audit --queue) and explains them, on any number of machines',
  positionals: {},
  options: {
    queue: { ...queueOptions.queue, demandOption: true },
    store: { ...queueOptions.store, demandOption: true },
    cache: { ...TEXT, default: 'lan-onnx-cache', describe: 'folder of what was fetched from the store, kept from run to run' },
    'cache-size': { ...TEXT, coerce: number(0), default: '10', describe: 'gigabytes of it at most, about' },
    workers: {
      ...TEXT,
      coerce: workers,
      default: 'auto',
      describe: 'inputs at the same time, each in a process of one thread; auto: as many as there are cores',
    },
    rate: { ...TEXT, coerce: number(0), describe: 'inputs a second at most, of all workers of the queue together' },
    'lost-after': {
      ...TEXT,
      coerce: seconds,
      default: '30s',
      describe: 'a worker that is not heard from for so long is taken for dead, and its inputs are given to others',
    },
    timeout: { ...TEXT, coerce: seconds, default: '1h', describe: 'an input that takes longer has failed, and is tried again' },
    trust: { type: 'boolean', describe: 'run models without the trial in a child process' },
  },
  examples: [
    ['$0 worker --queue redis://host/nightly --store /shared/store', 'until it is told to stop'],
    ['REDIS_PASSWORD=... $0 worker --queue rediss://me@host/nightly --store https://host/store', 'over TLS, contents by HTTPS'],
  ],
  epilogue:
    'Ctrl-C and SIGTERM finish the inputs at hand and end with 0; a second one ends at once, and the inputs go to other workers. ' +
    'What a job says is checked: it names contents and numbers, never a path or a program.',
} as const satisfies Definition;
