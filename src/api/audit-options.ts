// The options of an audit: how a mask is learned, what its noise is, who is told.
import type { AttributionMethod } from '../attribution/method.js';
import type { MethodName } from '../attribution/names.js';
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import type { Within } from '../evidence/answer.js';
import type { EvidenceDraws } from '../evidence/trials.js';
import type { LiveChange, LiveMask } from '../explain/live.js';
import type { Find, MaskShape, MaskValues, OutputLoss, Preset } from '../lan/choices.js';
import type { LanSettings } from '../lan/settings.js';
import type { OpenOptions } from '../model/open.js';
import type { ClassName } from '../model/question.js';
import type { ColourMapName } from '../report/drawing/colour-maps.js';

/** Where an audit is: told at the start of each phase, and within `learning the mask` at each step. */
export interface AuditProgress {
  /** In words: `compiling`, `learning the mask, beta 3`, `measuring evidence, beta 3`. */
  readonly phase: string;
  /** Steps done of at most `iterations`; absent at the start of a phase. */
  readonly step?: number;
  readonly iterations?: number;
  /** Of that step, before its update. */
  readonly loss?: number;
  readonly maskMean?: number;
}

/** How a mask is learned (Eq. 4 of the paper) and its claim measured; what is left out comes from the preset. */
export interface MaskOptions {
  /** `default`, or `paper`: learning rate 0.05, 10,000 iterations, full mask, beta 1.5, 3 and 5. */
  readonly preset?: Preset;
  /**
   * Weight of the mask mean; several give several masks. Default 1.5 ln(classes). 'auto': from a quarter to eight times that, each mask beginning where the last
   * one ended; the one is taken whose hard claim goes furthest with the answer kept as often as `keep` says (0.95).
   */
  readonly beta?: number | readonly number[] | 'auto';
  /** Noise draws a step. */
  readonly draws?: number;
  /** `pixel`: channels share a value; `token`: the vector of a token does; `full`: every element has its own. */
  readonly maskShape?: MaskShape;
  /**
   * `binary` (the default): each element is kept or replaced entirely, and the claim is about just that; `soft`: values in [0,1] that mix input and noise, as
   * the paper has it (its preset's choice).
   */
  readonly maskValues?: MaskValues;
  /**
   * In place of `beta`: how often the answer is to be kept, in (0,1). As much is replaced as that allows. For binary masks only.
   */
  readonly keep?: number;
  /**
   * 'keep' (the default): the smallest part that is enough, everything else being replaced; 'delete': the smallest part whose loss changes the answer, everything
   * else being left as it is. `keep` is then how often the answer may be kept at most.
   */
  readonly find?: Find;
  /** Coarser grids whose logits are grown bilinearly and summed: 28, or [rows, columns]; [] is one logit per mask element. */
  readonly maskGrids?: readonly (number | readonly [rows: number, columns: number])[];
  /** How outputs are compared, L_F. */
  readonly outputLoss?: OutputLoss;
  /** Steps at most. */
  readonly iterations?: number;
  /** Of Adam. */
  readonly learningRate?: number;
  readonly schedule?: LanSettings['schedule'];
  /** The target is sharpened until its top class has this probability; 0: never. */
  readonly sharpen?: number;
  /** Value of the whole mask before the first step, in (0,1). */
  readonly start?: number;
  /** Learning ends when the loss has hardly improved over so many steps; 0: never. */
  readonly patience?: number;
  /** Of all random numbers. Default 0. */
  readonly seed?: number;
}

