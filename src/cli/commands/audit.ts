// The words and options of lan-onnx audit.
import { METHODS } from '../../attribution/names.js';
import { FINDS, type Find } from '../../lan/choices.js';
import { FINDING_NAMES } from '../../report/finding-names.js';
import type { Definition } from '../command.js';
import { each, methodNames, number, TEXT, TEXTS, whole, seconds, workers } from '../option.js';
import { explainedInputs, explainOptions, MASK, namedInputs, namedNeeds } from '../mask-options.js';
import { EVIDENCE, INPUTS, MODEL_ARGUMENT, modelOptions, QUEUE, queueOptions, RESULTS, under } from '../options.js';

/** `auto` by itself, or numbers. */
const betas = (texts: readonly string[]): number[] | 'auto' =>
  texts.length === 1 && texts[0] === 'auto' ? 'auto' : each(number(0))(texts);

/** lan-onnx audit. */
export const audit = {
  command: 'audit <model>',
  describe: 'which parts of an input the classifier needed, with evidence',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...explainedInputs,
    ...namedInputs,
    ...under(INPUTS, {
      data: {
        ...TEXT,
        describe: 'a dataset in place of them: folder of pictures, IDX (MNIST), CIFAR .bin, .csv or .jsonl (path,label), or .npy',
      },
      split: { ...TEXT, describe: 'of the data: train, test or val, where it has several (default: test)' },
      limit: { ...TEXT, coerce: whole(1), describe: 'of the data at most so many samples, drawn by --seed (default: all)' },
      'ground-truth': {
        ...TEXT,
        describe:
          'what a person has marked as needed: a picture, an .npy file, or a folder with a file of each name; measures how far the mask points there',
      },
    }),
    ...under(RESULTS, {
      out: { ...TEXT, default: 'lan-onnx-out', describe: 'folder for the results, one folder an input' },
      'fail-on': {
        ...TEXTS,
        describe: `exit with 1 where this holds of an input: 'replaceable<0.5'; metrics: ${FINDING_NAMES.join(', ')}, or a plug-in's; or 'sanity': the self-deception battery failed`,
      },
      junit: { ...TEXT, describe: 'JUnit file to write: a test an input, failed by --fail-on' },
      strict: {
        type: 'boolean',
        default: false,
        describe: 'end at the first input that cannot be explained (default: name it, go on, and exit with 2)',
      },
      resume: {
        type: 'boolean',
        default: false,
        describe: 'take what an earlier run in --out has finished for the same model, options and inputs, and make the rest',
      },
    }),
    method: {
      ...TEXT,
      group: MASK,
      describe: `another method in place of a learned mask, measured in the same way: one of ${METHODS.join(', ')}, or a plug-in's`,
    },
    lan: {
      ...TEXT,
      library: ['explainer'],
      group: MASK,
      describe: 'an explainer that lan-onnx train has written; it gives the masks at once',
    },
    find: {
      type: 'string',
      choices: FINDS,
      default: 'keep' as Find,
      requiresArg: true,
      group: MASK,
      describe: 'keep: the smallest part that is enough; delete: the smallest part whose loss changes the answer',
    },
    keep: {
      ...TEXT,
      coerce: number(0),
      group: MASK,
      describe:
        'how often the answer is to be kept (0.95), in place of --beta or with --beta auto; as much is replaced as that allows',
    },
    iterations: { ...TEXT, coerce: whole(1), group: MASK, describe: 'steps at most (default: 200; of soft masks 500)' },
    'learning-rate': { ...TEXT, coerce: number(0), group: MASK, describe: 'of Adam (default: 0.2)' },
    'start-from': {
      ...TEXT,
      group: MASK,
      describe: 'an earlier mask of the same input to go on from, in half the steps: order.npy, or --out of an earlier run',
    },
    sharpen: {
      ...TEXT,
      coerce: number(0),
      group: MASK,
      describe: 'sharpen an unsure answer until its top class has this probability in the target (default: 0.9; 0: never)',
    },
    quick: {
      type: 'boolean',
      default: false,
      group: MASK,
      describe: 'a first look, as --preset quick: a quarter of the steps, 64 draws of evidence and no further figures',
    },
    budget: {
      ...TEXT,
      coerce: seconds,
      group: MASK,
      describe: 'time for each mask and its evidence: 30s, 5m (default: as long as it takes)',
    },
    ...explainOptions,
    beta: {
      ...explainOptions.beta,
      coerce: betas,
      describe:
        'weight of the mask mean (Eq. 4); several give several masks; auto: a path of them, and the one that goes furthest (default: 1.5 ln of the number of classes)',
    },
    ...under(EVIDENCE, {
      compare: {
        ...TEXTS,
        coerce: methodNames,
        describe:
          'other methods beside the mask, behind commas or blanks, on the same noise and draws: their maps and claims in report.html and audit.json (default: none)',
      },
      sanity: {
        type: 'boolean',
        default: false,
        describe:
          'the whole self-deception battery: other seeds, noise and inputs, shuffled weights; takes about ten times as long',
      },
    }),
    workers: {
      ...TEXT,
      coerce: workers,
      default: 'auto',
      describe:
        'processes of one thread each; auto: from 8 inputs on as many as there are cores, or this one on all cores, whichever is measured to be faster',
    },
    ...under(QUEUE, {
      ...queueOptions,
      priority: { ...TEXT, coerce: whole(1), describe: '1 goes first; none goes before all that have one' },
      attempts: { ...TEXT, coerce: whole(1), describe: 'how often an input is tried before it is given up (default: 3)' },
      backoff: { ...TEXT, coerce: seconds, describe: 'time before the second try, each further one twice as long (default: 1s)' },
    }),
    engine: {
      ...modelOptions.engine,
      choices: [...modelOptions.engine.choices, 'forward'] as const,
      describe: 'what computes gradients; forward: nothing does, the mask is learned from answers alone (trees)',
    },
  },
  needs: {
    ...namedNeeds(['image', 'data'], ['tensor', 'data']),
    colormap: { about: 'pictures', given: ['image', 'tensor', 'data'] },
    split: { about: 'a dataset', given: ['data'] },
    limit: { about: 'a dataset', given: ['data'] },
    store: { about: 'a queue', given: ['queue'] },
    priority: { about: 'a queue', given: ['queue'] },
    attempts: { about: 'a queue', given: ['queue'] },
    backoff: { about: 'a queue', given: ['queue'] },
  },
  examples: [
    ['$0 audit squeezenet1.1.onnx --image cat.jpg', 'a mask, evidence and pictures'],
    ['$0 audit m.onnx --image photos/ --beta 1.5 3 5', 'three masks for each picture in a folder'],
    ['$0 audit bert/ --text "not a bad film"', 'a text, by the tokenizer in the folder of the model'],
    ['$0 audit forest.onnx --csv rows.csv --row 3', 'a row of a table'],
    ['$0 audit m.onnx --image cat.jpg --find delete', 'the smallest part whose loss changes the answer'],
    ['$0 audit m.onnx --image photos/ --queue redis://host/nightly --store /shared/store', 'by lan-onnx worker on many machines'],
    ["$0 audit m.onnx --data cifar/ --limit 200 --fail-on 'replaceable<0.5' --junit audit.xml", 'a dataset, for CI'],
  ],
  epilogue:
    'Exit code: 0 all inputs were explained, 1 --fail-on found one, 2 some were not (each is named with the reason, the others are written) or nothing could be done. ' +
    'Ctrl-C keeps what is done: the mask learned so far is measured and written, the exit code is 2, and --resume goes on with the next input.',
} as const satisfies Definition;
