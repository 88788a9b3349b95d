// What an audit leaves on disk for one input: mask.npy, order.npy, attention.png, overlay.png, sheet.png, tokens.html and audit.json.
import { join } from 'node:path';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { encodePng, type Picture } from '../data/images.js';
import { writeAtomically } from '../data/files.js';
import { encodeNpy } from '../data/npy.js';
import type { EngineInfo } from '../engine/engine.js';
import type { InputCard } from '../model/card.js';
import type { Preprocessing } from '../model/guess.js';
import type { HookPoint } from '../model/hook-point.js';
import type { AuditResult, BetaResult, Prediction } from '../explain/audit.js';
import { scaleBilinear } from '../core/bilinear.js';
import { orderOf } from '../lan/learn.js';
import { heatmap, overlay, pictureOf, scaleNearest } from './drawing/colour.js';
import { sheet, type Row, type Tile } from './drawing/sheet.js';
import { caution, deletionCaption, headingOf, percent } from './claims.js';
import { DOCUMENT, removeEarlier } from './earlier.js';
import { fourDigits } from './format.js';
import { PATH_FILES, writePath } from './path-files.js';
import { named, predictionText, top, withAsked } from './prediction.js';
import { tokensPage } from './tokens-page.js';
import { featureFiles, writeFeatures } from './feature-files.js';
import { claimsAbout } from './claims-about.js';
import { documented, featureNeeds, type Features } from './features.js';
import { asPageTokens, documentedText, runningText } from './running-text.js';
import { tokensIn, type Tokens } from './tokens.js';

/** What a report says besides the result itself. */
export interface AuditContext {
  /** The heading of the sheet and of the page of tokens. */
  readonly title: string;
  readonly model: { readonly path: string; readonly sha256: string };
  /** `path` is absent for what came as bytes, a tensor or ids. */
  readonly input: { readonly path?: string; readonly sha256: string };
  readonly engine: EngineInfo;
  readonly card: InputCard | undefined;
  /** Who says so, and how sure that is; absent for inputs that are no pictures. */
  readonly preprocessing?: Preprocessing;
  readonly notes: readonly string[];
  readonly version: string;
  /** What decides the result, as one number (see runOf). */
  readonly run: string;
  /** Largest pixel value, where the input is a picture and the mask lies on it, or on a map of it. */
  readonly range?: 1 | 255;
  /** Where the mask lies, when not on the input itself. */
  readonly hookPoint?: HookPoint;
  /** The input's tokens, where the mask lies on them. */
  readonly tokens?: Tokens;
  /** What the elements of the input are called, where the mask lies on them. */
  readonly features?: Features;
}

/** Names of the files of one beta, within the result's folder. */
export interface BetaFiles {
  readonly mask: string;
  /** Of a binary mask. */
  readonly order?: string;
  readonly attention?: string;
  readonly overlay?: string;
  /** Where a path of betas was walked. */
  readonly path?: string;
  readonly pathTable?: string;
}

/** What was written: paths. */
export interface AuditFiles {
  readonly json: string;
  /** Where the input is a picture. */
  readonly sheet?: string;
  /** Where the input is a text or tokens. */
  readonly page?: string;
  /** Where the elements of the input have names: a ranked table, a chart, and of two axes a picture. */
  readonly features?: string;
  readonly chart?: string;
  readonly array?: string;
  /** Names of files that an earlier audit had left in the folder and that are not of this one. */
  readonly removed: readonly string[];
}

const SHEET = 'sheet.png';
const PAGE = 'tokens.html';

const pictureOfInput = (x: Tensor, { range }: AuditContext): Picture | undefined =>
  range && x.dims.length === 4 ? pictureOf(x, range) : undefined;

/** Names of the files of each beta: with several of them they carry `-beta<b>`. */
function filesOf({ betas }: AuditResult, drawn: boolean): BetaFiles[] {
  return betas.map(({ beta, learned, path }) => {
    const suffix = betas.length > 1 ? `-beta${beta}` : '';
    return {
      mask: `mask${suffix}.npy`,
      ...(learned.order && { order: `order${suffix}.npy` }),
      ...(drawn && { attention: `attention${suffix}.png`, overlay: `overlay${suffix}.png` }),
      ...(path && PATH_FILES),
    };
  });
}

/**
 * Writes all files of one input into `folder`, audit.json last, in place of what an earlier audit had left there (see removeEarlier); with several betas their names carry `-beta<b>`. Each file is written whole or not at all.
 * Pictures are made for inputs of shape [1,1|3,H,W], a page for tokens. Returns the folder's main files. `document`:
 * what audit.json is to hold. Throws LanError (`write`) when the folder cannot be written.
 */