/** Options of `audit` and `createAuditor`, flat: those of the model count where it is opened here. */
export interface AuditOptions extends MaskOptions, OpenOptions {
  /**
   * `uniform[:low,high]`, `gaussian[:mean,deviation]`, `constant:<c>`, `bootstrap:<path of a dataset, table or texts>`, `learned:<the same>`
   * (draws of a generator fitted to it), `blur[:sigma]`; of texts `tokens`,
   * `token[:<token>]` or `unigram:<path of texts>`; of tables `mean`. Default: uniform over the range of pictures, other tokens for tokens, other rows for a
   * row of a table, 0 for counts of words, what an explainer was trained with.
   */
  readonly noise?: string;
  /** Samples [n,...sample] in pixel space for `noise: 'bootstrap:<name>'` or `'learned:<name>'`, in place of a dataset read from a path. */
  readonly noiseSamples?: Tensor;
  /** What is to be told of `noiseSamples`, among the notes of a result; of learned noise they are its draws then, not what it learns from. */
  readonly noiseNotes?: readonly string[];
  /**
   * Which class is explained, in place of the model's answer: its name, a synonym or a part of it that only one has, or its index. What is
   * claimed is that the part that is left makes the model answer it, whether or not it does so for the whole input.
   */
  readonly target?: ClassName;
  /** With `target`: against which other class, in place of all others together. */
  readonly against?: ClassName;
  /**
   * With `task: 'regression'`: by how much the value may move and still counts as kept; a number in its units, or a part of it such as `'5%'`.
   * Default '10%'.
   */
  readonly within?: Within;
  /** Seconds for each mask: six tenths to learn it, the rest for its evidence, which takes fewer draws where there is no time for all. */
  readonly budget?: number;
  /**
   * Fresh noise draws for the evidence. Default 256; with preset 'quick' 64. 'auto': at most as many, and those of the claim end when it is decided whether it
   * is sure enough to lead; its interval is then one that holds whenever one stops.
   */
  readonly evidenceDraws?: EvidenceDraws;
  /**
   * What a person has marked as needed (where it is bright): a picture, resized and cropped as the input is, an .npy file or a Tensor with one value for each
   * element of the mask, or a folder with a file of each input's name. The metrics then say how far the mask points there.
   */
  readonly groundTruth?: string | Tensor;
  /**
   * An earlier mask of the same input, which learning goes on from in half the steps: the .npy file of it (`order.npy`), a folder of results with a folder of each input's name, or a
   * Tensor in the shape of the mask. Measured with another seed (79 steps for 179); of another input the answer is lost from there. Where such a mask does not come to rest it is learned from
   * scratch after all, and a note says so. Binary masks alone. Default: every mask is learned from scratch.
   */
  readonly startFrom?: string | Tensor;
  /**
   * The whole self-deception battery for the first beta: masks made again with another seed, noise and input, and with the model's weights shuffled from the
   * top; it takes about ten times as long. Default: what needs no further mask.
   */
  readonly sanity?: boolean;
  /**
   * Another method in place of a learned mask, by its name or one of your own (see `defineMethod`): its order is measured in the same way. What says how
   * a mask is learned (`beta`, `draws`, ...) has no place beside it. Default: `lan`.
   */
  readonly method?: MethodName | 'lan' | AttributionMethod;
  /**
   * Other methods beside the mask, by name or of your own: on the same input, noise and draws, each within the time of one mask. Their maps and claims stand in
   * report.html and in audit.json, and decide nothing. One that the model does not allow is listed with the reason. Default: none.
   */
  readonly compare?: readonly (MethodName | AttributionMethod)[];
  /** An explainer that `train` has written, its path or bytes: it gives the mask at once, with its own beta. */
  readonly lan?: string | Uint8Array;
  /** The words behind ids of tokens, or those that a model of words counts: by id or place, or the path of a file with one a line. */
  readonly vocabulary?: string | readonly string[];
  /** Colours of attention in pictures, sheet and report; `turbo` is neither even nor safe for the colour-blind. Default `inferno`. */
  readonly colormap?: ColourMapName;
  /** What repeats it, a command say: shown in the report, and decides nothing. */
  readonly repeat?: string;
  /** What makes ids of tokens of a text: the path of a tokenizer.json, or of a folder with one. Default: the model's folder. */
  readonly tokenizer?: string;
  /** The columns of a table that the model takes, by name, in its order. Default: all. */
  readonly columns?: readonly string[];
  readonly onProgress?: (progress: AuditProgress) => void;
  /**
   * Told after each step with the mask as it is, and waited for: a promise that is not kept yet is a pause, and what it gives (`{ beta, noise }`) holds from the
   * next step on; the claim is about the last. `live.preview` tells what is answered with a part replaced. Needs gradients: not with `engine: 'forward'`.
   */
  readonly watch?: (live: LiveMask) => void | Promise<LiveChange | void>;
  /** Told the largest difference of a probability between the converted graph and onnxruntime on the original file, before anything is learned. */
  readonly onAgreement?: (difference: number) => void;
  /** Told once each, as soon as it is known: what was assumed, and what is easily overlooked. All of them are in the result too. */
  readonly onNote?: (note: string) => void;
  /**
   * After an abort the mask learned so far (of one step at least, also where it came before the first) is kept and measured, further betas are left out, and
   * `learned.stopped` is 'interrupted': it is no error.
   */
  readonly signal?: AbortSignal;
}

/** Flat options as the settings that the objective takes. */
export function settingsOf(options: MaskOptions & Pick<AuditOptions, 'noise' | 'budget'>) {
  const { beta, maskGrids, noise, budget } = options;
  const {
    draws,
    maskShape,
    maskValues,
    keep,
    find,
    outputLoss,
    iterations,
    learningRate,
    schedule,
    sharpen,
    start,
    patience,
    seed,
  } = options;
  const betas = typeof beta === 'number' ? [beta] : beta === 'auto' ? undefined : beta;
  if (betas?.length === 0 || betas?.some((b) => !Number.isFinite(b) || b < 0))
    throw new LanError('usage', `\`beta\`: expected numbers of at least 0, received [${betas.join(', ')}].`);
  if (keep !== undefined && !(keep > 0 && keep < 1))
    throw new LanError('usage', `\`keep\`: expected a number between 0 and 1, such as 0.95, received ${keep}.`);
  if (keep !== undefined && betas !== undefined)
    throw new LanError('usage', '`keep` and `beta` say the same thing in two ways.', 'Give one of them.');
  if (budget !== undefined && !(budget > 0))
    throw new LanError('usage', `\`budget\`: expected a time above 0, received ${budget} s.`);
  const grids = maskGrids?.map((g): readonly [number, number] => (typeof g === 'number' ? [g, g] : g));
  const given = {
    draws,
    maskShape,
    maskValues,
    keep,
    find,
    outputLoss,
    iterations,
    learningRate,
    schedule,
    sharpen,
    start,
    patience,
    seed,
  };
  return { ...given, betas, betaPath: beta === 'auto' ? true : undefined, maskGrids: grids, noise, budget };
}
