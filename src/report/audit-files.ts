// What an audit leaves on disk for one input: mask.npy, attention.png, overlay.png, sheet.png, tokens.html and audit.json.
import { join } from 'node:path';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { encodePng, type Picture } from '../data/images.js';
import { writeAtomically } from '../data/files.js';
import { encodeNpy } from '../data/npy.js';
import type { HookPoint } from '../model/hook-point.js';
import type { AuditResult, BetaResult, Prediction } from '../explain/audit.js';
import { heatmap, overlay, pictureOf, scaleBilinear, scaleNearest } from './drawing/colour.js';
import { sheet, type Tile } from './drawing/sheet.js';
import { claims, partOf } from './claims.js';
import { tokensPage } from './tokens-page.js';
import { tokenMasks, type Tokens } from './tokens.js';

/** What the report says besides the result itself. */
export interface AuditSubject {
  readonly title: string;
  readonly model: { readonly path: string; readonly sha256: string };
  readonly input: { readonly path: string; readonly sha256: string };
  readonly engine: object;
  readonly card: object | undefined;
  readonly notes: readonly string[];
  readonly version: string;
  /** Largest pixel value, where the input is a picture and the mask lies on it, or on a map of it. */
  readonly range?: 1 | 255;
  /** Where the mask lies, when not on the input itself. */
  readonly point?: HookPoint;
  /** The input's tokens, where the mask lies on them. */
  readonly tokens?: Tokens;
}

/** Paths of the files of one beta. */
export interface BetaFiles {
  readonly mask: string;
  readonly attention?: string;
  readonly overlay?: string;
}

/**
 * Writes all files of one input into `folder`; with several betas their names carry `-beta<b>`. Each file is written whole or not at all.
 * Pictures are made for inputs of shape [1,1|3,H,W], a page for tokens. Returns the folder's main files, and
 * what audit.json holds. Throws LanError when the folder can not be written.
 */
export async function writeAudit(
  folder: string,
  x: Tensor,
  result: AuditResult,
  subject: AuditSubject,
): Promise<{ json: string; document: object; sheet?: string; page?: string }> {
  const picture = subject.range && x.dims.length === 4 ? pictureOf(x, subject.range) : undefined;
  const files: BetaFiles[] = [];
  const rows: { label: string; tiles: Tile[] }[] = [];
  for (const beta of result.betas) {
    const suffix = result.betas.length > 1 ? `-beta${beta.beta}` : '';
    const mask = `mask${suffix}.npy`;
    await writeAtomically(join(folder, mask), encodeNpy(beta.learned.mask));
    if (!picture) {
      files.push({ mask });
      continue;
    }
    const drawn = drawAttention(picture, beta.learned.mask);
    files.push({ mask, attention: `attention${suffix}.png`, overlay: `overlay${suffix}.png` });
    await writeAtomically(join(folder, `attention${suffix}.png`), await toPng(drawn.attention));
    await writeAtomically(join(folder, `overlay${suffix}.png`), await toPng(drawn.over));
    rows.push(sheetRow(picture, drawn, beta, result, subject));
  }
  let sheetPath: string | undefined;
  if (rows.length > 0) {
    sheetPath = join(folder, 'sheet.png');
    await writeAtomically(sheetPath, await sheet({ title: subject.title, rows }));
  }
  let page: string | undefined;
  if (subject.tokens) {
    page = join(folder, 'tokens.html');
    await writeAtomically(page, pageOf(result, subject, subject.tokens));
  }
  const json = join(folder, 'audit.json');
  const document = toJson(result, subject, files);
  await writeAtomically(json, `${JSON.stringify(document, null, 2)}\n`);
  return { json, document, sheet: sheetPath, page };
}

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

const named = (p: Prediction | undefined): string => (p ? `${p.label} ${p.probability.toFixed(3)}` : '');

function sheetRow(
  photo: Picture,
  { attention, over, own }: ReturnType<typeof drawAttention>,
  beta: BetaResult,
  result: AuditResult,
  { range, point }: AuditSubject,
): { label: string; tiles: Tile[] } {
  const { soft, hard } = beta.evidence;
  const answers = [named(beta.example.prediction[0]), named(beta.example.prediction[1])];
  // What noise made of a value inside is no picture; the mask in its own size is.
  const tile: Tile = point
    ? { image: own, captions: [`attention at ${point.name}`, own.places] }
    : { image: pictureOf(beta.example.corrupted, range!), captions: ['corrupted by noise', ...answers] };
  const tiles: Tile[] = [
    { image: photo, captions: ['input', named(result.prediction[0]), named(result.prediction[1])] },
    tile,
    { image: attention, captions: [point ? 'grown' : 'attention', `${percent(1 - soft.fraction)} needed`] },
    {
      image: over,
      captions: [
        'overlay',
        `soft: kept ${soft.kept} of ${soft.draws}`,
        hard ? `hard, ${percent(hard.fraction)}: kept ${hard.kept} of ${hard.draws}` : 'hard: no share held',
      ],
    },
  ];
  return { label: `beta ${beta.beta}`, tiles };
}

const percent = (share: number): string => `${(100 * share).toFixed(share > 0.99 ? 1 : 0)} %`;

function pageOf(result: AuditResult, subject: AuditSubject, tokens: Tokens): string {
  const { label } = result.prediction[0]!;
  return tokensPage({
    title: subject.title,
    answer: `The model's answer: ${result.prediction.slice(0, 3).map(named).join(', ')}`,
    betas: result.betas.map((b) => ({
      beta: b.beta,
      claims: claims(b, label, partOf(subject.point)),
      tokens: tokenMasks(tokens, b.learned.mask),
    })),
    notes: subject.notes,
  });
}

/** The document of schema lan-onnx/audit@2 (docs/audit-json.md). */
function toJson(result: AuditResult, subject: AuditSubject, files: readonly BetaFiles[]): object {
  const { betas: _, ...settings } = result.settings;
  return {
    schema: 'lan-onnx/audit@2',
    version: subject.version,
    model: subject.model,
    input: subject.input,
    engine: subject.engine,
    card: subject.card,
    ...(subject.point ? { at: { name: subject.point.name, shape: subject.point.dims } } : {}),
    notes: subject.notes,
    settings: { ...settings, noise: result.noise, betas: result.settings.betas },
    prediction: result.prediction,
    agreement: { maxProbabilityDifference: result.agreement },
    compileSeconds: result.compileSeconds,
    betas: result.betas.map((b, i) => ({
      beta: b.beta,
      files: files[i],
      maskMean: b.evidence.soft.fraction,
      claims: claims(b, result.prediction[0]!.label, partOf(subject.point)),
      ...(subject.tokens ? { tokens: tokenMasks(subject.tokens, b.learned.mask) } : {}),
      evidence: b.evidence,
      steps: b.learned.history.length,
      stopped: b.learned.stopped,
      history: {
        loss: b.learned.history.map((h) => round(h.loss)),
        outputLoss: b.learned.history.map((h) => round(h.outputLoss)),
        maskMean: b.learned.history.map((h) => round(h.maskMean)),
      },
      timings: {
        learnSeconds: b.learned.seconds,
        secondsPerStep: b.learned.seconds / Math.max(1, b.learned.history.length),
        evidenceSeconds: b.evidenceSeconds,
      },
    })),
  };
}

const round = (v: number): number => Number(v.toPrecision(7));
