// The file of the page's template, beside the bundle.
import { LanError } from '../../../../core/errors.js';

/** The built template, from the same place as this code. Throws LanError (`runtime`) where it is not there. */
export async function readTemplate(): Promise<string> {
  const response = await fetch(new URL('report.html', import.meta.url));
  if (response.ok) return response.text();
  throw new LanError('runtime', `The page of reports, report.html, cannot be loaded (${response.status}).`, 'Copy dist/web/report.html of lan-onnx beside the script.');
} // prettier-ignore
