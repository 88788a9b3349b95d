// lan-onnx audit MODEL --image F: learns which parts of an input the classifier needed, and measures the claim.
import { basename, extname, join } from 'node:path';
import { createAuditor, type AuditResult, type Auditor } from '../../api/audit.js';
import type { AuditProgress } from '../../api/audit-options.js';
import { sizeOfPicture, type Sample } from '../../api/inputs.js';
import { LanError } from '../../core/errors.js';
import { readable } from '../../core/readable.js';
import { ensureWritable, readBytes } from '../../data/files.js';
import { whileLocked } from '../../data/lock.js';
import { decodeNpy } from '../../data/npy.js';
import { predictionText, type AuditFiles } from '../../report/audit-files.js';
import { toJson } from '../../report/format.js';
import { needed } from '../../report/tokens.js';
import { progressBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { audit as definition } from '../commands/audit.js';
import { interrupted, type Io } from '../io.js';
import { interruptibly, maskOptions, noteTo, openOptions } from '../model.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Explains each input and writes a folder of results for each; interrupted, it writes what was learned and exits with 2. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const inputs = [
    ...(argv.image ?? []).map((path) => ({ path, is: 'picture' as const })),
    ...(argv.tensor ?? []).map((path) => ({ path, is: 'array' as const })),
  ];
  if (inputs.length === 0) throw new LanError('usage', 'audit: give at least one --image or --tensor.');
  const sample = await shapeOfFirst(argv.tensor);
  const pictureSize = argv.image?.[0] === undefined ? undefined : await sizeOfPicture(argv.image[0]);
  const bar = progressBar(io, argv.budget);
  await interruptibly(io, { interrupted: 'finishing with what is learned so far', bar }, async (signal) => {
    const note = noteTo(io, definition);
    let current: Sample | undefined;
    const auditor = await createAuditor(argv.model, {
      ...openOptions(argv),
      ...maskOptions(argv),
      sample,
      pictureSize,
      lan: argv.lan,
      vocabulary: argv.vocab,
      noise: argv.noise,
      iterations: argv.iterations,
      learningRate: argv.learningRate,
      sharpen: argv.sharpen,
      budget: argv.budget,
      seed: argv.seed,
      evidenceDraws: argv.evidenceDraws,
      within: argv.within,
      signal,
      onNote: (text) => note(current?.notes.includes(text) ? `${current.path}: ${text}` : text),
      onProgress: (progress) => show(bar, progress),
    });
    try {
      // All that may still be refused comes before anything long begins, and before there is a folder.
      const samples: Sample[] = [];
      for (const { path, is } of inputs) samples.push(await auditor.read(path, is));
      await auditor.prepare(...samples);
      await ensureWritable(argv.out);
      await whileLocked(argv.out, () => auditAll(auditor, samples));
    } finally {
      await auditor.dispose();
    }

    async function auditAll(auditor: Auditor, samples: readonly Sample[]): Promise<void> {
      const { engine, classes } = auditor.model;
      io.err(`engine: ${engine.info.name} ${engine.info.version}, ${engine.info.backend}, ${engine.info.threads} thread(s)\n`);
      const folderOf = folders();
      const documents: object[] = [];
      for (const [i, { path }] of inputs.entries()) {
        current = samples[i]!;
        const result = await auditor.audit(current);
        bar.stop();
        const files = await result.save(join(argv.out, folderOf(path)));
        if (argv.json) documents.push(result.toJSON());
        else io.out(describe(path, result, files, classes));
        if (!signal.aborted) continue;
        interrupted(io, `${i + 1} of ${inputs.length} input(s) written, the last with the mask learned until then.`);
        break;
      }
      if (argv.json) io.out(toJson(documents.length === 1 ? documents[0] : documents));
    }
  });
}

/** Shape of the first tensor, as it binds the axes that a model leaves open (the length of a text). */
async function shapeOfFirst([path]: readonly string[] = []): Promise<readonly number[] | undefined> {
  return path === undefined ? undefined : decodeNpy(await readBytes(path, 'Tensor'), path).dims;
}

function show(bar: ReturnType<typeof progressBar>, { phase, step, iterations, loss, maskMean }: AuditProgress): void {
  if (step === undefined) bar.phase(phase);
  else bar.step(step, iterations!, loss!, maskMean!);
}

/** Gives each input a folder of its own within --out: its name, and where that comes again, -2 and so on behind it. */
function folders(): (path: string) => string {
  const names = new Map<string, number>();
  return (path) => {
    const stem = basename(path, extname(path));
    const seen = (names.get(stem) ?? 0) + 1;
    names.set(stem, seen);
    return seen === 1 ? stem : `${stem}-${seen}`;
  };
}

function describe(path: string, result: AuditResult, files: AuditFiles, classes: number): string {
  const most = result.prediction[0]?.probability ?? 1;
  const lines = [
    `${path}: ${predictionText(result)}`,
    ...(result.answer.task === 'class' && most < Math.min(0.5, 3 / classes)
      ? ['  warning: this is hardly better than chance; is the preprocessing right? See --card.']
      : []),
  ];
  for (const { beta, learned, evidence, evidenceSeconds, claims, tokens } of result.betas) {
    const [headline, ...others] = claims;
    const { seconds, history, stopped } = learned;
    const milliseconds = (1000 * seconds) / Math.max(1, history.length);
    const how =
      stopped === 'explainer'
        ? `given by the explainer in ${milliseconds.toFixed(1)} ms`
        : `${history.length} steps of ${milliseconds.toFixed(0)} ms (stopped: ${stopped})`;
    lines.push(
      `  beta ${beta}: ${headline}`,
      ...others.map((c) => `    ${c}`),
      ...(tokens ? [`    most needed: ${needed(tokens)}`] : []),
      `    mask mean ${evidence.soft.fraction.toFixed(3)}; ${how}, evidence ${evidenceSeconds.toFixed(1)} s`,
    );
  }
  lines.push(`  files: ${[files.sheet, files.page, files.json].filter(Boolean).join(', ')}`);
  // Labels and file names are foreign: a line end in one of them is none of ours.
  return `${lines.map((line) => readable(line)).join('\n')}\n`;
}
