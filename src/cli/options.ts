// The options that several commands share, and what they mean as OpenOptions.
import type { Options } from 'yargs';
import { mergeCards, readCard, readLabels, type InputCard, type OutputKind, type PartialCard } from '../model/card.js';
import type { OpenOptions } from '../model/open.js';
import { MASK_SHAPES, OUTPUT_LOSSES, type MaskShape, type OutputLoss } from '../lan/objective.js';
import { PRESETS, type Preset } from '../lan/settings.js';
import { usage } from './io.js';

const CARD = 'Model card:';
const ENGINE = 'Engine:';
const QUESTION = 'Question:';
export const MASK = 'Mask:';

/** How pictures become the model's input, and what its output means. */
export const cardOptions = {
  card: {
    type: 'string',
    requiresArg: true,
    group: CARD,
    describe: 'JSON file that says how pictures go in (default: MODEL.card.json)',
  },
  layout: { choices: ['NCHW', 'NHWC'] as const, group: CARD, describe: "axis order of the model's input" },
  size: { type: 'string', requiresArg: true, group: CARD, describe: "the input's height and width: 224 or 224x320" },
  resize: {
    type: 'string',
    requiresArg: true,
    group: CARD,
    describe: 'before the crop: shorter side (256), or height and width (256x320)',
  },
  crop: { type: 'string', requiresArg: true, group: CARD, describe: 'central crop after the resize: 224 or 224x320' },
  channels: { choices: ['RGB', 'BGR', 'GREY'] as const, group: CARD, describe: 'channel order of the input' },
  range: { choices: [1, 255] as const, group: CARD, describe: 'largest pixel value before mean and std' },
  mean: {
    type: 'string',
    array: true,
    requiresArg: true,
    group: CARD,
    describe: 'per channel, in units of the range: --mean 0.485 0.456 0.406',
  },
  std: { type: 'string', array: true, requiresArg: true, group: CARD, describe: 'per channel: input = (pixel - mean) / std' },
  'output-kind': {
    choices: ['logits', 'probabilities', 'log-probabilities', 'sigmoid'] as const,
    group: CARD,
    describe: 'what the output is',
  },
  labels: { type: 'string', requiresArg: true, group: CARD, describe: 'file of class names: .txt, .csv or .json' },
} as const satisfies Record<string, Options>;

/** Which engine computes gradients, and for which shapes. */
export const engineOptions = {
  engine: {
    choices: ['auto', 'onnxruntime', 'tfjs'] as const,
    default: 'auto',
    group: ENGINE,
    describe: 'what computes gradients',
  },
  backend: {
    type: 'string',
    requiresArg: true,
    group: ENGINE,
    describe: 'tfjs: tensorflow, wasm or cpu; onnxruntime: an execution provider',
  },
  threads: { type: 'string', requiresArg: true, group: ENGINE, describe: 'threads of onnxruntime (default: all cores)' },
  shape: {
    type: 'string',
    array: true,
    nargs: 1,
    group: ENGINE,
    describe: 'binds open axes: --shape input=1,3,224,224 (repeatable)',
  },
} as const satisfies Record<string, Options>;

/** What is asked of a model with several inputs or outputs. */
export const selectionOptions = {
  input: {
    type: 'string',
    requiresArg: true,
    group: QUESTION,
    describe: 'the input that is explained (default: the first of floats)',
  },
  output: {
    type: 'string',
    requiresArg: true,
    group: QUESTION,
    describe: "the classifier's output (default: the first of floats)",
  },
  feed: {
    type: 'string',
    array: true,
    nargs: 1,
    group: QUESTION,
    describe: 'what another input is fed: --feed mask=1 or --feed mask=F.npy (repeatable)',
  },
} as const satisfies Record<string, Options>;
export const hookPointOption = {
  at: {
    type: 'string',
    requiresArg: true,
    group: QUESTION,
    describe: 'value inside the model on which the mask lies (default: the input, or the first float behind integers)',
  },
} as const satisfies Record<string, Options>;

