// The options that several commands share. The same flag means the same wherever it stands; tables only, which load no engine.
import { CARD, pluginOptions, preprocessingOption } from './plugin-options.js';
import { OUTPUT_KINDS } from '../model/output-kind.js';
import { COLOUR_MAPS } from '../report/drawing/colour-maps.js';
import { each, Expected, number, someText, TEXT, TEXTS, tolerance, type OptionTable, whole } from './option.js';

/** Heading of --help for what goes in; it and what comes out stand first. */
export const INPUTS = 'Inputs:';
/** Heading for what comes out. */
export const RESULTS = 'Results:';
/** Heading for what is asked of the model. */
export const QUESTION = 'Question:';
/** Heading for how a claim is measured. */
export const EVIDENCE = 'Evidence:';
/** Heading for who explains inputs in place of this machine. */
export const QUEUE = 'Many machines:';
const SELECTION = 'Inputs and outputs of the model:';
const ENGINE = 'Engine:';

/** `table` under one heading of --help. */
export const under = <const T extends OptionTable>(group: string, table: T): T =>
  Object.fromEntries(Object.entries(table).map(([flag, option]) => [flag, { ...option, group }])) as unknown as T;

/** The argument of the commands that take one model. */
export const MODEL_ARGUMENT = {
  ...TEXT,
  demandOption: true,
  describe: 'an .onnx file, a Hugging Face folder, or tank',
} as const;

/** How pictures become the model's input, and what its output means. */
export const cardOptions = {
  card: { ...TEXT, group: CARD, describe: 'JSON file of how pictures go in (default: MODEL.card.json), or a preset' },
  layout: {
    choices: ['NCHW', 'NHWC'] as const,
    type: 'string',
    requiresArg: true,
    group: CARD,
    describe: "axis order of the model's input (default: as its shape says)",
  },
  size: {
    ...TEXT,
    coerce: pair,
    group: CARD,
    describe: "the input's height and width: 224 or 224x320 (default: as its shape says)",
  },
  resize: {
    ...TEXT,
    coerce: sideOrPair,
    group: CARD,
    describe: 'before the crop: shorter side (256), or height and width (256x320); default: just enough for the size',
  },
  crop: {
    ...TEXT,
    coerce: sideOrPair,
    group: CARD,
    describe: 'central crop after the resize: 224 or 224x320 (default: the size)',
  },
  channels: {
    choices: ['RGB', 'BGR', 'GREY'] as const,
    type: 'string',
    requiresArg: true,
    group: CARD,
    describe: 'channel order of the input (default, as for range, mean and std: the convention that the pictures speak for)',
  },
  range: {
    ...TEXT,
    choices: ['1', '255'],
    coerce: (text: string): 1 | 255 => (text === '1' ? 1 : 255),
    group: CARD,
    describe: 'largest pixel value before mean and std',
  },
  mean: {
    ...TEXTS,
    coerce: each(number()),
    group: CARD,
    describe: 'per channel, in units of the range: --mean 0.485 0.456 0.406',
  },
  std: { ...TEXTS, coerce: deviations, group: CARD, describe: 'per channel: input = (pixel - mean) / std' },
  ...preprocessingOption,
  'output-kind': {
    type: 'string',
    choices: OUTPUT_KINDS,
    requiresArg: true,
    group: CARD,
    describe: "what the output is (default: told from the model's last ops)",
  },
  labels: { ...TEXT, group: CARD, describe: 'file of class names: .txt, .csv, .json (default: of the model or its folder)' },
} as const satisfies OptionTable;

/** Which engine computes gradients, and for which shapes. */
export const engineOptions = {
  engine: {
    type: 'string',
    choices: ['auto', 'onnxruntime', 'tfjs'] as const,
    default: 'auto',
    requiresArg: true,
    group: ENGINE,
    describe: 'what computes gradients',
  },
  backend: {
    ...TEXT,
    group: ENGINE,
    describe: 'tensorflow, wasm (both choose tfjs), cpu or a provider of onnxruntime (default: cpu; tfjs: the first that starts)',
  },
  threads: {
    ...TEXT,
    coerce: whole(1),
    group: ENGINE,
    describe: 'threads of onnxruntime (default: all cores, or LAN_ONNX_THREADS)',
  },
  trust: {
    // No default: where it is not given, LAN_ONNX_TRUST decides.
    type: 'boolean',
    group: ENGINE,
    describe: 'run the model in this process at once, without the trial in a child process',
  },
  shape: {
    type: 'string',
    array: true,
    nargs: 1,
    coerce: shapes,
    library: ['shapes'],
    group: ENGINE,
    pairs: true,
    describe: 'binds open axes: --shape input=1,3,224,224, several behind each other',
  },
} as const satisfies OptionTable;

/** Of commands that take no gradients: what computes those is idle there. */
export const NO_GRADIENTS = {
  engine: 'takes no gradients, and runs the original file in onnxruntime',
  backend: 'takes no gradients, and runs the original file in onnxruntime',
} as const;

/** What is asked of a model with several inputs or outputs. */
export const selectionOptions = {
  variant: {
    ...TEXT,
    group: SELECTION,
    describe: 'of a Hugging Face folder, quantized for model_quantized.onnx (default: model.onnx)',
  },
  input: { ...TEXT, group: SELECTION, describe: 'the input that is explained (default: the first of floats)' },
  output: { ...TEXT, group: SELECTION, describe: "the classifier's output (default: the first of floats)" },
  feed: {
    type: 'string',
    array: true,
    nargs: 1,
    coerce: feeds,
    library: ['feeds'],
    group: SELECTION,
    pairs: true,
    describe: 'what other inputs are fed: --feed mask=1 ids=F.npy',
  },
} as const satisfies OptionTable;

