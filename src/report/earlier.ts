// What an earlier run left in a folder of results, known by its audit.json alone: nothing else is ours to remove or to go on from.
import { join } from 'node:path';
import { z } from 'zod';
import { readBytes, refusal, removeFile } from '../data/files.js';
import { inNaturalOrder } from '../data/natural-order.js';
import { entriesIn } from '../data/places.js';

/** The document of an audit within its folder. */
export const DOCUMENT = 'audit.json';

/** Names that an audit gives its files; a document that lists others is not believed. */
const OURS =
  /^(?:(?:mask|order)(?:-beta[\d.e+-]+)?\.npy|(?:attention|overlay)(?:-beta[\d.e+-]+)?\.png|sheet\.(?:png|svg)|(?:tokens|report)\.html|features\.(?:csv|png|svg)|array\.(?:png|svg)|path\.(?:png|svg|csv))$/;
const name = z.string().regex(OURS);

const Earlier = z.looseObject({
  schema: z.string().startsWith('lan-onnx/audit@'),
  files: z
    .object({
      report: name.optional(),
      sheet: name.optional(),
      sheetSvg: name.optional(),
      page: name.optional(),
      features: name.optional(),
      chart: name.optional(),
      chartSvg: name.optional(),
      array: name.optional(),
      arraySvg: name.optional(),
    })
    .optional(),
  betas: z.array(
    z.looseObject({
      files: z.object({
        mask: name,
        order: name.optional(),
        attention: name.optional(),
        overlay: name.optional(),
        path: name.optional(),
        pathSvg: name.optional(),
        pathTable: name.optional(),
      }),
      tokens: z.array(z.unknown()).optional(),
    }),
  ),
});

/** What a report in words is made of, too. */
const Finished = z.looseObject({
  run: z.string(),
  answer: z.looseObject({ task: z.enum(['class', 'target', 'labels', 'value']) }),
  prediction: z.array(z.looseObject({ label: z.string(), probability: z.number() })),
  betas: z
    .array(
      z.looseObject({
        beta: z.number(),
        claims: z.array(z.string()).min(1),
        maskMean: z.number(),
        steps: z.number(),
        // One that was interrupted holds less than was asked for.
        stopped: z.enum(['iterations', 'plateau', 'settled', 'budget', 'explainer', 'method']),
        timings: z.looseObject({ secondsPerStep: z.number(), evidenceSeconds: z.number() }),
      }),
    )
    .min(1),
});

const Sent = Finished.extend({ notes: z.array(z.string()) });

/** Whether this is the document of an audit that was finished: what others send is looked at before it is written. */
export const isDocument = (json: unknown): boolean => Earlier.safeParse(json).success && Sent.safeParse(json).success;

async function read(folder: string): Promise<{ readonly json: unknown; readonly files: readonly string[] } | undefined> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(await readBytes(join(folder, DOCUMENT), 'Result')));
  } catch {
    return undefined;
  }
  const { success, data } = Earlier.safeParse(json);
  if (!success) return undefined;
  const listed = data.betas.flatMap(({ files }) => Object.values(files));
  // Documents of before `files` name neither, and have the sheet beside the pictures and the page beside the tokens.
  const sheet = data.files ? data.files.sheet : data.betas.some((b) => b.files.overlay) ? 'sheet.png' : undefined;
  const page = data.files ? data.files.page : data.betas.some((b) => b.tokens) ? 'tokens.html' : undefined;
  return {
    json,
    files: [...listed, ...Object.values(data.files ?? {}), sheet, page].filter((f) => f !== undefined),
  };
}

/** Names of the plain files in a folder, links left out. */
const plainFiles = async (folder: string): Promise<ReadonlySet<string>> =>
  new Set((await entriesIn(folder)).flatMap(({ name, kind }) => (kind === 'file' ? [name] : [])));

/**
 * Makes room for a result that will consist of `files`: removes those of an earlier audit in this folder that will not be written anew, then its
 * audit.json, which would describe them no longer. Only plain files that this audit.json lists are removed. Gives the names of the former.
 * Throws LanError (`write`).
 */
export async function removeEarlier(folder: string, files: readonly string[]): Promise<string[]> {
  const earlier = await read(folder);
  if (!earlier) return [];
  const removed: string[] = [];
  try {
    const present = await plainFiles(folder);
    for (const name of new Set(earlier.files)) {
      if (files.includes(name) || !present.has(name)) continue;
      await removeFile(join(folder, name));
      removed.push(name);
    }
    await removeFile(join(folder, DOCUMENT));
  } catch (error) {
    throw refusal(folder, error);
  }
  return removed;
}

/** Folders below `out` with the results of an audit, but for those that are `known`; in natural order. */
export async function otherResults(out: string, known: readonly string[]): Promise<string[]> {
  const entries = await entriesIn(out).catch(() => []);
  const others: string[] = [];
  for (const entry of entries)
    if (entry.kind === 'folder' && !known.includes(entry.name) && (await read(join(out, entry.name)))) others.push(entry.name);
  return others.sort(inNaturalOrder);
}

/**
 * The document of an audit that was written to its end in this folder by the same run: the same model, options and input (`run`, see runOf), no mask
 * interrupted, every file there. Undefined where it has to be made (again).
 */
export async function finishedResult(folder: string, run: string): Promise<unknown> {
  const earlier = await read(folder);
  if (!earlier) return undefined;
  const { success, data } = Finished.safeParse(earlier.json);
  if (!success || data.run !== run) return undefined;
  const present = await plainFiles(folder);
  if (!earlier.files.every((name) => present.has(name))) return undefined;
  return earlier.json;
}
