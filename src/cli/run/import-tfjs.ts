// lan-onnx import-tfjs SOURCE --out F: a tfjs-layers model as an ONNX file with its card.
import { importTfjs, type ImportTfjsResult } from '../../api/import-tfjs.js';
import { readable } from '../../core/readable.js';
import { prepareResults } from '../../data/results.js';
import { count, toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import { importTfjs as definition } from '../commands/import-tfjs.js';
import type { Io } from '../io.js';
import { cardOf, noteTo } from '../model.js';

/** Writes the file and its card, and says what they hold. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const { size, out } = argv;
  await prepareResults([out], [argv.source]);
  const imported = await importTfjs(argv.source, { size, card: cardOf({ ...argv, layout: undefined, size: undefined }) });
  const files = await imported.save(out);
  imported.notes.forEach(noteTo(io, definition));
  if (files.card === undefined) noteTo(io, definition)(`the card beside '${out}' was there before, and is left as it is`);
  io.out(argv.json ? toJson({ ...imported.toJSON(), files }) : describe(files, imported));
}

function describe(
  files: { model: string; card?: string },
  { inputs, outputs, bytes, parameters, nodes, card }: ImportTfjsResult,
): string {
  const value = ({ name, shape }: ImportTfjsResult['inputs'][number]): string => `${readable(name)} float32[${shape.join(',')}]`;
  return [
    `${files.model}: ${count(parameters)} weights, ${nodes} nodes, ${(bytes.length / 1e6).toFixed(1)} MB`,
    ...inputs.map((v) => `  input  ${value(v)}`),
    ...outputs.map((v) => `  output ${value(v)}${card.output ? `, ${card.output}` : ''}`),
    ...(card.labels ? [`  labels ${readable((card.labels as readonly string[]).slice(0, 8).join(', '))}`] : []),
    `  files: ${Object.values(files).join(', ')}`,
    '',
  ].join('\n');
}
