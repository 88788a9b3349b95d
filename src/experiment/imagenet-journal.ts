// What the table of pictures keeps of its work, a line a photo, so that a run which was broken off goes on with the next photo.
import { join } from 'node:path';
import { z } from 'zod';
import { openJournal, type Journal } from '../data/journal.js';
import type { BetaResult } from '../explain/audit.js';
import type { Classifier } from '../model/classifier.js';

const whole = z.int().nonnegative();
/** JSON has no NaN: it is written as null. */
const number = z.number().nullable().transform((v) => v ?? NaN); // prettier-ignore
const tried = { kept: whole, draws: whole.min(1), interval: z.tuple([z.number(), z.number()]) };

/** Little-endian float32, as base64. */
const floats = z.base64().transform((text) => {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
});

const Mask = z.object({
  beta: z.number(),
  /** Mean of the mask: the part that is noise. */
  mean: z.number(),
  ...tried,
  /** Divergence of the answers in nats. */
  kl: number.optional(),
  /** Everything replaced. */
  alone: z.object(tried),
  /** The part that may be replaced entirely; null: no part of those tried. */
  replaced: z.number().nullable(),
  /** 1 - A, [height * width]. */
  attention: floats,
});

const Photo = z.object({
  /** SHA-256 of its file. */
  photo: z.string(),
  answer: z.string(),
  probability: z.number(),
  /** One for each beta, ascending. */
  masks: z.array(Mask).min(1),
  /** What it took. */
  seconds: z.number().nonnegative(),
});

/** A mask of a photo and what it proves; see the fields of the form. */
export type PhotoMask = z.infer<typeof Mask>;

/** A photo with its masks; see the fields of the form. */
export type PhotoRecord = z.infer<typeof Photo>;

/** What is kept of a mask with its attention [height * width]. */
export function maskOf({ beta, evidence: { soft, hard, noiseAlone } }: BetaResult, attention: Float32Array): PhotoMask {
  const { fraction: mean, kept, draws, interval, kl } = soft;
  const alone = { kept: noiseAlone.kept, draws: noiseAlone.draws, interval: pair(noiseAlone.interval) };
  return {
    beta,
    mean,
    kept,
    draws,
    interval: pair(interval),
    kl,
    alone,
    replaced: hard?.fraction ?? null,
    attention: Float32Array.from(attention),
  };
}

const pair = ([low, high]: readonly [number, number]): [number, number] => [low, high];

/** Opens the journal of the table in a run folder. Throws LanError as openJournal: `data` for one of another model or of other settings. */
export async function openPhotoJournal(
  folder: string,
  { source, card }: Classifier,
  settings: object,
  evidenceDraws: number,
): Promise<Journal<PhotoRecord>> {
  const header = {
    schema: 'lan-onnx/photo-journal@1',
    model: source.sha256,
    card: JSON.stringify(card) ?? null,
    settings: JSON.stringify(settings),
    evidenceDraws,
  };
  const journal = await openJournal(join(folder, 'masks.journal.jsonl'), header, Photo);
  const written = ({ attention, ...mask }: PhotoMask): object => ({
    ...mask,
    attention: Buffer.from(attention.buffer, attention.byteOffset, attention.byteLength).toString('base64'),
  });
  return {
    ...journal,
    append: (record) => journal.append({ ...record, masks: record.masks.map(written) } as unknown as PhotoRecord),
  };
}
