// lan-onnx audit MODEL --image F: learns which parts of an input the classifier needed, and measures the claim.
import { auditMany, type ManyOptions } from '../../api/audit-many.js';
import { readAddress } from '../../queue/address.js';
import type { AuditProgress } from '../../api/audit-options.js';
import { shapeOf, sizeOfPicture } from '../../api/inputs.js';
import type { NamedInput } from '../../api/audit-all.js';
import type { SourceSpec } from '../../api/many-source.js';
import { namedShapes } from '../../api/reading.js';
import { LanError } from '../../core/errors.js';
import { readable } from '../../core/readable.js';
import { picturePaths } from '../../data/picture-paths.js';
import type { AuditDocument } from '../../report/audit-files.js';
import { toJson } from '../../report/format.js';
import { countdown, progressBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { audit as definition } from '../commands/audit.js';
import { inFlags } from '../flags.js';
import { interrupted, type Io } from '../io.js';
import { wrapped } from '../screen.js';
import { drawMask } from './audit-picture.js';
import { describe } from './audit-text.js';
import { namedInputs } from './named-inputs.js';
import { interruptibly, maskOptions, noteTo, openOptions } from '../model.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Explains each input and writes a folder of results for each; interrupted, it writes what was learned and exits with 2. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const pictures = await picturePaths(argv.image ?? []);
  const given = await namedInputs(argv, 'audit');
  const spec = sourceOf(argv, pictures.paths, given);
  const [tensor] = argv.tensor ?? [];
  const [named] = given;
  const shapes =
    tensor !== undefined
      ? { sample: await shapeOf(tensor, 'array') }
      : named && (await namedShapes(argv.model, named.input!, { tokenizer: argv.tokenizer, columns: argv.columns }));
  const pictureSize = await sizeOfFirst(pictures.paths);
  const bar = progressBar(io, argv.budget);
  const left = countdown(io, 'explaining');
  const stop = (): void => {
    bar.stop();
    left.stop();
  };
  await interruptibly(io, { interrupted: 'finishing with what is learned so far', bar: { stop } }, async (signal) => {
    const note = noteTo(io, definition);
    for (const text of pictures.notes) note(text);
    const json = argv.json ? jsonTo(io) : undefined;
    let written = 0;
    let total = 0;
    let several = false;
    let classes = 0;
    const { summary, failures, negative, unfinished, removed, others, files, lines } = await auditMany(argv.model, spec, {
      ...openOptions(argv),
      ...maskOptions(argv),
      preset: presetOf(argv),
      ...shapes,
      ...(pictureSize ? { pictureSize } : {}),
      lan: argv.lan,
      method: argv.method,
      compare: argv.compare,
      vocabulary: argv.vocab,
      tokenizer: argv.tokenizer,
      columns: argv.columns,
      axes: argv.axes,
      noise: argv.noise,
      keep: argv.keep,
      find: argv.find,
      iterations: argv.iterations,
      learningRate: argv.learningRate,
      sharpen: argv.sharpen,
      startFrom: argv.startFrom,
      budget: argv.budget,
      seed: argv.seed,
      evidenceDraws: argv.evidenceDraws,
      groundTruth: argv.groundTruth,
      sanity: argv.sanity,
      within: argv.within,
      target: argv.target,
      against: argv.against,
      out: argv.out,
      workers: argv.workers,
      queue: queueOf(argv),
      resume: argv.resume,
      strict: argv.strict,
      repeat: io.line,
      colormap: argv.colormap,
      failOn: argv.failOn,
      junit: argv.junit,
      signal,
      onNote(text) {
        stop();
        note(text);
      },
      onProgress: (progress) => show(bar, progress),
      onFailure(error, input) {
        stop();
        const text = `lan-onnx: left out: ${inFlags(error.message, { definition })}\n`;
        io.event?.('input', { input, code: error.code, error: error.message }, text);
        if (!io.event) io.err(text);
      },
      onStart({ model }, workers, inputs, own) {
        total = inputs;
        const { name, version, backend, threads } = model.engine.info;
        const who =
          workers === 0
            ? `by the workers of ${readAddress(argv.queue!).shown}, each with ${threads} thread(s)`
            : workers > 1
              ? `${workers} processes, each with ${own ?? threads} thread(s)`
              : `${threads} thread(s)`;
        io.err(`engine: ${name} ${version}, ${backend}, ${who}\n`);
        several = workers !== 1;
        ({ classes } = model);
      },
      async onDocument(path, document, folder) {
        written++;
        stop();
        const { steps, timings } = document.betas[0]!;
        const seconds = timings.learnSeconds + timings.evidenceSeconds;
        io.event?.('input', { input: path, folder, steps, stepsPerSecond: 1 / timings.secondsPerStep, seconds });
        if (json) return json.add(document, total);
        const text = describe(path, document, folder, classes);
        io.out(io.screen ? wrapped(text, io.screen.columns) : text);
        if (total <= DRAWN) await drawMask(io, document, folder);
      },
      onDone: (done, total) => several && left.step(done, total),
    });
    stop();
    if (summary.resumed > 0) note(`taken from the earlier run: ${summary.resumed} of ${total} input(s)`);
    if (removed.length > 0) note(`files of an earlier run that are not of this one are removed: ${listed(removed)}`);
    if (others.length > 0)
      note(`'${argv.out}' also holds results of earlier runs, which are left as they are: ${listed(others)}`);
    if (json) json.end(total);
    else if (files.length > 0) io.out(`${[...lines, `files: ${files.join(', ')}`].map((line) => readable(line)).join('\n')}\n`);
    if (unfinished) interrupted(io, `${written === 0 ? `none of ${total} input(s) written.` : `${written} of ${total} input(s) written, the last with the mask learned until then.`}${total > 1 ? ' Go on with --resume.' : ''}`); // prettier-ignore
    if (negative > 0) io.exit(1);
    if (failures.length === 0) return;
    io.err(`lan-onnx: ${failures.length} of ${total} input(s) could not be explained; see above.\n`);
    io.exit(2);
  });
}

