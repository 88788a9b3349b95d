// What an audit leaves on disk for one input: mask.npy, attention.png, overlay.png, sheet.png and audit.json.
import { join } from 'node:path';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { encodePng, type Picture } from '../data/images.js';
import { writeAtomically } from '../data/files.js';
import { encodeNpy } from '../data/npy.js';
import type { AuditResult, BetaResult, Prediction } from '../evidence/audit.js';
import { heatmap, overlay, pictureOf } from './colour.js';
import { sheet, type Tile } from './sheet.js';
import { claims } from './claims.js';

/** What the report says besides the result itself. */
export interface AuditSubject {
  readonly title: string;
  readonly model: { readonly path: string; readonly sha256: string };
  readonly input: { readonly path: string; readonly sha256: string };
  readonly engine: object;
  readonly card: object | undefined;
  readonly notes: readonly string[];
  readonly version: string;
  /** Largest pixel value, where the input is a picture. */
  readonly range?: 1 | 255;
}

/** Paths of the files of one beta. */
export interface BetaFiles {
  readonly mask: string;
  readonly attention?: string;
  readonly overlay?: string;
}

/**
 * Writes all files of one input into `folder`; with several betas their names carry `-beta<b>`. Each file is written whole or not at all.
 * Pictures are made for inputs of shape [1,1|3,H,W]. Returns the folder's main files. Throws LanError when the folder can not be written.
 */
export async function writeAudit(
  folder: string,
  x: Tensor,
  result: AuditResult,
  subject: AuditSubject,
): Promise<{ json: string; sheet?: string }> {
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
    const { attention, over } = drawAttention(picture, beta.learned.mask);
    files.push({ mask, attention: `attention${suffix}.png`, overlay: `overlay${suffix}.png` });
    await writeAtomically(join(folder, `attention${suffix}.png`), await toPng(attention));
    await writeAtomically(join(folder, `overlay${suffix}.png`), await toPng(over));
    rows.push(sheetRow(picture, attention, over, beta, result, subject.range!));
  }
  let sheetPath: string | undefined;
  if (rows.length > 0) {
    sheetPath = join(folder, 'sheet.png');
    await writeAtomically(sheetPath, await sheet({ title: subject.title, rows }));
  }
  const json = join(folder, 'audit.json');
  await writeAtomically(json, `${JSON.stringify(toJson(result, subject, files), null, 2)}\n`);
  return { json, sheet: sheetPath };
}

const toPng = (p: Picture): Promise<Uint8Array> => encodePng(p.pixels, p.width, p.height);

/** Attention 1 - A as a heat map and over the photo; a full mask is averaged over channels. */
function drawAttention(photo: Picture, mask: Tensor): { attention: Picture; over: Picture } {
  const { width, height } = photo;
  const values = toFloat32(mask);
  const area = width * height;
  const channels = sizeOf(mask.dims) / area;
  const attention = new Float32Array(area);
  for (let i = 0; i < area; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[c * area + i]!;
    attention[i] = 1 - sum / channels;
  }
  return {
    attention: { width, height, pixels: heatmap(attention) },
    over: { width, height, pixels: overlay(photo.pixels, attention) },
  };
}

const named = (p: Prediction | undefined): string => (p ? `${p.label} ${p.probability.toFixed(3)}` : '');

function sheetRow(
  photo: Picture,
  attention: Picture,
  over: Picture,
  beta: BetaResult,
  result: AuditResult,
  range: 1 | 255,
): { label: string; tiles: Tile[] } {
  const { soft, hard } = beta.evidence;
  const tiles: Tile[] = [
    { image: photo, captions: ['input', named(result.prediction[0]), named(result.prediction[1])] },
    {
      image: pictureOf(beta.example.corrupted, range),
      captions: ['corrupted by noise', named(beta.example.prediction[0]), named(beta.example.prediction[1])],
    },
    { image: attention, captions: ['attention', `${percent(1 - soft.share)} needed`] },
    {
      image: over,
      captions: [
        'overlay',
        `soft: kept ${soft.kept} of ${soft.draws}`,
        hard ? `hard, ${percent(hard.share)}: kept ${hard.kept} of ${hard.draws}` : 'hard: no share held',
      ],
    },
  ];
  return { label: `beta ${beta.beta}`, tiles };
}

const percent = (share: number): string => `${(100 * share).toFixed(share > 0.99 ? 1 : 0)} %`;

/** The document of schema lan-onnx/audit@1 (docs/audit-json.md). */
function toJson(result: AuditResult, subject: AuditSubject, files: readonly BetaFiles[]): object {
  const { betas: _, ...settings } = result.settings;
  return {
    schema: 'lan-onnx/audit@1',
    version: subject.version,
    model: subject.model,
    input: subject.input,
    engine: subject.engine,
    card: subject.card,
    notes: subject.notes,
    settings: { ...settings, noise: result.noise, betas: result.settings.betas },
    prediction: result.prediction,
    agreement: { maxProbabilityDifference: result.agreement },
    compileSeconds: result.compileSeconds,
    betas: result.betas.map((b, i) => ({
      beta: b.beta,
      files: files[i],
      maskMean: b.evidence.soft.share,
      claims: claims(b, result.prediction[0]!.label),
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
