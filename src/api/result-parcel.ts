// The files of an input's result as one content of a store, and back. Of a report only what it says is sent: the page around it, four fifths of all, is part of each installation.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { parsed } from '../core/json.js';
import { readBytes } from '../data/files.js';
import { Sha256 } from '../queue/job.js';
import { pack, unpack } from '../queue/parcel.js';
import type { AuditDocument } from '../report/audit-files.js';
import { DOCUMENT, isDocument } from '../report/earlier.js';
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

/** A result that was looked at: its files, and what its document says. */
export interface UnpackedResult {
  readonly files: ResultFiles;
  readonly document: AuditDocument;
}

/** Throws LanError (`data`) for what `packResult` has not made: names that are not plain, no document or what is none, a page of another installation. */
export async function unpackResult(packed: Uint8Array): Promise<UnpackedResult> {
  const { about, parts } = unpack(packed, 'Result');
  const { success, data } = About.safeParse(about);
  const files = new Map(data?.names.map((name, i) => [name, parts[i]!]));
  const document = parsed(files.get(DOCUMENT));
  if (!success || data.names.length !== parts.length || files.size !== parts.length || !isDocument(document))
    throw new LanError('data', 'A worker gave a result whose files are not those of an audit.');
  if (data.page !== undefined) {
    if (data.page !== (await templateHash()))
      throw new LanError('data', 'A worker gave a report for another page than the one of this installation.', 'Install the same lan-onnx on all machines.'); // prettier-ignore
    const filled = Filled.safeParse(parsed(files.get(REPORT)));
    if (!filled.success) throw new LanError('data', 'A worker gave a report that cannot be read.');
    files.set(REPORT, Buffer.from(await pageOf(filled.data)));
  }
  return { files, document: document as AuditDocument };
}
