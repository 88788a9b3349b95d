// What an audit leaves on disk for one input: report.html, mask.npy, order.npy, attention.png, overlay.png, sheet.png, tokens.html and audit.json.
import { join } from 'node:path';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { encodePng, type Picture } from '../data/images.js';
import { writeAtomically } from '../data/files.js';
import { encodeNpy } from '../data/npy.js';
import type { ShownAnswer } from '../explain/shown.js';
import type { AuditResult, BetaResult } from '../explain/audit.js';
import { orderOf } from '../lan/learn.js';
import { drawAttention, type DrawnAttention } from './drawing/attention.js';
import { pictureOf } from './drawing/colour.js';
import { sheet, type Caption, type Row, type Tile } from './drawing/sheet.js';
import { caution, deletionCaption, leads, percent } from './claims.js';
import { claimedExample } from './example.js';
import { DOCUMENT, removeEarlier } from './earlier.js';
import { fourDigits } from './format.js';
import { auditReport } from './page/audit.js';
import { sectionsOf } from './page/sections.js';
import { REPORT, reportPage } from './page/template.js';
import { plainClaim } from './plain.js';
import { PATH_FILES, writePath } from './path-files.js';
import { captioned, predictionText, top, withAsked } from './prediction.js';
import { tokensPage } from './tokens-page.js';
import { featureFiles, writeFeatures } from './feature-files.js';
import { vectorOf, writeFigure } from './figure-files.js';
import { claimsAbout } from './claims-about.js';
import { compareRows } from './compare-rows.js';
import { documented, featureNeeds } from './features.js';
import { asPageTokens, documentedText, runningText } from './running-text.js';
import { tokensIn } from './tokens.js';
import type { AuditContext } from './contexts.js';

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
  /** The page for people. */
  readonly report: string;
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
    const drawn = drawAttention(picture, orderOf(beta.learned), context.colormap);
    await writeAtomically(join(folder, attention!), await toPng(drawn.attention));
    await writeAtomically(join(folder, over!), await toPng(drawn.over));
    rows.push(sheetRow(picture, drawn, beta, x, result, context));
  }
  let sheetPath: string | undefined;
  if (rows.length > 0) {
    sheetPath = join(folder, SHEET);
    await writeFigure(folder, SHEET, sheet({ title: context.title, rows, colourMap: context.colormap }));
  }
  let page: string | undefined;
  if (context.features) await writeFeatures(folder, context.title, context.features, result);
  if (document.files.page !== undefined) {
    page = join(folder, PAGE);
    await writeAtomically(page, pageOf(result, context)!);
  }
  const report = join(folder, REPORT);
  const masks = result.betas.map(({ learned }) => learned.mask);
  const sections = await sectionsOf(context.plugins, { document, x, masks });
  await writeAtomically(report, await reportPage(await auditReport(x, result, context, sections)));
  const json = join(folder, DOCUMENT);
  await writeAtomically(json, `${JSON.stringify(document, null, 2)}\n`);
  const { features, chart, array } = pathsIn(folder, featureFiles(context.features));
  return { json, report, sheet: sheetPath, page, features, chart, array, removed };
}

const pathsIn = <T extends object>(folder: string, names: T): T =>
  Object.fromEntries(Object.entries(names).map(([what, name]) => [what, join(folder, name as string)])) as T;

const toPng = (p: Picture): Promise<Uint8Array> => encodePng(p.pixels, p.width, p.height);

const meanOf = (mask: Tensor): number => toFloat32(mask).reduce((a, b) => a + b, 0) / sizeOf(mask.dims);