/** What a mask is and what it is learned for (Eq. 4). */
export const objectiveOptions = {
  preset: {
    choices: PRESETS,
    default: 'default' as Preset,
    group: MASK,
    describe: 'settings; paper: lr 0.05, 10,000 iterations, full mask',
  },
  beta: {
    type: 'string',
    array: true,
    requiresArg: true,
    group: MASK,
    describe: 'weight of the mask mean (Eq. 4); several give several masks',
  },
  draws: { type: 'string', requiresArg: true, group: MASK, describe: 'noise draws a step' },
  'mask-shape': {
    choices: MASK_SHAPES,
    group: MASK,
    describe: 'pixel: channels share a value; token: vectors of tokens do; full: every element its own',
  },
  'mask-grid': {
    type: 'string',
    requiresArg: true,
    group: MASK,
    describe: 'coarser mask grown bilinearly: 28 or 14x28; several are summed: 7+28; none: one value a pixel',
  },
  loss: { choices: OUTPUT_LOSSES, group: MASK, describe: 'how outputs are compared (L_F)' },
} as const satisfies Record<string, Options>;

export const seedOption = {
  seed: { type: 'string', default: '0', requiresArg: true, describe: 'of all random numbers' },
} as const satisfies Record<string, Options>;
export const jsonOption = {
  json: { type: 'boolean', default: false, describe: 'print the result as JSON' },
} as const satisfies Record<string, Options>;

/** What yargs gives for the options above; every one may be missing. */
export interface SharedArguments {
  readonly card?: string;
  readonly layout?: 'NCHW' | 'NHWC';
  readonly size?: string;
  readonly resize?: string;
  readonly crop?: string;
  readonly channels?: 'RGB' | 'BGR' | 'GREY';
  readonly range?: 1 | 255;
  readonly mean?: readonly string[];
  readonly std?: readonly string[];
  readonly outputKind?: OutputKind;
  readonly labels?: string;
  readonly engine?: 'auto' | 'onnxruntime' | 'tfjs';
  readonly backend?: string;
  readonly threads?: string;
  readonly shape?: readonly string[];
  readonly input?: string;
  readonly output?: string;
  readonly feed?: readonly string[];
  readonly at?: string;
}

/** What yargs gives for objectiveOptions. */
export interface ObjectiveArguments {
  readonly preset: Preset;
  readonly beta?: readonly string[];
  readonly draws?: string;
  readonly maskShape?: MaskShape;
  readonly maskGrid?: string;
  readonly loss?: OutputLoss;
}

/** The arguments as LanSettings; what is undefined comes from the preset. */
export function toObjectiveSettings(argv: ObjectiveArguments) {
  return {
    betas: argv.beta?.map((b) => toNumber('--beta', b, 0)),
    draws: argv.draws === undefined ? undefined : toWhole('--draws', argv.draws, 1),
    maskShape: argv.maskShape,
    maskGrids: argv.maskGrid === undefined ? undefined : toGrids(argv.maskGrid),
    outputLoss: argv.loss,
  };
}

function toGrids(text: string): [number, number][] {
  if (text === 'none') return [];
  return text.split('+').map((part) => {
    const sides = part.split('x').map(Number);
    if (sides.length > 2 || sides.some((s) => !Number.isInteger(s) || s < 1))
      throw usage('--mask-grid', '28, 14x28, 7+28 or none', text);
    return [sides[0]!, sides[1] ?? sides[0]!];
  });
}

/** The arguments as openModel takes them. Throws LanError "--size: expected …, received '…'." */
export function toOpenOptions(argv: SharedArguments): OpenOptions {
  return {
    engine: argv.engine ?? 'auto',
    backend: argv.backend,
    threads: toThreads(argv.threads),
    shapes: toShapes(argv.shape),
    card: toCard(argv),
    input: argv.input,
    output: argv.output,
    at: argv.at,
    feeds: toFeeds(argv.feed),
  };
}

