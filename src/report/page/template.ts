// The page into which a document is written: one file without network, whose parts are built beforehand from web/.
import { escapeHtml } from '../plain-page.js';
import type { ReportDocument } from './document.js';
import { readTemplate } from './template-file.js';

/** The page beside each result. */
export const REPORT = 'report.html';

let template: Promise<string> | undefined;

/**
 * The document as JSON within a `<script>`: no `<` is left that could end it or begin a comment in it. A number that JSON cannot hold becomes null.
 */
export const embedded = (document: ReportDocument): string => JSON.stringify(document).replace(/</g, '\\u003c');

/** The whole page. Throws LanError (`runtime`) where the template is missing. */
export async function reportPage(document: ReportDocument): Promise<string> {
  const text = await (template ??= readTemplate().catch((error: unknown) => {
    template = undefined;
    throw error;
  }));
  const filled = { title: escapeHtml(document.title), claim: escapeHtml(document.claim), document: embedded(document) };
  // In one pass: what is filled in may look like a place to fill.
  return text.replace(/\{\{(title|claim|document)\}\}/g, (_, name: keyof typeof filled) => filled[name]);
}
