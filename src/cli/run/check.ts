// lan-onnx check MODEL...: do the converted graphs match onnxruntime on the original files?
import { checkMany, type CheckManyOptions } from '../../api/check-many.js';
import { LanError, messageOf } from '../../core/errors.js';
import { version } from '../../core/version.js';
import { readBytes, writeAtomically } from '../../data/files.js';
import { agreementText, markdown, suiteOf, type Outcome } from '../../report/agreement.js';
import { checkDocument, knownFailures, parseBaseline, regressions, type Baseline } from '../../report/baseline.js';
import { prepareResults } from '../../data/results.js';
import { checkReport } from '../../report/page/check.js';
import { reportPage } from '../../report/page/template.js';
import { junit } from '../../report/junit.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import { check as definition } from '../commands/check.js';
import { inFlags } from '../flags.js';
import { progress, type Io } from '../io.js';
import { openOptions } from '../model.js';
import { refusal } from '../option.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Compares each model and writes what was asked for; exits with 1 where something disagrees, 2 where a model cannot be read or run. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const options = optionsOf(argv);
  if (argv.bisect !== undefined && argv.models.length > 1)
    throw new LanError('usage', `--bisect writes one file: give one model, received ${argv.models.length}.`);
  // A baseline may be replaced by what is found now.
  await prepareResults(
    [argv.save, argv.markdown, argv.junit, argv.report, argv.bisect],
    [...argv.models, ...(argv.image ?? []), ...(argv.tensor ?? [])],
  );
  const baseline = argv.baseline === undefined ? undefined : await readBaseline(argv.baseline);
  const outcomes = await checkAll(argv, options, baseline, io);
  const worse = baseline && regressions(baseline, outcomes);
  for (const sentence of worse ?? []) if (!argv.json) io.out(`regression ${sentence}\n`);
  if (worse ? worse.length > 0 : outcomes.some((o) => o.result && !o.result.agrees)) io.exit(1);
  if (argv.json) io.out(toJson(checkDocument(outcomes, worse)));
  if (argv.save !== undefined) await writeAtomically(argv.save, toJson(checkDocument(outcomes)));
  if (argv.markdown !== undefined) await writeAtomically(argv.markdown, markdown(outcomes, worse));
  if (argv.report !== undefined) await writeAtomically(argv.report, await reportPage(checkReport(outcomes, version(), io.line)));
  if (argv.junit !== undefined) {
    const suites = outcomes.map((o) => suiteOf(o, knownFailures(baseline, o.model)));
    const grown = worse?.length ? [{ name: 'baseline', seconds: 0, cases: worse.map((w) => ({ name: w, failure: w })) }] : [];
    await writeAtomically(argv.junit, junit([...suites, ...grown]));
  }
}

function optionsOf(argv: Arguments): CheckManyOptions {
  const inputs = [...(argv.image ?? []).map((image) => ({ image })), ...(argv.tensor ?? []).map((tensor) => ({ tensor }))];
  if (argv.samples === 0 && inputs.length === 0 && !argv.edgeCases)
    throw refusal('--samples', 'a whole number of at least 1', '0');
  return {
    ...openOptions(argv),
    ...(argv.samples === undefined ? {} : { samples: argv.samples }),
    ...(argv.tolerance === undefined ? {} : { tolerance: argv.tolerance }),
    inputs,
    edgeCases: argv.edgeCases,
    seed: argv.seed,
    gradients: argv.gradients,
    nodes: argv.nodes,
    bisect: argv.bisect,
    failFast: argv.failFast,
    workers: argv.workers,
  };
}

const readBaseline = async (path: string): Promise<Baseline> =>
  parseBaseline(new TextDecoder().decode(await readBytes(path, 'Baseline')), path);

async function checkAll(argv: Arguments, options: CheckManyOptions, baseline: Baseline | undefined, io: Io): Promise<Outcome[]> {
  const line = progress(io);
  const outcomes: Outcome[] = [];
  const which = (model: string): string =>
    argv.models.length > 1 ? `[${argv.models.indexOf(model) + 1}/${argv.models.length}] ${model}` : model;
  const onProgress = (model: string, doing: string): void => line.say(which(model), doing);
  for await (const { model, result, error } of checkMany(argv.models, { ...options, onProgress })) {
    line.clear();
    if (result) {
      outcomes.push({ model, result });
      if (!argv.json) io.out(inFlags(agreementText(result, knownFailures(baseline, model)), { definition }));
    } else {
      // Whoever shows it names the model in front.
      const message = withoutName(model, inFlags(messageOf(error), { definition }));
      // The other models are still worth checking: one unreadable file must not hide what they show.
      outcomes.push({ model, error: message });
      io.err(`lan-onnx: ${model}: ${message}\n`);
      io.exit(2);
    }
    const last = outcomes.at(-1)!;
    if (argv.failFast && (last.error !== undefined || !last.result!.agrees)) break;
  }
  return outcomes;
}

/** A message without the name of the model that it begins with. */
function withoutName(model: string, message: string): string {
  const begin = [`${model}: `, `Model '${model}': `].find((b) => message.startsWith(b));
  return begin === undefined ? message : message.slice(begin.length);
}