/** A whole number of at least `least`. Numbers are read as strings, since yargs turns a mistyped one into NaN without a word. */
export function toWhole(flag: string, text: string, least = 0): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw usage(flag, `a whole number of at least ${least}`, text);
  return value;
}

/** A finite number of at least `least`. */
export function toNumber(flag: string, text: string, least = -Infinity): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least)
    throw usage(flag, least === -Infinity ? 'a number' : `a number of at least ${least}`, text);
  return value;
}

const toThreads = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : toWhole('--threads', text, 1);

/** `name=1,3,224,224`, several times; names may hold '=' themselves. */
export function toShapes(given: readonly string[] | undefined): Record<string, number[]> | undefined {
  if (!given) return undefined;
  return Object.fromEntries(
    given.map((text) => {
      const [, name, dims] = /^(.+)=(\d+(?:[,x]\d+)*)?$/.exec(text) ?? [];
      if (name === undefined) throw usage('--shape', 'NAME=1,3,224,224', text);
      return [name, dims ? dims.split(/[,x]/).map(Number) : []];
    }),
  );
}

/** `name=0.5` or `name=file.npy`, several times. */
function toFeeds(given: readonly string[] | undefined): Record<string, string | number> | undefined {
  if (!given) return undefined;
  return Object.fromEntries(
    given.map((text): [string, string | number] => {
      const [, named, number] = /^(.+)=([-+]?[\d.]+(?:e[-+]?\d+)?)$/i.exec(text) ?? [];
      if (named !== undefined && Number.isFinite(Number(number))) return [named, Number(number)];
      const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (name === undefined) throw usage('--feed', 'NAME=FILE.npy or NAME=NUMBER', text);
      return [name, file!];
    }),
  );
}

function toCard(argv: SharedArguments): PartialCard | undefined {
  const numbers = (flag: string, list: readonly string[] | undefined): number[] | undefined =>
    list?.map((text) => toNumber(flag, text));
  const input: Partial<InputCard> = {
    layout: argv.layout,
    size: argv.size === undefined ? undefined : pairOf('--size', argv.size),
    resize: argv.resize === undefined ? undefined : sideOrPair('--resize', argv.resize),
    crop: argv.crop === undefined ? undefined : sideOrPair('--crop', argv.crop),
    channels: argv.channels,
    range: argv.range,
    mean: numbers('--mean', argv.mean),
    std: numbers('--std', argv.std),
  };
  if (input.std?.some((s) => s === 0)) throw usage('--std', 'numbers other than 0', argv.std!.join(' '));
  const flags: PartialCard = {
    input,
    output: argv.outputKind,
    ...(argv.labels === undefined ? {} : { labels: readLabels(argv.labels) }),
  };
  const given = Object.values(input).some((v) => v !== undefined) || flags.output !== undefined || flags.labels !== undefined;
  if (argv.card === undefined) return given ? mergeCards(flags) : undefined;
  return mergeCards(readCard(argv.card), flags);
}

function sideOrPair(flag: string, text: string): number | readonly [number, number] {
  const sides = text.split(/[x,]/).map(Number);
  if (sides.length > 2 || sides.some((s) => !Number.isInteger(s) || s < 1))
    throw usage(flag, '224 or 224x320 (height x width)', text);
  return sides.length === 1 ? sides[0]! : [sides[0]!, sides[1]!];
}

export function pairOf(flag: string, text: string): readonly [number, number] {
  const sides = sideOrPair(flag, text);
  return typeof sides === 'number' ? [sides, sides] : sides;
}

/** The positional argument of the commands that take one model. */
export const MODEL_ARGUMENT = {
  type: 'string',
  demandOption: true,
  describe: 'an .onnx file, a Hugging Face folder, or tank',
} as const;

/** What `read` makes of a flag's text; undefined where it was not given. */
export const optional = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
  text === undefined ? undefined : read(text);
