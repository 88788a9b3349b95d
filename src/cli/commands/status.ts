// The words and options of lan-onnx status.
import type { Definition } from '../command.js';
import { TEXT } from '../option.js';
import { jsonOption, queueOptions, RESULTS } from '../options.js';

/** lan-onnx status. */
export const status = {
  command: 'status',
  describe: 'how far the runs of a queue are, who works on it, and which inputs were given up and why',
  positionals: {},
  options: {
    queue: { ...queueOptions.queue, demandOption: true },
    ...jsonOption,
    retry: { type: 'boolean', default: false, group: RESULTS, describe: 'put the inputs that were given up back into the queue' },
    remove: { ...TEXT, group: RESULTS, describe: 'take all jobs of this run out of the queue, where nobody will go on with it' },
    clear: { type: 'boolean', default: false, group: RESULTS, describe: 'forget the inputs that were given up' },
  },
  examples: [['$0 status --queue redis://host/nightly', 'progress, workers, dead letters']],
  epilogue: 'Exit code: 0, and 1 where inputs were given up.',
} as const satisfies Definition;
