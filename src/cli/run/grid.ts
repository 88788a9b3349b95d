// lan-onnx grid MODEL --objects D: accuracy for objects centred at every pixel, as a heat map, CSV and JSON.
import { join } from 'node:path';
import { positionMap, type PositionMapResult } from '../../api/position-map.js';
import { toJson } from '../../report/format.js';
import { countdown } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { grid as definition } from '../commands/grid.js';
import { interrupted, type Io } from '../io.js';
import { interruptibly, noteTo, scoringOptions } from '../model.js';
import { accuracyText } from './score.js';

/** Measures the position map and writes it; interrupted, it writes the positions that are done and exits with 2. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const { split, label, objectSize, stride, samples, clip, seed, workers } = argv;
  const journal = join(argv.out, 'grid.jsonl');
  const bar = countdown(io, 'positions');
  await interruptibly(io, { interrupted: `what is done stays in '${journal}'`, bar }, async (signal) => {
    const result = await positionMap(argv.model, argv.objects, {
      ...scoringOptions(argv),
      split,
      workers,
      repeat: io.line,
      label,
      objectSize,
      background: pixelOr(argv.background),
      stride,
      samples,
      clip,
      seed,
      journal,
      signal,
      onProgress: bar.step,
      onNote: noteTo(io, definition),
    });
    bar.stop();
    const files = await result.save(argv.out);
    io.out(argv.json ? toJson(result) : describe(result, files));
    if (result.interrupted)
      interrupted(io, `${result.positions.length} position(s) lie in '${journal}'; the same command goes on from there.`);
  });
}

/** A pixel value where the text is one; anything else is noise or a picture. */
const pixelOr = (text: string): number | string => (/^\d+$/.test(text) && Number(text) <= 255 ? Number(text) : text);

function describe(r: PositionMapResult, files: readonly string[]): string {
  const all = r.rows.length * r.columns.length;
  if (r.positions.length === 0) return 'interrupted before the first position.\n';
  const sorted = [...r.positions].sort((a, b) => a.accuracy - b.accuracy);
  const [worst, best] = [sorted[0]!, sorted.at(-1)!];
  const at = (p: { row: number; column: number }): string => `row ${p.row}, column ${p.column}`;
  return [
    `${r.positions.length}${r.interrupted ? ` of ${all}` : ''} positions of ${r.samples} sample(s)${r.interrupted ? ', interrupted' : ''}`,
    `  overall  ${accuracyText(r.total)}`,
    `  best     ${accuracyText(best)} at ${at(best)}`,
    `  worst    ${accuracyText(worst)} at ${at(worst)}`,
    `  files: ${files.join(', ')}`,
    '',
  ].join('\n');
}
