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

interface Template {
  readonly text: string;
  /** What lies around the places to fill, in order. */
  readonly around: readonly string[];
  readonly sha256: string;
}
let template: Promise<Template> | undefined;

/** The template of this installation, read once. Throws LanError (`runtime`) where it is missing. */
const theTemplate = (): Promise<Template> =>
  (template ??= readTemplate().then(
    // Every other part of a split is the name of a place.
    (text) => ({ text, around: text.split(PLACE).filter((_, i) => i % 2 === 0), sha256: sha256(text) }),
    (error: unknown) => {
      template = undefined;
      throw error;
    },
  ));

/**
 * The document as JSON within a `<script>`: no `<` is left that could end it or begin a comment in it. A number that JSON cannot hold becomes null.
 */
export const embedded = (document: ReportDocument): string => JSON.stringify(document).replace(/</g, '\\u003c');

/** The whole page. Throws LanError (`runtime`) where the template is missing. */
export async function reportPage(document: ReportDocument): Promise<string> {
  const { text } = await theTemplate();
  const filled = { title: escapeHtml(document.title), claim: escapeHtml(document.claim), document: embedded(document) };
  // In one pass: what is filled in may look like a place to fill.
  return text.replace(PLACE, (_, name: keyof typeof filled) => filled[name]);
}

/** SHA-256 of the template of this installation. */
export const templateHash = async (): Promise<string> => (await theTemplate()).sha256;

/** What was filled into a page, in order; undefined where the page is not made of this template. */
export async function filledIn(page: string): Promise<string[] | undefined> {
  const { around } = await theTemplate();
  const filled: string[] = [];
  let end = 0;
  for (const piece of around) {
    const start = page.indexOf(piece, end);
    if (start < 0) return undefined;
    filled.push(page.slice(end, start));
    end = start + piece.length;
  }
  // Nothing stands before the first piece, nor behind the last.
  return filled.shift() === '' && end === page.length ? filled : undefined;
}

/** The page with these filled in: pageOf(filledIn(page)) is the page. Throws LanError (`data`) where they are not as many as there are places. */
export async function pageOf(filled: readonly string[]): Promise<string> {
  const { around } = await theTemplate();
  if (filled.length !== around.length - 1)
    throw new LanError('data', `A page has ${around.length - 1} places, and ${filled.length} are filled.`);
  return around.map((piece, i) => piece + (filled[i] ?? '')).join('');
}
