// What the commands that open a model do alike: its options, its notes, progress and Ctrl-C.
import { mergeCards, readCard, readLabels, type InputCard, type PartialCard } from '../model/card.js';
import type { OpenOptions } from '../model/open.js';
import type { PluginLike } from '../core/plugin.js';
import { readable } from '../core/readable.js';
import type { Definition } from './command.js';
import { inFlags } from './flags.js';
import { interruptible, type Io } from './io.js';
import type { Values } from './option.js';
import type { objectiveOptions } from './mask-options.js';
import type { cardOptions, hookPointOption, modelOptions } from './options.js';

/** What modelOptions give, and --at where a command has it. */
export type ModelArguments = Partial<Omit<Values<typeof modelOptions>, 'engine'>> & {
  readonly engine?: OpenOptions['engine'];
} & Partial<Values<typeof hookPointOption>> & {
    readonly task?: 'classification' | 'regression' | undefined;
    readonly plugins?: readonly PluginLike[];
  };

/** The arguments as openModel takes them; reads --labels, and --card where flags add to it. Throws LanError where those cannot be read. */
export const openOptions = (argv: ModelArguments): OpenOptions => ({
  engine: argv.engine,
  backend: argv.backend,
  threads: argv.threads,
  shapes: argv.shape,
  variant: argv.variant,
  card: cardOf(argv),
  input: argv.input,
  output: argv.output,
  task: argv.task,
  at: argv.at,
  feeds: argv.feed,
  trust: argv.trust,
  ...(argv.plugins && { plugins: argv.plugins }),
});

/** The same of a command that takes no gradients: no engine is loaded for them. */
export const scoringOptions = (argv: ModelArguments): OpenOptions => ({ ...openOptions(argv), engine: 'onnxruntime' });

/** What objectiveOptions give as options of audit and exportStep; what is undefined comes from the preset. */
export const maskOptions = <B>(argv: Omit<Values<typeof objectiveOptions>, 'beta'> & { readonly beta: B }) => ({
  preset: argv.preset,
  beta: argv.beta,
  draws: argv.draws,
  maskShape: argv.maskShape,
  maskValues: argv.maskValues,
  maskGrids: argv.maskGrid,
  outputLoss: argv.loss,
});

/** What the flags say of the card, over the file of --card; undefined where they say nothing. Throws LanError where a file cannot be read. */
export function cardOf(argv: Partial<Values<typeof cardOptions>>): PartialCard | string | undefined {
  const { layout, size, resize, crop, channels, range, mean, std, preprocessing } = argv;
  const input: Partial<InputCard> = { layout, size, resize, crop, channels, range, mean, std, preprocessing };
  const labels = argv.labels === undefined ? {} : { labels: readLabels(argv.labels) };
  const flags: PartialCard = { input, output: argv.outputKind, ...labels };
  const given = [...Object.values(input), argv.outputKind, argv.labels].some((v) => v !== undefined);
  if (!given) return argv.card;
  return mergeCards(argv.card === undefined ? undefined : readCard(argv.card), flags);
}

/** How a long command runs. */
export interface Session {
  /** What happens after the first Ctrl-C: `writing a checkpoint`. */
  readonly interrupted: string;
  /** The progress on the terminal; it is taken away whatever happens. */
  readonly bar: { stop(): void };
}

/** Calls `run` with a signal that Ctrl-C, SIGTERM and SIGHUP abort, and gives the terminal and the signals back, whatever `run` throws. */
export async function interruptibly(
  io: Io,
  { interrupted, bar }: Session,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupt = interruptible(io, interrupted);
  try {
    await run(interrupt.signal);
  } finally {
    bar.stop();
    interrupt.stop();
  }
}

/** Prints what there is to know, in the command line's words. */
export const noteTo =
  (io: Io, definition: Definition) =>
  (note: string): void =>
    io.err(`note: ${readable(inFlags(note, { definition }))}\n`);
