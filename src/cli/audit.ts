// lan-onnx audit MODEL --image F: learns which parts of an input the classifier needed, and measures the claim.
import { basename, join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { featureMap } from '../model/feature-map.js';
import { openModel, type Classifier } from '../model/open.js';
import { LanError } from '../core/errors.js';
import { ensureWritable, readBytes } from '../data/files.js';
import { readVocabulary } from '../data/vocabulary.js';
import { createAuditor, type AuditResult } from '../explain/audit.js';
import { bootstrapSamples } from '../explain/bootstrap-noise.js';
import { openExplainer, type OpenedExplainer } from '../explain/explainer.js';
import { bootstrapPath, NOISE_HELP } from '../lan/noise.js';
import { writeAudit } from '../report/audit-files.js';
import { claims, partOf } from '../report/claims.js';
import { needed, tokenMasks, tokensOf, unknownToken, type Tokens } from '../report/tokens.js';
import { readInputs, shapeOfFirst, type AuditInput } from './audit-inputs.js';
import { progressBar } from './bar.js';
import { interruptible, ioOf, toJson, usage, type Io } from './io.js';
import {
  MODEL_ARGUMENT,
  optional,
  cardOptions,
  engineOptions,
  jsonOption,
  MASK,
  objectiveOptions,
  hookPointOption,
  selectionOptions,
  seedOption,
  toNumber,
  toObjectiveSettings,
  toOpenOptions,
  toWhole,
  type ObjectiveArguments,
  type SharedArguments,
} from './options.js';
import { version } from '../core/version.js';

interface Arguments extends SharedArguments, ObjectiveArguments {
  readonly model: string;
  readonly image?: readonly string[];
  readonly tensor?: readonly string[];
  readonly out: string;
  readonly vocab?: string;
  readonly lan?: string;
  readonly noise?: string;
  readonly iterations?: string;
  readonly learningRate?: string;
  readonly sharpen?: string;
  readonly budget?: string;
  readonly evidenceDraws: string;
  readonly seed: string;
  readonly json: boolean;
}

export const auditCommand: CommandModule<object, Arguments> = {
  command: 'audit <model>',
  describe: 'which parts of an input the classifier needed, with evidence',
  // yargs' inferred type of this many options does not unify with Arguments, which says the same.
  builder: (y) =>
    y
      .positional('model', MODEL_ARGUMENT)
      .options({
        image: { type: 'string', array: true, requiresArg: true, describe: 'pictures to explain' },
        tensor: {
          type: 'string',
          array: true,
          requiresArg: true,
          describe: "inputs as .npy of one sample, in the model's own input space",
        },
        vocab: {
          type: 'string',
          requiresArg: true,
          describe: 'the words behind ids of tokens: a file with one a line, the first being id 0',
        },
        out: {
          type: 'string',
          default: 'lan-onnx-out',
          requiresArg: true,
          describe: 'folder for the results, one folder an input',
        },
        lan: {
          type: 'string',
          requiresArg: true,
          group: MASK,
          describe: 'an explainer that lan-onnx train has written; it gives the masks at once',
        },
        noise: { type: 'string', requiresArg: true, group: MASK, describe: NOISE_HELP },
        iterations: { type: 'string', requiresArg: true, group: MASK, describe: 'steps at most' },
        'learning-rate': { type: 'string', requiresArg: true, group: MASK, describe: 'of Adam' },
        sharpen: {
          type: 'string',
          requiresArg: true,
          group: MASK,
          describe: 'sharpen an unsure answer until its top class has this probability in the target (0: never)',
        },
        budget: { type: 'string', requiresArg: true, group: MASK, describe: 'time for each mask: 30s, 5m' },
        'evidence-draws': { type: 'string', default: '256', requiresArg: true, describe: 'fresh noise draws for the evidence' },
      })
      .options({
        ...selectionOptions,
        ...hookPointOption,
        ...objectiveOptions,
        ...cardOptions,
        ...engineOptions,
        ...seedOption,
        ...jsonOption,
      })
      .example('$0 audit squeezenet1.1.onnx --image cat.jpg', 'a mask, evidence and pictures')
      .example('$0 audit m.onnx --image *.jpg --beta 1.5 3 5', 'three masks a picture')
      .epilogue('Ctrl-C keeps what is done: the mask learned so far is measured and written.') as unknown as Argv<Arguments>,
  async handler(argv) {
    await runAudit(argv, ioOf(argv));
  },
};

async function runAudit(argv: Arguments, io: Io): Promise<void> {
  if (!argv.image?.length && !argv.tensor?.length) throw new LanError('usage', 'audit: give at least one --image or --tensor.');
  const settings = settingsOf(argv);
  const sample = await shapeOfFirst(argv.tensor);
  const classifier = await openModel(argv.model, { ...toOpenOptions(argv), sample });
  const interrupt = interruptible(io, 'finishing with what is learned so far');
  const { signal } = interrupt;
  let explainer: OpenedExplainer | undefined;
  try {
    if (argv.lan !== undefined) {
      if (argv.beta?.length)
        throw new LanError('usage', '--beta: the explainer of --lan was trained with one beta; leave --beta out.');
      explainer = await openExplainer(argv.lan, classifier, {
        threads: argv.threads === undefined ? undefined : Number(argv.threads),
      });
      settings.noise ??= noiseOf(explainer);
    }
    const inputs = await readInputs(argv, classifier, io);
    const tokens = await readTokens(argv.vocab, classifier, inputs);
    const bootstrap = bootstrapPath(settings.noise ?? '');
    const others = bootstrap === undefined ? undefined : await bootstrapSamples(bootstrap, classifier, settings.seed);
    // Before anything long begins, and after all that may still be refused, which then leaves no empty folder.
    await ensureWritable(argv.out);
    const { engine } = classifier;
    io.err(`engine: ${engine.info.name} ${engine.info.version}, ${engine.info.backend}, ${engine.info.threads} thread(s)\n`);
    for (const note of [...classifier.notes, ...(others?.notes ?? [])]) io.err(`note: ${note}\n`);
    const bar = progressBar(io, settings.budget);
    const auditor = await createAuditor(classifier, {
      preset: argv.preset,
      settings,
      evidenceDraws: toWhole('--evidence-draws', argv.evidenceDraws, 1),
      samples: others?.samples,
      explainer,
      signal,
      onPhase: bar.phase,
      onStep: (_beta, f, iterations) => bar.step(f.step + 1, iterations, f.loss, f.maskMean),
    });
    const documents: object[] = [];
    const drawn = !classifier.hookPoint || featureMap(classifier);
    for (const [i, input] of inputs.entries()) {
      const result = await auditor.audit(input.x);
      bar.stop();
      const folder = join(argv.out, input.folder);
      const files = await writeAudit(folder, input.x, result, {
        title: `${input.folder}: ${result.prediction[0]!.label} by ${basename(argv.model)}`,
        model: { path: argv.model, sha256: classifier.source.sha256 },
        input: { path: input.path, sha256: input.sha256 },
        engine: engine.info,
        card: classifier.card,
        notes: [...classifier.notes, ...(others?.notes ?? []), ...input.notes],
        version: version(),
        range: drawn ? classifier.card?.range : undefined,
        hookPoint: classifier.hookPoint,
        tokens: tokens[i],
      });
      if (argv.json) documents.push(JSON.parse(Buffer.from(await readBytes(files.json, 'Result')).toString()) as object);
      else io.out(describe(input.path, result, files, classifier, tokens[i]));
      if (signal.aborted) break;
    }
    if (argv.json) io.out(toJson(documents.length === 1 ? documents[0] : documents));
    await auditor.dispose();
  } finally {
    interrupt.stop();
    await explainer?.dispose();
    await classifier.dispose();
  }
}

/** The noise that an explainer was trained with, where it needs no samples; else the default. */
const noiseOf = ({ settings }: OpenedExplainer): string | undefined =>
  settings.noise.startsWith('bootstrap') ? undefined : settings.noise;

function settingsOf(argv: Arguments) {
  return {
    ...toObjectiveSettings(argv),
    noise: argv.noise,
    iterations: optional(argv.iterations, (t) => toWhole('--iterations', t, 1)),
    learningRate: optional(argv.learningRate, (t) => toNumber('--learning-rate', t, 0)),
    sharpen: optional(argv.sharpen, (t) => toNumber('--sharpen', t, 0)),
    budget: optional(argv.budget, toSeconds),
    seed: toWhole('--seed', argv.seed),
  };
}

function toSeconds(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(s|m|h)?$/.exec(text) ?? [];
  if (value === undefined) throw usage('--budget', 'a time such as 30s or 5m', text);
  return Number(value) * { s: 1, m: 60, h: 3600 }[unit ?? 's']!;
}

/** Per input its tokens, where the mask lies on tokens. Throws LanError where it does not, or an id is not in the vocabulary. */
async function readTokens(
  path: string | undefined,
  classifier: Classifier,
  inputs: readonly AuditInput[],
): Promise<(Tokens | undefined)[]> {
  const { hookPoint, input } = classifier;
  if (!hookPoint?.tokens) {
    if (path === undefined) return [];
    throw new LanError(
      'usage',
      `--vocab: the mask does not lie on tokens; it lies on ${partOf(hookPoint)}${hookPoint ? '' : ` '${input.name}'`} [${(hookPoint?.dims ?? input.shape).join(',')}]. Leave --vocab out.`,
    );
  }
  const vocabulary = path === undefined ? undefined : await readVocabulary(path);
  return inputs.map(({ path: from, x }) => {
    const tokens = tokensOf(x, vocabulary);
    const unknown = unknownToken(tokens);
    if (unknown)
      throw new LanError(
        'usage',
        `--vocab '${path}': holds ${vocabulary!.length} tokens, but '${from}' has id ${unknown.id} at position ${unknown.position}. Is it another model's?`,
      );
    return tokens;
  });
}

function describe(
  path: string,
  result: AuditResult,
  files: { json: string; sheet?: string; page?: string },
  classifier: Classifier,
  tokens: Tokens | undefined,
): string {
  const { classes } = classifier;
  const top = result.prediction[0]!;
  const lines = [
    `${path}: ${result.prediction
      .slice(0, 3)
      .map((p) => `${p.label} ${p.probability.toFixed(3)}`)
      .join(', ')}`,
    ...(top.probability < Math.min(0.5, 3 / classes)
      ? ['  warning: this is hardly better than chance; is the preprocessing right? See --card.']
      : []),
  ];
  for (const beta of result.betas) {
    const { learned, evidence } = beta;
    const [headline, ...others] = claims(beta, top.label, partOf(classifier.hookPoint));
    const { seconds, history, stopped } = learned;
    const milliseconds = (1000 * seconds) / Math.max(1, history.length);
    const how =
      stopped === 'explainer'
        ? `given by the explainer in ${milliseconds.toFixed(1)} ms`
        : `${history.length} steps of ${milliseconds.toFixed(0)} ms (stopped: ${stopped})`;
    lines.push(
      `  beta ${beta.beta}: ${headline}`,
      ...others.map((c) => `    ${c}`),
      ...(tokens ? [`    most needed: ${needed(tokenMasks(tokens, learned.mask))}`] : []),
      `    mask mean ${evidence.soft.fraction.toFixed(3)}; ${how}, evidence ${beta.evidenceSeconds.toFixed(1)} s`,
    );
  }
  lines.push(`  files: ${[files.sheet, files.page, files.json].filter(Boolean).join(', ')}`);
  return `${lines.join('\n')}\n`;
}
