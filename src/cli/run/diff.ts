// lan-onnx diff A B --image F: two versions of a model on the same inputs.
import { diff } from '../../api/diff.js';
import { LanError } from '../../core/errors.js';
import { readable } from '../../core/readable.js';
import { ensureWritable } from '../../data/files.js';
import { whileLocked } from '../../data/lock.js';
import { picturePaths } from '../../data/picture-paths.js';
import { toJson } from '../../report/format.js';
import { progressBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { diff as definition } from '../commands/diff.js';
import { inFlags } from '../flags.js';
import type { Io } from '../io.js';
import { namedInputs } from './named-inputs.js';
import { noteTo, openOptions } from '../model.js';

/** Compares the models and writes what was found. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const pictures = await picturePaths(argv.image ?? []);
  const note = noteTo(io, definition);
  for (const text of pictures.notes) note(text);
  const named = await namedInputs(argv, 'diff');
  const inputs = [...pictures.paths, ...(argv.tensor ?? []), ...named.map(({ path, input }) => input ?? path)];
  if (inputs.length === 0) throw new LanError('usage', 'diff: give at least one --image, --tensor, --text, --file or --csv.');
  const bar = progressBar(io);
  const told = new Set<string>();
  try {
    const result = await diff(argv.a, argv.b, inputs, {
      ...openOptions(argv),
      vocabulary: argv.vocab,
      tokenizer: argv.tokenizer,
      columns: argv.columns,
      axes: argv.axes,
      noise: argv.noise,
      repeat: io.line,
      iterations: argv.iterations,
      evidenceDraws: argv.evidenceDraws,
      seeds: argv.seeds,
      seed: argv.seed,
      target: argv.target,
      against: argv.against,
      onNote(text) {
        bar.stop();
        if (!told.has(text)) note(text);
        told.add(text);
      },
      onFailure(error) {
        bar.stop();
        io.err(`lan-onnx: left out: ${inFlags(error.message, { definition })}\n`);
      },
      onProgress: ({ step, iterations, loss, maskMean }) => step !== undefined && bar.step(step, iterations!, loss!, maskMean!), // prettier-ignore
    });
    bar.stop();
    await ensureWritable(argv.out);
    const files = await whileLocked(argv.out, () => result.save(argv.out));
    const lines = [
      ...result.findings.map((f) => `${f.input}: ${f.verdict}`),
      `answers differ on ${result.answers}, attention moved on ${result.moved} of ${result.findings.length} input(s)`,
      `files: ${files.join(', ')}`,
    ];
    io.out(argv.json ? toJson(result) : `${lines.map((line) => readable(line)).join('\n')}\n`);
    const found = { answer: result.answers, moved: result.moved };
    if (argv.failOn?.some((what) => found[what] > 0)) io.exit(1);
    if (result.failures.length > 0) io.exit(2);
  } finally {
    bar.stop();
  }
}
