// openDataset: finds out what kind of dataset lies at a path, and opens it.
import { existsSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { refuseUnknown } from '../core/options.js';
import { faultOf, ofPlugin, pluggedIn, requireOf, withPlugged, type PluginLike } from '../core/plugin.js';
import { findCifar, openCifarDataset } from './cifar.js';

import { asDisposable, type Dataset, type OpenDataset } from './dataset.js';
import { reasonOf } from './files.js';
import { entriesOf, LeftOut } from './find-images.js';
import { findIdx, isIdx, openIdxDataset } from './idx.js';
import { openManifest } from './manifest.js';
import { openNpyDataset, openSparseDataset } from './npy-pair.js';
import { openPictureFolder } from './picture-files.js';

/** A kind of dataset under one name. */
export interface DataReader {
  readonly name: string;
  /** Is what lies at `path` of this kind? Those of plug-ins are asked first, of files and of folders. */
  reads(path: string): boolean;
  /** Opens it: see datasetOf, which makes a dataset of tensors. `split`: the part that was asked for. Throws LanError (`data`) where it cannot. */
  open(path: string, options: Pick<DatasetOptions, 'split' | 'labels'>): Dataset | Promise<Dataset>;
}

/** Files of one kind each. */
const READERS: readonly DataReader[] = [
  { name: 'IDX', reads: isIdx, open: (path, options) => openIdxDataset(path, options) },
  { name: 'CIFAR', reads: (path) => extname(path).toLowerCase() === '.bin', open: (path) => openCifarDataset([path]) },
  { name: 'manifest', reads: (path) => /\.(csv|jsonl)$/i.test(path), open: (path) => openManifest(path) },
  { name: 'npz', reads: (path) => /\.npz$/i.test(path), open: (path, options) => openSparseDataset(path, options) },
  { name: 'npy', reads: (path) => /\.npy$/i.test(path), open: (path, options) => openNpyDataset(path, options) },
];

/** Which part of a dataset is opened. */
export interface DatasetOptions {
  /** Plug-ins, whose readers are asked before the built-in ones. */
  readonly plugins?: readonly PluginLike[];
  /** Which part, where a dataset has several: train, test, val ... Default: test, else val, else the only one; a note says so. */
  readonly split?: string;
  /** Taken, where it is there and `split` is not given, before the others. */
  readonly prefer?: string;
  /** False where samples alone are asked for: a file of labels beside an array is not read, and may belong to another one. */
  readonly labels?: boolean;
}

const SPLITS = ['train', 'test', 'val', 'valid', 'validation', 'dev'];
const KINDS =
  'a folder of pictures, IDX (MNIST), CIFAR .bin, .csv or .jsonl (path,label), images.npy or a sparse counts.npz with labels.npy';

/**
 * Opens a dataset lazily: a folder with a sub-folder per class, a flat folder (unlabelled), IDX and CIFAR files or folders of them. Folders named
 * train, test or val hold the splits; .csv and .jsonl manifests, and .npy arrays. Throws LanError for what is none of them, and for a split that is not there.
 *
 * @example
 * const data = await openDataset('mnist/', { split: 'train' });
 * const { x, indices } = await data.read([0, 1, 2]); // uint8 [3,1,28,28]
 * await data.close();
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<OpenDataset> {
  refuseUnknown('openDataset', options, ['plugins', 'split', 'prefer', 'labels']);
  let folder: boolean;
  try {
    folder = statSync(path).isDirectory();
  } catch (error) {
    throw new LanError('data', `Dataset '${path}': cannot be read (${reasonOf(error)}).`);
  }
  withPlugged(READERS, options.plugins, 'readers');
  const own = pluggedIn<DataReader>(options.plugins, 'readers').find((r) => ofPlugin('readers', r.name, () => r.reads(path)));
  if (own) return asDisposable(await openedBy(own, path, options));
  return asDisposable(await (folder ? openFolder(path, options) : openFile(path, options)));
}

/** A dataset that a plug-in reads, held to what one has to be. */
async function openedBy(reader: DataReader, path: string, { split }: DatasetOptions): Promise<Dataset> {
  const { name } = reader;
  let made: Dataset;
  try {
    made = await reader.open(path, { split });
  } catch (error) {
    throw faultOf('readers', name, error);
  }
  const whole = Number.isInteger(made?.length) && typeof made.read === 'function' && typeof made.nameOf === 'function' && typeof made.close === 'function'; // prettier-ignore
  requireOf('readers', name, whole, 'a dataset, such as datasetOf makes');
  const { format, length, numbered, shape, labels, classes, sparse } = made;
  const given = labels?.length ?? length;
  requireOf('readers', name, given === length, `as many labels as samples, of which there are ${length}, not ${given}`);
  // Field by field: of an object of a class a copy would lose what the class has.
  return {
    ...{ format, length, numbered, split: made.split, shape, labels, classes, sparse },
    name: path,
    notes: [`'${path}' is read by '${name}' of a plug-in`, ...(made.notes ?? [])],
    nameOf: (index) => ofPlugin('readers', name, () => made.nameOf(index)),
    read: async (indices, spec) => {
      try {
        return await made.read(indices, spec);
      } catch (error) {
        throw faultOf('readers', name, error);
      }
    },
    close: () => made.close(),
  };
}

async function openFile(path: string, { split, labels }: DatasetOptions): Promise<Dataset> {
  if (split !== undefined) throw new LanError('data', `Dataset '${path}': is one file, which has no split '${split}'.`);
  const reader = READERS.find((r) => r.reads(path));
  if (reader) return reader.open(path, { labels });
  throw new LanError('data', `Dataset '${path}': is of no known kind. Expected ${KINDS}.`);
}

async function openFolder(path: string, { split, prefer, labels }: DatasetOptions): Promise<Dataset> {
  const idx = findIdx(path);
  if (idx.size > 0) {
    const chosen = choose(path, [...idx.keys()], split, prefer);
    return openIdxDataset(idx.get(chosen.split)!, { name: path, ...chosen, labels });
  }
  const cifar = findCifar(path);
  if (cifar.size > 0) {
    const chosen = choose(path, [...cifar.keys()], split, prefer);
    return openCifarDataset(cifar.get(chosen.split)!, { name: path, ...chosen });
  }
  const images = join(path, 'images.npy');
  if (existsSync(images)) {
    if (split !== undefined) throw noSplit(path, split, []);
    return openNpyDataset(images, { labels });
  }
  const { folders } = await entriesOf(path, new LeftOut());
  const splits = folders.filter((name) => SPLITS.includes(name.toLowerCase()));
  // Classes may be called 'test' too: only where all folders are splits do they count as such, or where one is asked for by name.
  if (folders.length > 0 && splits.length === folders.length) {
    const chosen = choose(path, splits, split, prefer);
    const inner = await openFolder(join(path, chosen.split), { labels });
    return { ...inner, name: path, split: chosen.split, notes: [...chosen.notes, ...inner.notes] };
  }
  if (split !== undefined) throw noSplit(path, split, splits);
  return openPictureFolder(path);
}

const noSplit = (path: string, split: string, there: readonly string[]): LanError =>
  new LanError(
    'data',
    `Dataset '${path}': has no split '${split}'; ${there.length ? `there are ${there.join(', ')}` : 'it has no splits'}.`,
  );

function choose(
  path: string,
  there: readonly string[],
  wanted: string | undefined,
  prefer = 'test',
): { split: string; notes: string[] } {
  if (wanted !== undefined) {
    if (!there.includes(wanted)) throw noSplit(path, wanted, there);
    return { split: wanted, notes: [] };
  }
  const split = [prefer, 'test', ...SPLITS.slice(2), 'train'].find((s) => there.includes(s)) ?? there[0]!;
  return { split, notes: there.length > 1 ? [`split ${split}, of ${there.join(' and ')}; choose another with \`split\``] : [] };
}
