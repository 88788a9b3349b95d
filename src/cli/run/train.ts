// lan-onnx train MODEL --data D --out lan.onnx: an explainer for a classifier, learned over a dataset (Eq. 3).
import { train, type TrainResult } from '../../api/train.js';
import { readable } from '../../core/readable.js';
import { toJson } from '../../report/format.js';
import { trainingBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { train as definition } from '../commands/train.js';
import type { Io } from '../io.js';
import { interruptibly, noteTo, openOptions } from '../model.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Unreadable samples that are named; the rest are counted. */
const NAMED = 5;

/** Trains the explainer and writes it; interrupted, it leaves a checkpoint and exits with 2. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const bar = trainingBar(io);
  await interruptibly(io, { interrupted: 'writing a checkpoint', bar }, async (signal) => {
    let skipped = 0;
    const trained = await train(argv.model, argv.data, {
      ...openOptions(argv),
      ...trainingOptions(argv),
      repeat: io.line,
      signal,
      onProgress: bar.step,
      onNote(note) {
        bar.stop();
        noteTo(io, definition)(note);
      },
      onUnreadable(reason) {
        if (++skipped <= NAMED) io.err(`skipped: ${readable(reason)}\n`);
      },
    });
    bar.stop();
    if (!trained.finished) {
      io.err(`lan-onnx: stopped after ${trained.steps} steps; go on with --resume\n`);
      io.exit(2);
      return;
    }
    const files = await trained.save();
    io.out(argv.json ? toJson(trained) : describe(files, trained));
  });
}

/** The arguments as train's options; what is undefined is its own default. */
const trainingOptions = (argv: Arguments) => ({
  split: argv.split,
  lan: argv.lan,
  target: argv.target,
  against: argv.against,
  beta: argv.beta,
  noise: argv.noise,
  iterations: argv.iterations,
  learningRate: argv.learningRate,
  schedule: argv.schedule,
  batch: argv.batch,
  draws: argv.draws,
  outputLoss: argv.loss,
  maskShape: argv.maskShape,
  maskValues: argv.maskValues,
  validation: argv.validation,
  limit: argv.limit,
  seed: argv.seed,
  out: argv.out,
  resume: argv.resume,
  checkpointEvery: argv.checkpointEvery,
  strict: argv.strict,
});

function describe({ lan, fused, report }: Awaited<ReturnType<TrainResult['save']>>, t: TrainResult): string {
  const { settings, last, validation } = t;
  const three = (v: number | undefined): string => (v === undefined ? '' : v.toFixed(3));
  const done = t.steps - t.resumedAt;
  return [
    `${lan}: ${String(settings.lan)}`,
    `  beta ${settings.beta}, ${settings.noise} noise, ${t.samples} samples, ${t.steps} steps${t.resumedAt ? ` (${t.resumedAt} from the checkpoint)` : ''}, ${t.seconds.toFixed(1)} s, ${(done / t.seconds).toFixed(0)} steps a second`,
    `  loss ${three(last.loss)}: output loss ${three(last.output_loss)}, mask mean ${three(last.mask_mean)}`,
    ...(validation
      ? [
          `  validation ${three(validation.validation_loss)}: output loss ${three(validation.validation_output_loss)}, mask mean ${three(validation.validation_mask_mean)}`,
        ]
      : []),
    `  files: ${report}, ${lan}, ${fused}`,
    '',
  ].join('\n');
}
