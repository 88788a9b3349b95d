// lan-onnx check MODEL...: do the converted graphs match onnxruntime on the original files?
import type { Argv, CommandModule } from 'yargs';
import { check, type CheckOptions } from '../check/check.js';
import { LanError, messageOf } from '../core/errors.js';
import { readBytes, writeAtomically } from '../data/files.js';
import { agreementText, markdown, suiteOf, type Outcome } from '../report/agreement.js';
import { checkDocument, knownFailures, parseBaseline, regressions, type Baseline } from '../report/baseline.js';
import { junit } from '../report/junit.js';
import { ioOf, progress, toJson, type Io } from './io.js';
import {
  cardOptions,
  engineOptions,
  jsonOption,
  hookPointOption,
  selectionOptions,
  seedOption,
  toNumber,
  toOpenOptions,
  toWhole,
  type SharedArguments,
} from './options.js';

interface Arguments extends SharedArguments {
  readonly models: readonly string[];
  readonly samples?: string;
  readonly image?: readonly string[];
  readonly tensor?: readonly string[];
  readonly edgeCases: boolean;
  readonly tolerance?: string;
  readonly gradients: boolean;
  readonly nodes: boolean;
  readonly bisect?: string;
  readonly junit?: string;
  readonly markdown?: string;
  readonly save?: string;
  readonly baseline?: string;
  readonly failFast: boolean;
  readonly seed: string;
  readonly json: boolean;
}

const INPUTS = 'Inputs:';
const RESULTS = 'Results:';

export const checkCommand: CommandModule<object, Arguments> = {
  command: 'check <models..>',
  describe: 'compare the converted graphs with onnxruntime on the original file: outputs, gradients, every value',
  builder: (y) =>
    y
      .positional('models', { type: 'string', array: true, demandOption: true, describe: '.onnx files or Hugging Face folders' })
      .options({
        tolerance: {
          type: 'string',
          requiresArg: true,
          describe: 'of outputs and values, relative to the largest (default 1e-4, of float16 models 5e-3)',
        },
        gradients: {
          type: 'boolean',
          default: true,
          describe: 'compare gradients too: engines with each other and with central differences; names the op that is wrong',
        },
        nodes: { type: 'boolean', default: false, describe: 'compare every intermediate value and name the first that diverges' },
        bisect: {
          type: 'string',
          requiresArg: true,
          describe: 'write the smallest sub-model that disagrees to this file, its tensors to test_data_set_0 beside it',
        },
        'fail-fast': { type: 'boolean', default: false, describe: 'stop at the first disagreement' },
        samples: {
          type: 'string',
          requiresArg: true,
          group: INPUTS,
          describe: 'random inputs per model (default 2; 0 where others are given)',
        },
        image: {
          type: 'string',
          array: true,
          requiresArg: true,
          group: INPUTS,
          describe: "pictures, put through the model's card",
        },
        tensor: {
          type: 'string',
          array: true,
          requiresArg: true,
          group: INPUTS,
          describe: 'inputs as .npy or .pb, or folders with input_0.pb, input_1.pb ...',
        },
        'edge-cases': {
          type: 'boolean',
          default: false,
          group: INPUTS,
          describe: 'outputs also at zeros, the ends of the range, a single element, a checkerboard',
        },
        junit: { type: 'string', requiresArg: true, group: RESULTS, describe: 'write the results as JUnit XML to this file' },
        markdown: { type: 'string', requiresArg: true, group: RESULTS, describe: 'write a table for pull requests to this file' },
        save: {
          type: 'string',
          requiresArg: true,
          group: RESULTS,
          describe: 'write the results as a baseline (JSON) to this file',
        },
        baseline: {
          type: 'string',
          requiresArg: true,
          group: RESULTS,
          describe: 'fail only where something is worse than in this file',
        },
        ...seedOption,
        ...jsonOption,
        ...engineOptions,
        ...cardOptions,
        feed: selectionOptions.feed,
        at: {
          ...hookPointOption.at,
          describe:
            'value inside the model at which gradients are compared (default: the float inputs, else the first float behind integers)',
        },
      })
      .example('$0 check model.onnx', 'outputs and gradients, on two random inputs')
      .example('$0 check models/*.onnx --nodes --junit results.xml', 'every value, for CI')
      .example('$0 check bert.onnx --shape input_ids=1,16', 'gradients at the embedding of the ids')
      .example('$0 check m.onnx --bisect case/model.onnx', 'the piece that disagrees')
      .epilogue(
        'Exits with 1 when something disagrees (with --baseline: is worse than before), with 2 when a model can not be read or run.',
      ) as unknown as Argv<Arguments>,
  async handler(argv) {
    await runCheck(argv, ioOf(argv));
  },
};