/** Who explains them in place of this machine. */
function queueOf({ queue, store, priority, attempts, backoff }: Arguments): ManyOptions['queue'] {
  if (queue !== undefined && store === undefined)
    throw new LanError('usage', 'audit: --queue takes --store as well: a folder that all machines share, or an HTTP(S) address.');
  return queue === undefined ? undefined : { queue, store: store!, priority, attempts, backoff };
}

/** --quick is a preset by another name. */
function presetOf({ quick, preset }: Arguments): Arguments['preset'] {
  if (quick && preset === 'paper') throw new LanError('usage', 'audit: --quick and --preset paper contradict each other.');
  return quick ? 'quick' : preset;
}

/** The files that were named, or the dataset. */
function sourceOf(argv: Arguments, pictures: readonly string[], given: readonly NamedInput[]): SourceSpec {
  const inputs = [
    ...pictures.map((path) => ({ path, is: 'picture' as const })),
    ...(argv.tensor ?? []).map((path) => ({ path, is: 'array' as const })),
    ...given,
  ];
  if (argv.data !== undefined) {
    if (inputs.length > 0)
      throw new LanError(
        'usage',
        'audit: give --data, or inputs one by one (--image, --tensor, --text, --file, --csv), not both.',
      );
    return { kind: 'data', path: argv.data, split: argv.split, limit: argv.limit, seed: argv.seed };
  }
  if (inputs.length === 0)
    throw new LanError('usage', 'audit: give at least one --image, --tensor, --text, --file or --csv, or --data.');
  return { kind: 'files', inputs };
}

/**
 * Prints documents as they come, one as it is and several as a list: thousands are more than is to be held, and than fits one text. A run that ends with an
 * error leaves the list open, so that nobody takes it for whole.
 */
function jsonTo(io: Io): { add(document: AuditDocument, total: number): void; end(total: number): void } {
  // Waits to be told whether another one follows.
  let last = '';
  return {
    add(document, total) {
      const text = toJson(document);
      if (total === 1) return io.out(text);
      io.out(last === '' ? '[\n' : `${last},\n`);
      last = text.trimEnd().replace(/^/gm, '  ');
    },
    end(total) {
      if (total > 1) io.out(last === '' ? '[]\n' : `${last}\n]\n`);
    },
  };
}

/** Inputs of which each is drawn on the terminal: of more nobody looks at every one. */
const DRAWN = 4;

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
