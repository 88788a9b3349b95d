// What the two export commands do alike: refuse what no exported file can follow, write the file, say what it holds.
import type { ExportResult } from '../../api/export.js';
import { LanError } from '../../core/errors.js';
import { prepareResults } from '../../data/results.js';
import type { OpenOptions } from '../../model/open.js';
import { describeExport } from '../../report/exported.js';
import { toJson } from '../../report/format.js';
import type { Definition } from '../command.js';
import type { Io } from '../io.js';
import { noteTo, openOptions, type ModelArguments } from '../model.js';

/**
 * Writes what `make` makes of the model to `argv.out`; the description, or the JSON document, goes to stdout and every note to stderr. Throws
 * LanError for options that an exported file cannot follow, besides what `make` throws.
 */
export async function exportModel(
  argv: ModelArguments & { readonly model: string; readonly out: string; readonly json: boolean },
  io: Io,
  definition: Definition,
  make: (model: string, options: OpenOptions) => Promise<ExportResult>,
): Promise<void> {
  if (argv.engine === 'tfjs')
    throw new LanError('usage', '`engine`: an exported file is run by onnxruntime, and so are its gradient rules; tfjs has none that can be written to a file.', 'Leave `engine` out.'); // prettier-ignore
  if (argv.feed)
    throw new LanError(
      'usage',
      '`feeds`: an exported file keeps all inputs of the model.',
      'Bind open axes with `shapes`, and feed the inputs when you run the file.',
    );
  await prepareResults([argv.out], [argv.model]);
  const exported = await make(argv.model, openOptions(argv));
  await exported.save(argv.out);
  exported.notes.forEach(noteTo(io, definition));
  io.out(argv.json ? toJson(exported.document(argv.out)) : describeExport(argv.out, exported));
}