async function runCheck(argv: Arguments, io: Io): Promise<void> {
  const options = optionsOf(argv);
  if (argv.bisect !== undefined && argv.models.length > 1)
    throw new LanError('usage', `--bisect writes one file: give one model, received ${argv.models.length}.`);
  const baseline = argv.baseline === undefined ? undefined : await readBaseline(argv.baseline);
  const outcomes = await checkAll(argv, options, baseline, io);
  const worse = baseline && regressions(baseline, outcomes);
  for (const sentence of worse ?? []) if (!argv.json) io.out(`regression ${sentence}\n`);
  if (worse ? worse.length > 0 : outcomes.some((o) => o.result && !o.result.agrees)) io.exit(1);
  if (argv.json) io.out(toJson(checkDocument(outcomes, worse)));
  if (argv.save !== undefined) await writeAtomically(argv.save, toJson(checkDocument(outcomes)));
  if (argv.markdown !== undefined) await writeAtomically(argv.markdown, markdown(outcomes, worse));
  if (argv.junit !== undefined) {
    const suites = outcomes.map((o) => suiteOf(o, knownFailures(baseline, o.model)));
    const grown = worse?.length ? [{ name: 'baseline', seconds: 0, cases: worse.map((w) => ({ name: w, failure: w })) }] : [];
    await writeAtomically(argv.junit, junit([...suites, ...grown]));
  }
}

function optionsOf(argv: Arguments): CheckOptions {
  const inputs = [...(argv.image ?? []).map((image) => ({ image })), ...(argv.tensor ?? []).map((tensor) => ({ tensor }))];
  const least = inputs.length > 0 || argv.edgeCases ? 0 : 1;
  return {
    ...toOpenOptions(argv),
    ...(argv.samples === undefined ? {} : { samples: toWhole('--samples', argv.samples, least) }),
    ...(argv.tolerance === undefined ? {} : { tolerance: toNumber('--tolerance', argv.tolerance, 0) }),
    inputs,
    edgeCases: argv.edgeCases,
    seed: toWhole('--seed', argv.seed),
    gradients: argv.gradients,
    nodes: argv.nodes,
    bisect: argv.bisect,
    failFast: argv.failFast,
  };
}

const readBaseline = async (path: string): Promise<Baseline> =>
  parseBaseline(new TextDecoder().decode(await readBytes(path, 'Baseline')), path);

async function checkAll(argv: Arguments, options: CheckOptions, baseline: Baseline | undefined, io: Io): Promise<Outcome[]> {
  const line = progress(io);
  const outcomes: Outcome[] = [];
  for (const [i, model] of argv.models.entries()) {
    const subject = argv.models.length > 1 ? `[${i + 1}/${argv.models.length}] ${model}` : model;
    try {
      const result = await check(model, { ...options, onProgress: (doing) => line.say(subject, doing) });
      line.clear();
      outcomes.push({ model, result });
      if (!argv.json) io.out(agreementText(result, knownFailures(baseline, model)));
    } catch (error) {
      line.clear();
      if (!(error instanceof LanError)) throw error;
      // The other models are still worth checking: one unreadable file must not hide what they show.
      outcomes.push({ model, error: messageOf(error) });
      io.err(`lan-onnx: ${model}: ${messageOf(error)}\n`);
      io.exit(2);
    }
    const last = outcomes.at(-1)!;
    if (argv.failFast && (last.error !== undefined || !last.result!.agrees)) break;
  }
  return outcomes;
}
