// lan-onnx card MODEL: the card that was inferred, a reason a line.
import { card } from '../../api/card.js';
import { readable } from '../../core/readable.js';
import { picturePaths } from '../../data/picture-paths.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import { card as definition } from '../commands/card.js';
import type { Io } from '../io.js';
import { noteTo, scoringOptions } from '../model.js';

/** Characters of a value that stand beside its reason. */
const VALUE = 34;

/** Prints each field with who says so, and writes the files where a folder is named. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const { paths, notes } = await picturePaths(argv.image ?? []);
  const result = await card(argv.model, { ...scoringOptions(argv), images: paths });
  for (const note of [...notes, ...result.notes]) noteTo(io, definition)(note);
  if (argv.json) io.out(toJson(result.toJSON()));
  else {
    const lines = result.lines.map(
      ({ field, value, by, reason }) => `${field.padEnd(9)} ${value.padEnd(VALUE)} ${by.padEnd(8)} ${reason}`,
    );
    const seen = result.seen.map(
      ({ path, answers }) =>
        `${path}: ${answers
          .slice(0, 3)
          .map((a) => `${a.label} ${a.probability.toFixed(3)}`)
          .join(', ')}`,
    );
    io.out(`${[...lines, ...seen].map((line) => readable(line).trimEnd()).join('\n')}\n`);
  }
  if (argv.out === undefined) return;
  const files = await result.save(argv.out);
  if (!argv.json) io.out(`files: ${Object.values(files).join(', ')}\n`);
}
