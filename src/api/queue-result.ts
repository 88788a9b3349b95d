// What a worker gives back for an input, looked at before any of it is written.
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import type { AuditDocument } from '../report/audit-files.js';
import { DOCUMENT, isDocument } from '../report/earlier.js';

/** The files of a result by name. Throws LanError (`data`) for names that are not plain, and where the document is missing, or is none. */
export function filesIn({ about, parts }: { readonly about: unknown; readonly parts: readonly Uint8Array[] }) {
  const { success, data: names } = z.array(z.string().regex(/^[\w][\w.+-]{0,100}$/)).safeParse(about);
  const document = success ? parsed(parts[names.indexOf(DOCUMENT)]) : undefined;
  if (!success || names.length !== parts.length || !isDocument(document))
    throw new LanError('data', 'A worker gave a result whose files are not those of an audit.');
  return { names, parts, document: document as AuditDocument };
}

function parsed(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
