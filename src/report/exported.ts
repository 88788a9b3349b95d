// Exported models on disk, and what is said about them: for people, and as JSON.
import { resolve } from 'node:path';
import { LanError } from '../core/errors.js';
import { sha256, writeAtomically } from '../data/files.js';
import type { ExportedModel, ExportedValue } from '../export/publish.js';

/**
 * Writes the file whole or not at all. Throws LanError when it cannot be written, or would replace the model `from` which it was made
 * (undefined: bytes).
 */
export async function writeExport(path: string, exported: ExportedModel, from: string | undefined): Promise<void> {
  if (from !== undefined && resolve(path) === resolve(from))
    throw new LanError('usage', `'${path}' is the model itself, which would be lost.`, 'Choose another place.');
  await writeAtomically(path, exported.bytes);
}

/** The document of an export, as commands print it where JSON is asked for. */
export const exportDocument = (path: string, { bytes, ...exported }: ExportedModel) => ({
  schema: 'lan-onnx/export@1' as const,
  file: path,
  bytes: bytes.length,
  sha256: sha256(bytes),
  ...exported,
});

/** What exportDocument makes: schema `lan-onnx/export@1`. */
export type ExportDocument = ReturnType<typeof exportDocument>;

/** One line about the file, then its inputs and outputs in its own order. */
export function describeExport(path: string, { kind, model, bytes, inputs, outputs }: ExportedModel): string {
  const what = kind === 'gradient' ? 'outputs, loss and input gradient' : 'one step of learning a mask';
  const rows = (list: readonly ExportedValue[], side: string): string[][] =>
    list.map((v) => [side, v.name, `${v.type}[${v.shape.join(',')}]`, v.meaning]);
  const all = [...rows(inputs, 'input'), ...rows(outputs, 'output')];
  const widths = [0, 1, 2].map((c) => Math.max(...all.map((row) => row[c]!.length)));
  const lines = all.map((row) => `  ${row.map((cell, c) => cell.padEnd(widths[c] ?? 0)).join('  ')}`);
  return [
    `${path}: ${what} of ${model.name}; ${(bytes.length / 1e6).toFixed(1)} MB, opset 18, shapes as below and fixed`,
    ...lines,
    '',
  ].join('\n');
}
