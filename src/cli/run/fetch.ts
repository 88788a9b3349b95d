// lan-onnx fetch NAME: something of the reviewed list, downloaded, checked and ready to use.
import { fetchKnown, known } from '../../api/fetch.js';
import { LanError } from '../../core/errors.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import { fetch as definition } from '../commands/fetch.js';
import { megabytes } from '../bar.js';
import type { Io } from '../io.js';
import { interruptibly, noteTo } from '../model.js';

/** Prints the list, or fetches and says where things lie. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const { name, list, out, offline, from } = argv;
  if (name === undefined && !list) throw new LanError('usage', 'NAME is missing: what is to be fetched?', 'See `list`.');
  if (list) {
    if (name !== undefined)
      throw new LanError('usage', `\`list\`: prints all that there is, and takes no name, received '${name}'.`);
    io.out(argv.json ? toJson(known()) : table());
    return;
  }
  const bar = megabytes(io, name!);
  await interruptibly(io, { interrupted: 'keeping what has arrived', bar }, async (signal) => {
    const fetched = await fetchKnown(name!, { out, offline, from, signal, onProgress: bar.step });
    bar.stop();
    for (const note of fetched.notes) noteTo(io, definition)(note);
    io.out(argv.json ? toJson(fetched) : `${fetched.path}\n  ${fetched.about}\n  licence ${fetched.licence}, from ${fetched.url}\n  files: ${fetched.files.join(', ')}\n`); // prettier-ignore
  });
}

function table(): string {
  const width = Math.max(...known().map((k) => k.name.length));
  const lines = known().map(({ name, about, bytes, licence }) => `${name.padEnd(width)}  ${`${(bytes / 1e6).toFixed(1)} MB`.padStart(8)}  ${licence.padEnd(6)}  ${about}`); // prettier-ignore
  return `${lines.join('\n')}\n`;
}
