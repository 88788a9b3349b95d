// The file of the page's template, where the package has it.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { LanError } from '../../core/errors.js';
import { packageFile } from '../../core/version.js';

/**
 * The built template. It comes with the package; in the source tree it is built by what the tree has, where it is not there yet. Throws LanError (`runtime`)
 * where the package is not whole.
 */
export async function readTemplate(): Promise<string> {
  const [built, builder] = [packageFile('dist', 'web', 'report.html'), packageFile('web', 'build.js')];
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