/** A queue on Redis, and where contents pass. */
export const queueOptions = {
  queue: {
    ...TEXT,
    describe: 'the queue: redis://host/name, or rediss:// with TLS; the password in it, or better in REDIS_PASSWORD',
  },
  store: {
    ...TEXT,
    describe:
      'a folder that all machines share, an HTTP(S) address that takes GET and PUT, or s3://bucket/prefix: model, inputs and results pass there',
  },
} as const satisfies OptionTable;

/** Taken by every command that opens a model. */
export const modelOptions = {
  ...cardOptions,
  ...selectionOptions,
  ...engineOptions,
  ...pluginOptions,
} as const satisfies OptionTable;

/** Where in the model a mask lies, or gradients are taken. */
export const hookPointOption = {
  at: {
    ...TEXT,
    group: SELECTION,
    describe: 'value inside the model on which the mask lies (default: the input, or the first float behind integers)',
  },
} as const satisfies OptionTable;

/** Which class is explained. */
export const questionOptions = {
  target: {
    ...TEXT,
    group: QUESTION,
    describe: "the class to explain, by name, part of it, or index (default: the model's answer)",
  },
  against: { ...TEXT, group: QUESTION, describe: 'with --target: the class that it is held against (default: all others)' },
} as const satisfies OptionTable;

/** Classes, or a value, and when that counts as kept. */
export const taskOptions = {
  task: {
    type: 'string',
    choices: ['classification', 'regression'] as const,
    requiresArg: true,
    group: QUESTION,
    describe: 'classes, or one number a row, explained as it is (default: what the folder says, else classes)',
  },
  within: {
    ...TEXT,
    coerce: tolerance,
    group: QUESTION,
    describe: 'regression: by how much the value may move and still counts as kept: 0.5, or 10% of it (the default)',
  },
} as const satisfies OptionTable;

/** How a labelled dataset is named. */
export const dataOptions = {
  data: {
    ...TEXT,
    demandOption: true,
    group: INPUTS,
    describe:
      'folder with a sub-folder per class, IDX (MNIST), CIFAR .bin, .csv or .jsonl (path,label), images.npy or counts.npz (sparse) with labels.npy',
  },
  split: { ...TEXT, group: INPUTS, describe: 'train, test or val, where the data has several (default: test)' },
} as const satisfies OptionTable;

/** The seed, the same in every command: a whole number of at least 0. */
export const seedOption = {
  seed: { ...TEXT, coerce: whole(), default: '0', describe: 'of all random numbers' },
} as const satisfies OptionTable;

/** --colormap, for commands that draw attention. */
export const colormapOption = {
  colormap: {
    type: 'string',
    requiresArg: true,
    choices: COLOUR_MAPS,
    describe: 'colours of attention (default: inferno); all but turbo are even and safe for the colour-blind',
  },
} as const satisfies OptionTable;

/** Whether the result is printed as JSON. */
export const jsonOption = {
  json: { type: 'boolean', default: false, group: RESULTS, describe: 'print the result as JSON' },
} as const satisfies OptionTable;

/** `224`, or `224x320` as height and width. */
function sideOrPair(text: string): number | readonly [number, number] {
  const sides = text.split(/[x,]/).map(Number);
  if (sides.length > 2 || sides.some((s) => !Number.isInteger(s) || s < 1))
    throw new Expected('224 or 224x320 (height x width)', text);
  return sides.length === 1 ? sides[0]! : [sides[0]!, sides[1]!];
}

/** `224` as 224 and 224, or `224x320`. */
export function pair(text: string): readonly [number, number] {
  const sides = sideOrPair(text);
  return typeof sides === 'number' ? [sides, sides] : sides;
}

function deviations(texts: readonly string[]): number[] {
  const values = texts.map(number());
  if (values.some((v) => v === 0)) throw new Expected('numbers other than 0', texts.join(' '));
  return values;
}

/** `name=1,3,224,224`, several times; names may hold '=' themselves, and nothing behind it is a scalar. */
function shapes(given: readonly string[]): Record<string, number[]> {
  return byName(given, 'NAME=1,3,224,224', (text) => {
    const [, name, dims] = /^(.+)=(\d+(?:[,x]\d+)*)?$/.exec(text) ?? [];
    return name === undefined ? undefined : [name, dims ? dims.split(/[,x]/).map(Number) : []];
  });
}

/** `name=0.5` or `name=file.npy`, several times. */
function feeds(given: readonly string[]): Record<string, string | number> {
  return byName<string | number>(given, 'NAME=FILE.npy or NAME=NUMBER', (text) => {
    const [, named, digits] = /^(.+)=([-+]?[\d.]+(?:e[-+]?\d+)?)$/i.exec(text) ?? [];
    if (named !== undefined && Number.isFinite(Number(digits))) return [named, Number(digits)];
    const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    return name === undefined ? undefined : [name, someText(file!)];
  });
}

/** Pairs of a name and its value. A name given twice is refused: which of them counts would be anyone's guess. */
function byName<T>(given: readonly string[], form: string, read: (text: string) => [string, T] | undefined): Record<string, T> {
  const found = new Map<string, T>();
  for (const text of given) {
    const entry = read(text);
    if (!entry) throw new Expected(form, text);
    if (found.has(entry[0])) throw new Expected(`one value for '${entry[0]}'`, given.join(' '));
    found.set(...entry);
  }
  return Object.fromEntries(found);
}