export async function writeAudit(
  folder: string,
  x: Tensor,
  result: AuditResult,
  context: AuditContext,
  document = auditDocument(x, result, context),
): Promise<AuditFiles> {
  const picture = pictureOfInput(x, context);
  const files = filesOf(result, picture !== undefined);
  const removed = await removeEarlier(folder, [
    ...files.flatMap((f) => Object.values(f) as string[]),
    ...Object.values(document.files),
  ]);
  const [{ path } = {}] = result.betas;
  if (path) await writePath(folder, path, context.title);
  const rows: Row[] = [];
  for (const [i, beta] of result.betas.entries()) {
    const { mask, order, attention, overlay: over } = files[i]!;
    await writeAtomically(join(folder, mask), encodeNpy(beta.learned.mask));
    if (order) await writeAtomically(join(folder, order), encodeNpy(beta.learned.order!));
    if (!picture) continue;
    const drawn = drawAttention(picture, orderOf(beta.learned));
    await writeAtomically(join(folder, attention!), await toPng(drawn.attention));
    await writeAtomically(join(folder, over!), await toPng(drawn.over));
    rows.push(sheetRow(picture, drawn, beta, result, context));
  }
  let sheetPath: string | undefined;
  if (rows.length > 0) {
    sheetPath = join(folder, SHEET);
    await writeAtomically(sheetPath, await sheet({ title: context.title, rows }));
  }
  let page: string | undefined;
  if (context.features) await writeFeatures(folder, context.title, context.features, result);
  if (document.files.page !== undefined) {
    page = join(folder, PAGE);
    await writeAtomically(page, pageOf(result, context)!);
  }
  const json = join(folder, DOCUMENT);
  await writeAtomically(json, `${JSON.stringify(document, null, 2)}\n`);
  const { features, chart, array } = pathsIn(folder, featureFiles(context.features));
  return { json, sheet: sheetPath, page, features, chart, array, removed };
}

const pathsIn = <T extends object>(folder: string, names: T): T =>
  Object.fromEntries(Object.entries(names).map(([what, name]) => [what, join(folder, name as string)])) as T;

const toPng = (p: Picture): Promise<Uint8Array> => encodePng(p.pixels, p.width, p.height);

/**
 * Attention 1 - A as a heat map and over the photo; a full mask is averaged over channels. A mask [1,.,h,w] on a map of the photo is grown
 * bilinearly; `own` is the heat map before that, its values as squares.
 */
function drawAttention(photo: Picture, mask: Tensor): { attention: Picture; over: Picture; own: Picture & { places: string } } {
  const { width, height } = photo;
  const values = toFloat32(mask);
  const [h, w] = mask.dims.slice(-2) as [number, number];
  const area = h * w;
  const channels = values.length / area;
  const needed = new Float32Array(area);
  for (let i = 0; i < area; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[c * area + i]!;
    needed[i] = 1 - sum / channels;
  }
  const attention = h === height && w === width ? needed : scaleBilinear(needed, h, w, height, width);
  return {
    attention: { width, height, pixels: heatmap(attention) },
    over: { width, height, pixels: overlay(photo.pixels, attention) },
    own: { ...scaleNearest({ width: w, height: h, pixels: heatmap(needed) }, height, width), places: `${h} x ${w} places` },
  };
}

const meanOf = (mask: Tensor): number => toFloat32(mask).reduce((a, b) => a + b, 0) / sizeOf(mask.dims);

function sheetRow(
  photo: Picture,
  { attention, over, own }: ReturnType<typeof drawAttention>,
  beta: BetaResult,
  result: AuditResult,
  { range, hookPoint }: AuditContext,
): Row {
  const { soft, hard, deletion } = beta.evidence;
  const shown = Math.max(2, result.answer.task === 'labels' ? top(result).length : 0);
  const captionsOf = (prediction: readonly Prediction[], value: number | undefined): string[] =>
    value === undefined ? withAsked(result.answer, prediction, shown).map(named) : [`value ${fourDigits(value)}`];
  const { value, tolerance } =
    result.answer.task === 'value'
      ? { value: result.answer.value, tolerance: [`kept: within ${fourDigits(result.answer.within)}`] }
      : { value: undefined, tolerance: [] };
  // What noise made of a value inside is no picture; the mask in its own size is.
  const tile: Tile = hookPoint
    ? { image: own, captions: [`attention at ${hookPoint.name}`, own.places] }
    : {
        image: pictureOf(beta.example.corrupted, range!),
        captions: ['corrupted by noise', ...captionsOf(beta.example.prediction, beta.example.value)],
      };
  const tiles: Tile[] = [
    { image: photo, captions: ['input', ...captionsOf(result.prediction, value), ...tolerance] },
    tile,
    { image: attention, captions: [hookPoint ? 'grown' : 'attention', `${percent(1 - meanOf(beta.learned.mask))} needed`] },
    {
      image: over,
      captions: [
        'overlay',
        `soft: kept ${soft.kept} of ${soft.draws}`,
        hard ? `hard, ${percent(hard.fraction)}: kept ${hard.kept} of ${hard.draws}` : 'hard: no fraction held',
        ...deletionCaption(deletion),
      ],
    },
  ];
  return { label: headingOf(beta.beta, result.method), tiles, warning: caution(beta.evidence, result.answer) };
}

