// The mask that learning goes on from, read for one input: an .npy file, a folder of an earlier run's results, or a Tensor.
import { join } from 'node:path';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { readBytes } from '../data/files.js';
import { decodeNpy } from '../data/npy.js';
import { exists, isFolder } from '../data/places.js';
import type { Sample } from './inputs.js';

/** What an audit leaves of a mask, the one that says more first. */
const FILES = ['order.npy', 'mask.npy'];

/** What learning goes on from, where it was asked to; without a mask it starts from scratch, since the folder has nothing for the input. */
export interface Start {
  /** As notes call it. */
  readonly name: string;
  readonly mask?: Tensor;
}

/**
 * What learning goes on from for this input; undefined where nothing was given. Throws LanError (`data`) for a file that cannot be read, (`numbers`) for values
 * outside of [0,1].
 */
export async function startOf(
  startFrom: string | Tensor | undefined,
  { title }: Pick<Sample, 'title'>,
): Promise<Start | undefined> {
  if (startFrom === undefined) return undefined;
  const path = typeof startFrom === 'string' ? fileIn(startFrom, title) : undefined;
  const name = typeof startFrom === 'string' ? `'${path ?? startFrom}'` : 'the mask that was given';
  if (typeof startFrom === 'string' && path === undefined) return { name };
  const mask = typeof startFrom === 'string' ? decodeNpy(await readBytes(path!, 'Mask to start from'), path!) : startFrom;
  const wrong = toFloat32(mask).find((v) => !(v >= 0 && v <= 1));
  if (wrong !== undefined)
    throw new LanError('numbers', `\`startFrom\`: ${name} holds ${wrong}; the values of a mask lie in [0,1].`, 'Give order.npy or mask.npy of an audit.'); // prettier-ignore
  return { name, mask };
}

/** What is to be told of it; `learned`: the masks that came of it. */
export function startNotes(
  start: Start | undefined,
  title: string,
  learned: readonly { readonly fromScratch?: boolean }[],
): string[] {
  if (!start) return [];
  if (!start.mask) return [`the mask is learned from scratch: ${start.name} has nothing for '${title}'`];
  return [
    learned.some((mask) => mask.fromScratch)
      ? `${start.name} does not suit this input: from there no mask came to rest, and it was learned from scratch`
      : `learning went on from ${start.name}, in half the steps`,
  ];
}

/** A folder of results, or of one result, or the file itself; undefined where a folder has nothing for this input. */
function fileIn(path: string, title: string): string | undefined {
  if (!isFolder(path)) return path;
  return FILES.flatMap((file) => [join(path, title, file), join(path, file)]).find((file) => exists(file));
}
