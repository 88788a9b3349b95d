// lan-onnx compare MODEL --image F: LAN beside other attribution methods, in one table and on one sheet.
import { join } from 'node:path';
import Table from 'cli-table3';
import { failureNaming, type NamedInput } from '../../api/audit-all.js';
import { createComparer, type CompareResult } from '../../api/compare.js';
import { shapeOf, sizeOfPicture } from '../../api/inputs.js';
import { namedShapes } from '../../api/reading.js';
import { LanError } from '../../core/errors.js';
import { readable } from '../../core/readable.js';
import { ensureWritable } from '../../data/files.js';
import { whileLocked } from '../../data/lock.js';
import { picturePaths } from '../../data/picture-paths.js';
import { uniqueFolders } from '../../data/unique-folders.js';
import type { Metric } from '../../evidence/metric.js';
import { predictionText } from '../../report/prediction.js';
import { percent } from '../../report/claims.js';
import { count, short, toJson } from '../../report/format.js';
import { progressBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { compare as definition } from '../commands/compare.js';
import { inFlags } from '../flags.js';
import { interrupted, type Io } from '../io.js';
import { namedInputs } from './named-inputs.js';
import { interruptibly, maskOptions, noteTo, openOptions } from '../model.js';

/** Compares the methods on each input and writes a folder of results for each; interrupted, it writes what is done and exits with 2. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const pictures = await picturePaths(argv.image ?? []);
  const inputs: readonly NamedInput[] = [
    ...pictures.paths.map((path) => ({ path, is: 'picture' as const })),
    ...(argv.tensor ?? []).map((path) => ({ path, is: 'array' as const })),
    ...(await namedInputs(argv, 'compare')),
  ];
  const [first] = inputs;
  if (!first) throw new LanError('usage', 'compare: give at least one --image, --tensor, --text, --file or --csv.');
  const bar = progressBar(io);
  await interruptibly(io, { interrupted: 'finishing the method that is under way', bar }, async (signal) => {
    const told = new Set<string>();
    const say = noteTo(io, definition);
    const onNote = (note: string): void => {
      if (!told.has(note)) say(note);
      told.add(note);
    };
    for (const note of pictures.notes) onNote(note);
    const shapes = first.input
      ? await namedShapes(argv.model, first.input, { tokenizer: argv.tokenizer, columns: argv.columns })
      : { sample: await shapeOf(first.path, first.is) };
    const comparer = await createComparer(argv.model, {
      ...openOptions(argv),
      ...shapes,
      ...(first.is === 'picture' ? { pictureSize: await sizeOfPicture(first.path) } : {}),
      vocabulary: argv.vocab,
      tokenizer: argv.tokenizer,
      columns: argv.columns,
      axes: argv.axes,
      ...maskOptions(argv),
      methods: argv.methods,
      repeat: io.line,
      colormap: argv.colormap,
      budget: argv.budget,
      noise: argv.noise,
      evidenceDraws: argv.evidenceDraws,
      target: argv.target,
      against: argv.against,
      within: argv.within,
      seed: argv.seed,
      signal,
      onNote,
      onPhase: (phase) => bar.phase(phase),
    });
    try {
      await ensureWritable(argv.out);
      await whileLocked(argv.out, async () => {
        const folders = uniqueFolders(inputs.map(({ path }) => path));
        const documents: object[] = [];
        for (const [i, { path, is, input }] of inputs.entries()) {
          if (signal.aborted) break;
          const result = await comparer.compare(input ?? path, is).catch((error: unknown) => {
            if (inputs.length === 1) throw error;
            io.err(`lan-onnx: left out: ${inFlags(failureNaming(path, error).message, { definition })}\n`);
            io.exit(2);
          });
          if (!result) continue;
          const files = await result.save(join(argv.out, folders[i]!));
          bar.stop();
          if (argv.json) documents.push(result.toJSON());
          else io.out(describe(path, result, files));
        }
        if (argv.json) io.out(toJson(inputs.length === 1 ? documents[0] : documents));
        if (signal.aborted) interrupted(io, 'what was done until then is written.');
      });
    } finally {
      await comparer.dispose();
    }
  });
}

/** A figure with its interval: 0.42 (0.38 to 0.47). */
const figure = (m: Metric | undefined): string =>
  m === undefined ? '' : `${m.value.toFixed(3)}${m.interval ? ` (${m.interval.map((v) => v.toFixed(3)).join(' to ')})` : ''}`;

function describe(path: string, { rows, ...result }: CompareResult, files: readonly string[]): string {
  const table = new Table({
    head: ['method', 'replaced entirely, answer kept', 'deletion', 'insertion', 'seconds', 'passes'],
    style: { head: [], border: [], compact: true },
  });
  for (const { title, refused, hard, deletion, insertion, seconds, passes } of rows) {
    if (refused !== undefined) continue;
    const claim = hard
      ? `${percent(hard.fraction)}: ${hard.kept} of ${hard.draws} (${hard.interval.map((v) => v.toFixed(2)).join(' to ')})`
      : 'no fraction held';
    const run = `${count(passes!.forward)} + ${count(passes!.backward)}`;
    table.push([readable(title), claim, figure(deletion), figure(insertion), short(seconds!), run]);
  }
  const needed = rows.flatMap((r) => (r.needed ? [`most needed, ${r.title}: ${r.needed.join(', ')}`] : []));
  const refused = rows.flatMap((r) =>
    r.refused === undefined ? [] : [`refused: ${r.title}: ${inFlags(r.refused, { definition })}`],
  );
  const named = files.filter((f) => !f.endsWith('.npy'));
  const lines = [...needed, ...refused, `files: ${named.join(', ')}`].map((line) => `  ${readable(line)}`);
  return `${readable(`${path}: ${predictionText(result)}`)}\n${table.toString()}\n  deletion: lower is better; insertion: higher; passes: forward + backward; 95 % intervals\n${lines.join('\n')}\n`;
}
