// lan-onnx audit MODEL --image F: learns which parts of an input the classifier needed, and measures the claim.
import { join } from 'node:path';
import { createAuditor, type Auditor } from '../../api/audit.js';
import { allFailed, failureOf, survey, type SoundInput } from '../../api/audit-all.js';
import type { AuditProgress } from '../../api/audit-options.js';
import { shapeOf, sizeOfPicture, type Sample } from '../../api/inputs.js';
import { LanError } from '../../core/errors.js';
import { ensureWritable } from '../../data/files.js';
import { whileLocked } from '../../data/lock.js';
import { picturePaths } from '../../data/picture-paths.js';
import { uniqueFolders } from '../../data/unique-folders.js';
import type { AuditDocument } from '../../report/audit-files.js';
import { otherResults } from '../../report/earlier.js';
import { toJson } from '../../report/format.js';
import { progressBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { audit as definition } from '../commands/audit.js';
import { inFlags } from '../flags.js';
import { interrupted, type Io } from '../io.js';
import { describe } from './audit-text.js';
import { interruptibly, maskOptions, noteTo, openOptions } from '../model.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Explains each input and writes a folder of results for each; interrupted, it writes what was learned and exits with 2. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const pictures = await picturePaths(argv.image ?? []);
  const inputs = [
    ...pictures.paths.map((path) => ({ path, is: 'picture' as const })),
    ...(argv.tensor ?? []).map((path) => ({ path, is: 'array' as const })),
  ];
  if (inputs.length === 0) throw new LanError('usage', 'audit: give at least one --image or --tensor.');
  const [tensor] = argv.tensor ?? [];
  const sample = tensor === undefined ? undefined : await shapeOf(tensor, 'array');
  const pictureSize = await sizeOfFirst(pictures.paths);
  const bar = progressBar(io, argv.budget);
  await interruptibly(io, { interrupted: 'finishing with what is learned so far', bar }, async (signal) => {
    const note = noteTo(io, definition);
    for (const text of pictures.notes) note(text);
    let current: Sample | undefined;
    const auditor = await createAuditor(argv.model, {
      ...openOptions(argv),
      ...maskOptions(argv),
      sample,
      pictureSize,
      lan: argv.lan,
      vocabulary: argv.vocab,
      noise: argv.noise,
      keep: argv.keep,
      iterations: argv.iterations,
      learningRate: argv.learningRate,
      sharpen: argv.sharpen,
      budget: argv.budget,
      seed: argv.seed,
      evidenceDraws: argv.evidenceDraws,
      groundTruth: argv.groundTruth,
      sanity: argv.sanity,
      within: argv.within,
      target: argv.target,
      against: argv.against,
      signal,
      onNote: (text) => note(current?.notes.includes(text) ? `${current.path}: ${text}` : text),
      onProgress: (progress) => show(bar, progress),
    });
    try {
      // All that may still be refused comes before anything long begins, and before there is a folder.
      const failures: LanError[] = [];
      const onFailure = (error: LanError): void => {
        failures.push(error);
        bar.stop();
        io.err(`lan-onnx: left out: ${inFlags(error.message, { definition })}\n`);
      };
      const sound = await survey(auditor, inputs, { strict: argv.strict, onFailure });
      await ensureWritable(argv.out);
      await whileLocked(argv.out, () => auditAll(auditor, sound, onFailure));
      if (failures.length === inputs.length) throw allFailed(failures);
      if (failures.length === 0) return;
      io.err(`lan-onnx: ${failures.length} of ${inputs.length} input(s) could not be explained; see above.\n`);
      io.exit(2);
    } finally {
      await auditor.dispose();
    }

    async function auditAll(
      auditor: Auditor,
      sound: readonly SoundInput<(typeof inputs)[number]>[],
      onFailure: (error: LanError) => void,
    ): Promise<void> {
      const { engine, classes } = auditor.model;
      io.err(`engine: ${engine.info.name} ${engine.info.version}, ${engine.info.backend}, ${engine.info.threads} thread(s)\n`);
      const folders = uniqueFolders(inputs.map(({ path }) => path));
      const documents: object[] = [];
      const written: string[] = [];
      const removed: string[] = [];
      for (const { input, take } of sound) {
        const { path, is } = input;
        const name = folders[inputs.indexOf(input)]!;
        const folder = join(argv.out, name);
        let document: AuditDocument | undefined;
        try {
          current = take() ?? (await auditor.read(path, is));
          document = argv.resume ? await auditor.finished(current, folder) : undefined;
          if (!document) {
            const result = await auditor.audit(current);
            removed.push(...(await result.save(folder)).removed.map((file) => join(name, file)));
            document = result.toJSON();
          }
        } catch (error) {
          const failure = failureOf(path, error);
          if (argv.strict || inputs.length === 1) throw error;
          onFailure(failure);
          continue;
        }
        written.push(name);
        bar.stop();
        if (argv.json) documents.push(document);
        else io.out(describe(path, document, folder, classes));
        if (!signal.aborted) continue;
        interrupted(
          io,
          `${written.length} of ${inputs.length} input(s) written, the last with the mask learned until then.${inputs.length > 1 ? ' Go on with --resume.' : ''}`,
        );
        break;
      }
      if (removed.length > 0) note(`files of an earlier run that are not of this one are removed: ${listed(removed)}`);
      const others = await otherResults(argv.out, written);
      if (others.length > 0)
        note(`'${argv.out}' also holds results of earlier runs, which are left as they are: ${listed(others)}`);
      if (argv.json) io.out(toJson(inputs.length === 1 ? documents[0] : documents));
    }
  });
}

/** Names that a note lists. */
const LISTED = 5;
const listed = (names: readonly string[]): string =>
  names.length > LISTED ? `${names.slice(0, LISTED).join(', ')} and ${names.length - LISTED} more` : names.join(', ');

/** Size of the first picture that can be read, as it binds the sides that a model leaves open. */
async function sizeOfFirst(paths: readonly string[]): Promise<readonly [number, number] | undefined> {
  for (const path of paths) {
    const size = await sizeOfPicture(path);
    if (size) return size;
  }
  return undefined;
}

function show(bar: ReturnType<typeof progressBar>, { phase, step, iterations, loss, maskMean }: AuditProgress): void {
  if (step === undefined) bar.phase(phase);
  else bar.step(step, iterations!, loss!, maskMean!);
}
