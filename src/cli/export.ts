// What the two export commands do alike: open the model, make the file, write it, say what it holds.
import { openModel, type Classifier, type OpenOptions } from '../model/open.js';
import type { ExportedModel } from '../export/publish.js';
import { describeExport, exportDocument, writeExport } from '../report/exported.js';
import { ioOf, toJson } from './io.js';

/** Writes what `make` makes of the model to `argv.out`; the description, or the JSON document, goes to stdout and every note to stderr. */
export async function exportModel(
  argv: { readonly model: string; readonly out: string; readonly json: boolean },
  options: OpenOptions,
  make: (classifier: Classifier) => Promise<ExportedModel>,
): Promise<void> {
  const io = ioOf(argv);
  // Only ONNX gradient rules can be exported.
  const classifier = await openModel(argv.model, { ...options, engine: 'onnxruntime' });
  try {
    const exported = await make(classifier);
    await writeExport(argv.out, exported, classifier.source.path);
    for (const note of [...classifier.notes, ...exported.notes]) io.err(`note: ${note}\n`);
    io.out(argv.json ? toJson(exportDocument(argv.out, exported)) : describeExport(argv.out, exported));
  } finally {
    await classifier.dispose();
  }
}
