// What the two export commands do alike: open the model, make the file, write it, say what it holds.
import { LanError } from '../../core/errors.js';
import type { ExportedModel } from '../../export/publish.js';
import type { Classifier, OpenOptions } from '../../model/open.js';
import { prepareResults } from '../../data/results.js';
import { describeExport, exportDocument, writeExport } from '../../report/exported.js';
import { toJson } from '../../report/format.js';
import type { Io } from '../io.js';
import { withModel, type ModelArguments } from '../model.js';

/**
 * Writes what `make` makes of the model to `argv.out`; the description, or the JSON document, goes to stdout and every note to stderr. Throws
 * LanError for options that an exported file cannot follow, besides what opening and `make` throw.
 */
export async function exportModel(
  argv: ModelArguments & { readonly model: string; readonly out: string; readonly json: boolean },
  io: Io,
  open: Partial<OpenOptions>,
  make: (model: Classifier) => Promise<ExportedModel>,
): Promise<void> {
  if (argv.engine === 'tfjs')
    throw new LanError('usage', '`engine`: an exported file is run by onnxruntime, and so are its gradient rules; tfjs has none that can be written to a file.', 'Leave `engine` out.'); // prettier-ignore
  if (argv.feed)
    throw new LanError(
      'usage',
      '`feeds`: an exported file keeps all inputs of the model.',
      'Bind open axes with `shapes`, and feed the inputs when you run the file.',
    );
  await withModel(argv, io, { open: { ...open, engine: 'onnxruntime' } }, async (model) => {
    await prepareResults([argv.out], [argv.model]);
    const exported = await make(model);
    await writeExport(argv.out, exported, model.source.path);
    for (const note of exported.notes) io.err(`note: ${note}\n`);
    io.out(argv.json ? toJson(exportDocument(argv.out, exported)) : describeExport(argv.out, exported));
  });
}
