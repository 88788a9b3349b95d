// The files of an input's result as one content of a store, and back. Of a report only what it says is sent: the page around it, four fifths of all, is part of each installation.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { readBytes } from '../data/files.js';
import { Sha256 } from '../queue/job.js';
import { pack, unpack } from '../queue/parcel.js';
import { DOCUMENT } from '../report/earlier.js';
import { filledIn, pageOf, REPORT, templateHash } from '../report/page/template.js';

/** Names of the files; `page`: SHA-256 of the template that the report's part is to be filled into, where it is no whole page. */
const About = z.strictObject({ names: z.array(z.string().regex(/^[\w][\w.+-]{0,100}$/)), page: Sha256.optional() });
const Filled = z.array(z.string());

/** Files by name. */
export type ResultFiles = ReadonlyMap<string, Uint8Array>;

/** The files of `folder` as one content, and how many bytes they are. */
export async function packResult(folder: string): Promise<{ readonly packed: Uint8Array; readonly bytes: number }> {
  const names = (await readdir(folder)).sort();
  const files: Uint8Array[] = [];
  for (const name of names) files.push(await readBytes(join(folder, name), 'Result'));
  const bytes = files.reduce((sum, file) => sum + file.length, 0);
  const at = names.indexOf(REPORT);
  const filled = at < 0 ? undefined : await filledIn(Buffer.from(files[at]!).toString());
  const parts = filled ? files.with(at, Buffer.from(JSON.stringify(filled))) : files;
  return { packed: pack({ about: { names, ...(filled ? { page: await templateHash() } : {}) }, parts }), bytes };
}

/** Throws LanError (`data`) for what `packResult` has not made: names that are not plain, no document, a page of another installation. */
export async function unpackResult(packed: Uint8Array): Promise<ResultFiles> {
  const { about, parts } = unpack(packed, 'Result');
  const { success, data } = About.safeParse(about);
  if (
    !success ||
    data.names.length !== parts.length ||
    new Set(data.names).size !== parts.length ||
    !data.names.includes(DOCUMENT)
  )
    throw new LanError('data', 'A worker gave a result whose files are not those of an audit.');
  const files = new Map(data.names.map((name, i) => [name, parts[i]!]));
  const report = files.get(REPORT);
  if (data.page === undefined || !report) return files;
  if (data.page !== (await templateHash()))
    throw new LanError('data', 'A worker gave a report for another page than the one of this installation.', 'Install the same lan-onnx on all machines.'); // prettier-ignore
  return files.set(REPORT, Buffer.from(await pageOf(filledBy(report))));
}

function filledBy(report: Uint8Array): string[] {
  try {
    return Filled.parse(JSON.parse(Buffer.from(report).toString()));
  } catch {
    throw new LanError('data', 'A worker gave a report that cannot be read.');
  }
}
