// The options of what a mask is and how it is learned, shared by the commands that learn one.
import { MASK_SHAPES, MASK_VALUES, NOISE_HELP, OUTPUT_LOSSES, PRESETS, type Preset } from '../lan/choices.js';
import {
  colormapOption,
  EVIDENCE,
  hookPointOption,
  INPUTS,
  jsonOption,
  modelOptions,
  questionOptions,
  seedOption,
  taskOptions,
} from './options.js';
import { each, evidenceDraws, Expected, number, TEXT, TEXTS, type OptionTable, whole } from './option.js';

/** Heading of the options about masks in --help. */
export const MASK = 'Mask:';

/** What a mask is and what it is learned for (Eq. 4). */
export const objectiveOptions = {
  preset: {
    type: 'string',
    choices: PRESETS,
    default: 'default' as Preset,
    requiresArg: true,
    group: MASK,
    describe: 'settings; quick: a first look; paper: lr 0.05, 10,000 iterations, full mask',
  },
  beta: {
    ...TEXTS,
    coerce: each(number(0)),
    library: ['betas'],
    group: MASK,
    describe: 'weight of the mask mean (Eq. 4); several give several masks (default: 1.5 ln of the number of classes)',
  },
  draws: {
    ...TEXT,
    coerce: whole(1),
    group: MASK,
    describe: 'noise draws a step (default: 2; of inputs up to 64 x 64 pixels 32)',
  },
  'mask-shape': {
    type: 'string',
    choices: MASK_SHAPES,
    requiresArg: true,
    group: MASK,
    describe: 'pixel: channels share a value (default); token: vectors of tokens do (default there); full: every element its own',
  },
  'mask-values': {
    type: 'string',
    choices: MASK_VALUES,
    requiresArg: true,
    group: MASK,
    describe: 'binary: kept or replaced entirely (default); soft: mixed by a value in [0,1], as the paper has it',
  },
  'mask-grid': {
    ...TEXT,
    coerce: grids,
    library: ['maskGrids'],
    group: MASK,
    describe:
      'coarser mask grown bilinearly: 28 or 14x28; several are summed: 7+28 (default: a sixteenth and a quarter of the sides, and all of them); none: one value a pixel',
  },
  loss: {
    ...TEXT,
    library: ['outputLoss'],
    group: MASK,
    describe: `how outputs are compared, L_F: ${OUTPUT_LOSSES.join(', ')}, or a plug-in's (default: cross-entropy; of a regression squared-error)`,
  },
} as const satisfies OptionTable;

/** Names parted by commas. */
function names(text: string): string[] {
  const all = text.split(',').map((name) => name.trim());
  if (all.includes('')) throw new Expected('names parted by commas, such as age,height', text);
  return all;
}

/** Inputs whose elements have names, and what they are read with. */
export const namedInputs = {
  text: {
    ...TEXTS,
    group: INPUTS,
    describe: 'texts: files, folders of them, - for standard input, or the text itself in quotes',
  },
  csv: { ...TEXT, group: INPUTS, describe: 'a table of numbers with a line of names: its rows are the inputs' },
  row: {
    ...TEXTS,
    coerce: each(whole(1)),
    group: INPUTS,
    describe: 'of the table only these rows, the first below the names being 1',
  },
  columns: {
    ...TEXT,
    coerce: names,
    group: INPUTS,
    describe: "of the table the columns that the model takes, in its order: 'age,height' (default: all)",
  },
  axes: {
    ...TEXT,
    coerce: names,
    group: INPUTS,
    describe: "names of the axes of an array that is no picture: 'frame,coefficient' (those of one element left out)",
  },
  file: { ...TEXTS, group: INPUTS, describe: 'files of any kind, for models that take bytes' },
  tokenizer: {
    ...TEXT,
    group: INPUTS,
    describe: "tokenizer.json, or a folder with one, that makes ids of texts (default: in the model's folder)",
  },
  vocab: {
    ...TEXT,
    library: ['vocabulary'],
    group: INPUTS,
    describe: 'the words behind ids of tokens, or those that the model counts: a file with one a line',
  },
} as const satisfies OptionTable;

/** Is the noise made of data, which are pictures from files, or a table, where the input is an array? */
const noiseOfData = ({ noise }: Readonly<Record<string, unknown>>): boolean =>
  typeof noise === 'string' && /^(bootstrap|learned):/.test(noise);

/** What those say nothing without; `pictures`: the flags that give pictures, `arrays`: those that give arrays. */
export const namedNeeds = (pictures: readonly string[], arrays: readonly string[]) =>
  ({
    row: { about: 'a table', given: ['csv'] },
    columns: { about: 'a table', given: ['csv'], unless: noiseOfData },
    tokenizer: { about: 'texts and ids of tokens', given: ['text', ...arrays] },
    ...pictureNeeds(pictures),
  }) as const;

/** What says how pictures from files are brought to the size of the input; arrays have it. */
export const pictureNeeds = (given: readonly string[]) =>
  ({
    resize: { about: 'pictures from files', given, unless: noiseOfData },
    crop: { about: 'pictures from files', given, unless: noiseOfData },
  }) as const;

/** The inputs of a command that explains them. */
export const explainedInputs = {
  image: {
    ...TEXTS,
    group: INPUTS,
    describe: "pictures to explain: files, folders, patterns in quotes ('photos/*.jpg', ** for any depth)",
  },
  tensor: {
    ...TEXTS,
    group: INPUTS,
    describe: 'inputs as .npy of one sample: of pictures their pixels, in the range of the card; else what the model takes',
  },
} as const satisfies OptionTable;

/** Which question about which model is asked, what a mask is, what takes the place of what it replaces, and how that is measured. */
export const explainOptions = {
  ...colormapOption,
  ...jsonOption,
  ...questionOptions,
  ...taskOptions,
  noise: {
    ...TEXT,
    group: MASK,
    describe: `${NOISE_HELP} (default: uniform over the range of pictures; of tokens: tokens; of a table: its other rows)`,
  },
  ...objectiveOptions,
  'evidence-draws': {
    ...TEXT,
    coerce: evidenceDraws,
    group: EVIDENCE,
    describe:
      'fresh noise draws for the evidence (default: 256, with --preset quick 64); auto: those of the claim end when it is decided',
  },
  ...seedOption,
  ...hookPointOption,
  ...modelOptions,
} as const satisfies OptionTable;

/** `7+28`, `14x28` or `none`, as [rows, columns] each. */
function grids(text: string): (readonly [number, number])[] {
  if (text === 'none') return [];
  return text.split('+').map((part) => {
    const sides = part.split('x').map(Number);
    if (sides.length > 2 || sides.some((s) => !Number.isInteger(s) || s < 1)) throw new Expected('28, 14x28, 7+28 or none', text);
    return [sides[0]!, sides[1] ?? sides[0]!];
  });
}