/** The page of a text: its words, or its tokens where nobody joined them; undefined where the input is no text. */
function pageOf(result: AuditResult, context: AuditContext): string | undefined {
  const { tokens } = context;
  const betas = result.betas.map((b) => {
    const pieces = runningText(context, b);
    const shown = pieces ? asPageTokens(pieces) : tokens && tokensIn(tokens, orderOf(b.learned)).tokens;
    const heading = result.method && { heading: result.method.title };
    return shown && { beta: b.beta, ...heading, claims: claimsAbout(b, result.answer, context), tokens: shown };
  });
  if (!betas.every((b) => b !== undefined)) return undefined;
  const answer = `The model's answer: ${predictionText(result)}`;
  return tokensPage({ title: context.title, answer, betas, notes: context.notes });
}

/** The document of schema lan-onnx/audit@2 (docs/audit-json.md): what audit.json holds. */
export function auditDocument(x: Tensor, result: AuditResult, context: AuditContext) {
  const drawn = pictureOfInput(x, context) !== undefined;
  const files = filesOf(result, drawn);
  const { betas: _, ...learning } = result.settings;
  const { maskShape, seed, budget } = learning;
  // Another method knows nothing of how masks are learned.
  const settings: Partial<typeof learning> = result.method ? { maskShape, seed, budget } : learning;
  return {
    schema: 'lan-onnx/audit@2' as const,
    version: context.version,
    run: context.run,
    files: {
      ...(drawn ? { sheet: SHEET } : {}),
      ...(context.tokens || context.features?.pieces ? { page: PAGE } : {}),
      ...featureFiles(context.features),
    },
    model: context.model,
    input: { ...context.input, ...(context.features ? { features: context.features.kind } : {}) },
    engine: context.engine,
    card: context.card,
    ...(context.preprocessing ? { preprocessing: context.preprocessing } : {}),
    ...(context.hookPoint ? { at: { name: context.hookPoint.name, shape: context.hookPoint.dims } } : {}),
    notes: context.notes,
    settings: { ...settings, noise: result.noise, betas: result.settings.betas },
    ...(result.method ? { method: result.method } : {}),
    answer: result.answer,
    prediction: result.prediction,
    agreement:
      result.answer.task === 'value' ? { maxValueDifference: result.agreement } : { maxProbabilityDifference: result.agreement },
    compileSeconds: result.compileSeconds,
    betas: result.betas.map((b, i) => ({
      beta: b.beta,
      files: files[i]!,
      maskMean: meanOf(b.learned.mask),
      claims: claimsAbout(b, result.answer, context),
      ...(context.tokens ? tokensIn(context.tokens, orderOf(b.learned)) : {}),
      ...documentedText(context, b),
      ...(context.features ? { features: documented(context.features, featureNeeds(context.features, b)) } : {}),
      evidence: b.evidence,
      ...(b.path && { path: b.path }),
      metrics: b.metrics,
      otherNoise: b.otherNoise,
      sanity: b.sanity,
      ...(b.attribution ? { passes: b.attribution.passes, details: b.attribution.details } : {}),
      steps: b.learned.history.length,
      stopped: b.learned.stopped,
      ...(b.learned.forwardPasses === undefined ? {} : { forwardPasses: b.learned.forwardPasses }),
      history: {
        loss: b.learned.history.map((h) => round(h.loss)),
        outputLoss: b.learned.history.map((h) => round(h.outputLoss)),
        maskMean: b.learned.history.map((h) => round(h.maskMean)),
        ...(b.learned.history.some((h) => h.kept !== undefined) && { kept: b.learned.history.map((h) => h.kept ?? null) }),
        ...(result.settings.keep !== undefined && { beta: b.learned.history.map((h) => round(h.beta)) }),
      },
      timings: {
        learnSeconds: b.learned.seconds,
        secondsPerStep: b.learned.seconds / Math.max(1, b.learned.history.length),
        evidenceSeconds: b.evidenceSeconds,
      },
    })),
  };
}

/** What `audit.json` holds. */
export type AuditDocument = ReturnType<typeof auditDocument>;

const round = (v: number): number => Number(v.toPrecision(7));
