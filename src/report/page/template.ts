// The page into which a document is written: one file without network, whose parts are built beforehand from web/.
import { LanError } from '../../core/errors.js';
import { sha256 } from '../../data/files.js';
import { escapeHtml } from '../plain-page.js';
import type { ReportDocument } from './document.js';
import { readTemplate } from './template-file.js';

/** The page beside each result. */
export const REPORT = 'report.html';

/** Where something is filled in. */
const PLACE = /\{\{(title|claim|document)\}\}/g;

let template: Promise<string> | undefined;

/** Throws LanError (`runtime`) where the template is missing. */
const templateText = (): Promise<string> =>
  (template ??= readTemplate().catch((error: unknown) => {
    template = undefined;
    throw error;
  }));

/**
 * The document as JSON within a `<script>`: no `<` is left that could end it or begin a comment in it. A number that JSON cannot hold becomes null.
 */
export const embedded = (document: ReportDocument): string => JSON.stringify(document).replace(/</g, '\\u003c');

/** The whole page. Throws LanError (`runtime`) where the template is missing. */
export async function reportPage(document: ReportDocument): Promise<string> {
  const text = await templateText();
  const filled = { title: escapeHtml(document.title), claim: escapeHtml(document.claim), document: embedded(document) };
  // In one pass: what is filled in may look like a place to fill.
  return text.replace(PLACE, (_, name: keyof typeof filled) => filled[name]);
}

/** SHA-256 of the template of this installation. */
export const templateHash = async (): Promise<string> => sha256(await templateText());

/** What lies around the places to fill, in order. */
const around = async (): Promise<string[]> => (await templateText()).split(new RegExp(PLACE.source.replace('(', '(?:'), 'g'));

/** What was filled into a page, in order; undefined where the page is not made of this template. */
export async function filledIn(page: string): Promise<string[] | undefined> {
  const pieces = await around();
  const [first, last] = [pieces[0]!, pieces.at(-1)!];
  if (!page.startsWith(first) || !page.endsWith(last)) return undefined;
  const filled: string[] = [];
  let at = first.length;
  for (const [i, piece] of pieces.entries()) {
    if (i === 0) continue;
    const end = i === pieces.length - 1 ? page.length - last.length : page.indexOf(piece, at);
    if (end < at) return undefined;
    filled.push(page.slice(at, end));
    at = end + piece.length;
  }
  return filled;
}

/** The page with these filled in: pageOf(filledIn(page)) is the page. Throws LanError (`data`) where they are not as many as there are places. */
export async function pageOf(filled: readonly string[]): Promise<string> {
  const pieces = await around();
  if (filled.length !== pieces.length - 1)
    throw new LanError('data', `A page has ${pieces.length - 1} places, and ${filled.length} are filled.`);
  return pieces.map((piece, i) => (i === 0 ? piece : filled[i - 1]! + piece)).join('');
}
