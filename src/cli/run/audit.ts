// lan-onnx audit MODEL --image F: learns which parts of an input the classifier needed, and measures the claim.
import { basename, join } from 'node:path';
import { featureMap } from '../../model/feature-map.js';
import type { Classifier } from '../../model/open.js';
import { LanError } from '../../core/errors.js';
import { ensureWritable } from '../../data/files.js';
import { whileLocked } from '../../data/lock.js';
import { readVocabulary } from '../../data/vocabulary.js';
import { createAuditor, type AuditResult } from '../../explain/audit.js';
import { bootstrapSamples } from '../../explain/bootstrap-noise.js';
import { openExplainer, type OpenedExplainer } from '../../explain/explainer.js';
import { bootstrapPath } from '../../lan/noise.js';
import { writeAudit } from '../../report/audit-files.js';
import { claims, partOf } from '../../report/claims.js';
import { needed, tokenMasks, tokensOf, unknownToken, type Tokens } from '../../report/tokens.js';
import { readInputs, shapeOfFirst, type AuditInput } from './audit-inputs.js';
import { progressBar } from '../bar.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import type { audit as definition } from '../commands/audit.js';
import { interrupted, type Io } from '../io.js';
import { objectiveSettings, withModel } from '../model.js';
import { version } from '../../core/version.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Explains each input and writes a folder of results for each. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  if (!argv.image?.length && !argv.tensor?.length) throw new LanError('usage', 'audit: give at least one --image or --tensor.');
  const sample = await shapeOfFirst(argv.tensor);
  const bar = progressBar(io, argv.budget);
  const session = { open: { sample }, interrupted: 'finishing with what is learned so far', bar };
  await withModel(argv, io, session, async (model, signal) => {
    if (argv.lan === undefined) return auditAll(argv, io, { model, signal, bar });
    if (argv.beta?.length)
      throw new LanError('usage', '`betas`: the explainer of `explainer` was trained with one beta.', 'Leave `betas` out.');
    const explainer = await openExplainer(argv.lan, model, { threads: argv.threads });
    try {
      await auditAll(argv, io, { model, signal, bar, explainer });
    } finally {
      await explainer.dispose();
    }
  });
}

interface Session {
  readonly model: Classifier;
  readonly signal: AbortSignal;
  readonly bar: ReturnType<typeof progressBar>;
  readonly explainer?: OpenedExplainer;
}

async function auditAll(argv: Arguments, io: Io, { model: opened, signal, bar, explainer }: Session): Promise<void> {
  const settings = settingsOf(argv, explainer);
  const { inputs, classifier: model } = await readInputs(argv, opened, io);
  const tokens = await readTokens(argv.vocab, model, inputs);
  const bootstrap = bootstrapPath(settings.noise ?? '');
  const others = bootstrap === undefined ? undefined : await bootstrapSamples(bootstrap, model, settings.seed);
  // Before anything long begins, and after all that may still be refused, which then leaves no empty folder.
  await ensureWritable(argv.out);
  await whileLocked(argv.out, async () => {
    const { engine } = model;
    io.err(`engine: ${engine.info.name} ${engine.info.version}, ${engine.info.backend}, ${engine.info.threads} thread(s)\n`);
    for (const note of others?.notes ?? []) io.err(`note: ${note}\n`);
    const auditor = await createAuditor(model, {
      preset: argv.preset,
      settings,
      evidenceDraws: argv.evidenceDraws,
      samples: others?.samples,
      explainer,
      signal,
      onPhase: bar.phase,
      onStep: (_beta, f, iterations) => bar.step(f.step + 1, iterations, f.loss, f.maskMean),
    });
    try {
      const documents: object[] = [];
      const drawn = !model.hookPoint || featureMap(model);
      for (const [i, input] of inputs.entries()) {
        const result = await auditor.audit(input.x);
        bar.stop();
        const { document, ...files } = await writeAudit(join(argv.out, input.folder), input.x, result, {
          title: `${input.folder}: ${result.prediction[0]!.label} by ${basename(argv.model)}`,
          model: { path: argv.model, sha256: model.source.sha256 },
          input: { path: input.path, sha256: input.sha256 },
          engine: engine.info,
          card: model.card,
          notes: [...model.notes, ...(others?.notes ?? []), ...input.notes],
          version: version(),
          range: drawn ? model.card?.range : undefined,
          hookPoint: model.hookPoint,
          tokens: tokens[i],
        });
        if (argv.json) documents.push(document);
        else io.out(describe(input.path, result, files, model, tokens[i]));
        if (signal.aborted) break;
      }
      if (argv.json) io.out(toJson(documents.length === 1 ? documents[0] : documents));
      if (signal.aborted) interrupted(io, 'what was learned by then is measured and written.');
    } finally {
      await auditor.dispose();
    }
  });
}

/** The noise that an explainer was trained with, where it needs no samples; else the default. */
const noiseOf = ({ settings }: OpenedExplainer): string | undefined =>
  settings.noise.startsWith('bootstrap') ? undefined : settings.noise;

/** The arguments as LanSettings; what is undefined comes from the preset, and the noise from the explainer where there is one. */
function settingsOf(argv: Arguments, explainer: OpenedExplainer | undefined) {
  return {
    ...objectiveSettings(argv),
    noise: argv.noise ?? (explainer && noiseOf(explainer)),
    iterations: argv.iterations,
    learningRate: argv.learningRate,
    sharpen: argv.sharpen,
    budget: argv.budget,
    seed: argv.seed,
  };
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
      `\`vocabulary\`: the mask does not lie on tokens; it lies on ${partOf(hookPoint)}${hookPoint ? '' : ` '${input.name}'`} [${(hookPoint?.dims ?? input.shape).join(',')}].`,
      'Leave `vocabulary` out.',
    );
  }
  const vocabulary = path === undefined ? undefined : await readVocabulary(path);
  return inputs.map(({ path: from, x }) => {
    const tokens = tokensOf(x, vocabulary);
    const unknown = unknownToken(tokens);
    if (unknown)
      throw new LanError(
        'usage',
        `Vocabulary '${path}': holds ${vocabulary!.length} tokens, but '${from}' has id ${unknown.id} at position ${unknown.position}.`,
        "Is it another model's?",
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
