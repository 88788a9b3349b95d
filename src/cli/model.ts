// What every command that opens a model does alike: its options, its notes, its progress, Ctrl-C, and giving everything back.
import { mergeCards, readCard, readLabels, type InputCard, type PartialCard } from '../model/card.js';
import { openModel, type Classifier, type OpenOptions } from '../model/open.js';
import { interruptible, type Io } from './io.js';
import type { Values } from './option.js';
import type { hookPointOption, modelOptions, objectiveOptions } from './options.js';

/** What modelOptions give, and --at where a command has it. */
export type ModelArguments = Values<typeof modelOptions> & Partial<Values<typeof hookPointOption>>;

/** The arguments as openModel takes them; reads --card and --labels. Throws LanError where those cannot be read. */
export const openOptions = (argv: ModelArguments): OpenOptions => ({
  engine: argv.engine,
  backend: argv.backend,
  threads: argv.threads,
  shapes: argv.shape,
  card: cardOf(argv),
  input: argv.input,
  output: argv.output,
  at: argv.at,
  feeds: argv.feed,
});

/** What objectiveOptions give as LanSettings; what is undefined comes from the preset. */
export const objectiveSettings = (argv: Values<typeof objectiveOptions>) => ({
  betas: argv.beta,
  draws: argv.draws,
  maskShape: argv.maskShape,
  maskGrids: argv.maskGrid,
  outputLoss: argv.loss,
});

function cardOf(argv: ModelArguments): PartialCard | undefined {
  const { layout, size, resize, crop, channels, range, mean, std } = argv;
  const input: Partial<InputCard> = { layout, size, resize, crop, channels, range, mean, std };
  const labels = argv.labels === undefined ? {} : { labels: readLabels(argv.labels) };
  const flags: PartialCard = { input, output: argv.outputKind, ...labels };
  if (argv.card !== undefined) return mergeCards(readCard(argv.card), flags);
  const given = [...Object.values(input), argv.outputKind, argv.labels].some((v) => v !== undefined);
  return given ? mergeCards(flags) : undefined;
}

/** How a command runs on a model. */
export interface Session {
  /** Beyond the arguments. */
  readonly open?: Partial<OpenOptions>;
  /** What happens after the first Ctrl-C: `writing a checkpoint`. Without it Ctrl-C ends the process at once. */
  readonly interrupted?: string;
  /** The progress on the terminal; it is taken away whatever happens. */
  readonly bar?: { stop(): void };
}

/**
 * Opens the model that the arguments name, prints what there is to know about it, calls `run` and gives everything back, whatever `run` throws.
 * The signal is aborted by Ctrl-C, SIGTERM and SIGHUP.
 */
export async function withModel(
  argv: ModelArguments & { readonly model: string },
  io: Io,
  { open, interrupted, bar }: Session,
  run: (model: Classifier, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const model = await openModel(argv.model, { ...openOptions(argv), ...open });
  const interrupt = interrupted === undefined ? undefined : interruptible(io, interrupted);
  try {
    for (const note of model.notes) io.err(`note: ${note}\n`);
    await run(model, interrupt?.signal ?? new AbortController().signal);
  } finally {
    bar?.stop();
    interrupt?.stop();
    await model.dispose();
  }
}
