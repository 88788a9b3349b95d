// The page into which a document is written: one file without network, whose parts are built beforehand from web/.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { LanError } from '../../core/errors.js';
import { packageFile } from '../../core/version.js';
import { escapeHtml } from '../tokens-page.js';
import type { ReportDocument } from './document.js';

/** The page beside each result. */
export const REPORT = 'report.html';

let template: Promise<string> | undefined;

/**
 * The built template. It comes with the package; in the source tree it is built by what the tree has, where it is not there yet. Throws LanError (`runtime`)
 * where the package is not whole.
 */
async function readTemplate(): Promise<string> {
  const [built, builder] = [packageFile('dist', 'web', REPORT), packageFile('web', 'build.js')];
  if (built === undefined || builder === undefined) throw missing();
  return readFile(built, 'utf8').catch(async () => {
    const made = (await import(pathToFileURL(builder).href).catch(() => undefined)) as Builder | undefined;
    if (!made) throw missing();
    return readFile(await made.buildReport(), 'utf8');
  });
}

interface Builder {
  buildReport(): Promise<string>;
}

const missing = (): LanError =>
  new LanError(
    'runtime',
    'The page of reports, dist/web/report.html, is missing from this installation of lan-onnx.',
    'Install it again.',
  );

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