function sheetRow(
  photo: Picture,
  { attention, over, own }: DrawnAttention,
  beta: BetaResult,
  x: Tensor,
  result: AuditResult,
  { range, hookPoint }: AuditContext,
): Row {
  const { soft, hard, noiseAlone, deletion, least } = beta.evidence;
  const { answer } = result;
  const shown = Math.max(2, answer.task === 'labels' ? top(result).length : 0);
  const captionsOf = (prediction: ShownAnswer['prediction'], value: number | undefined): Caption[] =>
    value === undefined ? withAsked(answer, prediction, shown).map(captioned) : [`value ${fourDigits(value)}`];
  const value = answer.task === 'value' ? answer.value : undefined;
  const tolerance = answer.task === 'value' ? [`kept: within ${fourDigits(answer.within)}`] : [];
  // What the headline claims is what is shown: elements replaced entirely where that claim leads, else the mask mixed in.
  const claimed = hard && leads(hard, least) ? claimedExample(x, beta, result.shownDraws) : undefined;
  const example = claimed ?? beta.example;
  const what = claimed ? `${percent(hard!.fraction)} replaced` : `noise mixed in, ${percent(soft.fraction)} on average`;
  // What noise made of a value inside is no picture; the mask in its own size is.
  const tile: Tile = hookPoint
    ? { image: own, captions: [`attention at ${hookPoint.name}`, own.places] }
    : { image: pictureOf(example.corrupted, range!), captions: [what, ...captionsOf(example.prediction, example.value)] };
  const rate = ({ kept, draws }: { readonly kept: number; readonly draws: number }): string => `${kept} of ${draws}`;
  const tiles: Tile[] = [
    { image: photo, captions: ['input', ...captionsOf(result.prediction, value), ...tolerance] },
    tile,
    { image: attention, captions: [hookPoint ? 'grown' : 'attention', `${percent(1 - meanOf(beta.learned.mask))} needed`] },
    {
      image: over,
      captions: [
        'overlay',
        hard ? `${percent(hard.fraction)} replaced: kept ${rate(hard)}` : 'no fraction held',
        `mixed in: kept ${rate(soft)}`,
        ...deletionCaption(deletion),
      ],
    },
  ];
  const scene = { answer, noise: result.noise, kind: hookPoint ? { value: hookPoint.name } : ('picture' as const) };
  return {
    label: `${result.betas.length > 1 ? `beta ${beta.beta}: ` : result.method ? `${result.method.title}: ` : ''}${plainClaim(beta.evidence, scene)}.`,
    tiles,
    note: `noise: ${result.noise}; by itself it gives the answer in ${rate(noiseAlone)} tries`,
    warning: caution(beta.evidence, answer),
  };
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
      report: REPORT,
      ...(drawn ? { sheet: SHEET, sheetSvg: vectorOf(SHEET) } : {}),
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
    ...(context.others ? { others: compareRows({ methods: context.others }) } : {}),
    betas: result.betas.map((b, i) => ({
      beta: b.beta,
      files: files[i]!,
      maskMean: meanOf(b.learned.mask),
      claims: claimsAbout(b, result.answer, context),
      ...(context.tokens ? tokensIn(context.tokens, orderOf(b.learned)) : {}),
      ...documentedText(context, b),
      ...(context.features ? { features: documented(context.features, featureNeeds(context.features, b)) } : {}),
      evidence: b.evidence,
      ...(b.leftOut && { leftOut: b.leftOut }),
      ...(b.path && { path: b.path }),
      metrics: b.metrics,
      otherNoise: b.otherNoise,
      sanity: b.sanity,
      ...(b.attribution ? { passes: b.attribution.passes, details: b.attribution.details } : {}),
      steps: b.learned.history.length,
      stopped: b.learned.stopped,
      ...(b.learned.changes && { changes: b.learned.changes }),
      ...(b.learned.forwardPasses === undefined ? {} : { forwardPasses: b.learned.forwardPasses }),
      history: {
        loss: b.learned.history.map((h) => round(h.loss)),
        outputLoss: b.learned.history.map((h) => round(h.outputLoss)),
        maskMean: b.learned.history.map((h) => round(h.maskMean)),
        ...(b.learned.history.some((h) => h.kept !== undefined) && { kept: b.learned.history.map((h) => h.kept ?? null) }),
        ...((b.learned.changes || b.learned.history.some((h) => h.beta !== b.beta)) && {
          beta: b.learned.history.map((h) => round(h.beta)),
        }),
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
