// The model and the picture that were named when the server was started, as resources that the page asks for.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { LanError } from '../core/errors.js';
import { pictureSize } from '../data/images.js';
import { cardBeside, readCard, type PartialCard } from '../model/card.js';
import { folderAround } from '../model/hugging-face.js';
import { readModel } from '../model/source.js';
import { decodeModel } from '../onnx/codec.js';
import { externalReader } from '../model/external.js';
import type { Resource, Site } from './site.js';

/** What is opened for the page. */
export interface GivenOptions {
  /** An .onnx file, a Hugging Face folder, or a model of the package. */
  readonly model?: string;
  /** Which file of a Hugging Face folder. */
  readonly variant?: string;
  /** A card file that wins over the one beside the model. */
  readonly card?: string;
  /** A picture. */
  readonly image?: string;
}

/** The list that the page reads first, at `list.json`; addresses are relative to it. */
export interface GivenList {
  readonly model?: {
    /** The folder's name, where it is one. */
    readonly folder?: string;
    readonly files: readonly GivenFile[];
    readonly card?: PartialCard;
  };
  readonly image?: GivenFile;
}

/** One of its files. */
export interface GivenFile {
  /** As the model's folder has it: `onnx/model.onnx`. */
  readonly name: string;
  readonly address: string;
  readonly bytes: number;
}

/** Resources under an address that nobody can guess, so that other users of this machine cannot fetch the model; '' where nothing is given. */
export interface Given {
  readonly token: string;
  readonly site: Site;
}

/** Largest description of a model that goes with it: a config of 21,000 classes takes one million bytes. */
const MAX_DESCRIPTION = 2 ** 26;

/**
 * Reads what was named, so that a file that is none is refused before the server starts. Throws LanError as readModel, readCard and pictureSize do, and (`usage`)
 * for a card or variant without a model.
 */
export async function givenSite({ model, variant, card, image }: GivenOptions): Promise<Given> {
  if (model === undefined && (card !== undefined || variant !== undefined))
    throw new LanError(
      'usage',
      `\`${card === undefined ? 'variant' : 'card'}\` is about a model, and none is given.`,
      'Name the model as well.',
    );
  if (model === undefined && image === undefined) return { token: '', site: new Map() };
  const token = randomBytes(18).toString('base64url');
  const site = new Map<string, Resource>();
  const add = (name: string, path: string): GivenFile => {
    const address = String(site.size);
    site.set(`/given/${token}/${address}`, { type: 'application/octet-stream', body: { path }, keep: false });
    return { name, address, bytes: statSync(path).size };
  };
  if (image !== undefined) await pictureSize(image);
  const found = model === undefined ? undefined : await filesOf(model, variant);
  const list: GivenList = {
    ...(found && {
      model: {
        ...(found.folder !== undefined && { folder: basename(resolve(found.folder)) }),
        files: [...found.files].map(([name, path]) => add(name, path)),
        ...cardOf(found.path, card),
      },
    }),
    ...(image !== undefined && { image: add(basename(image), image) }),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(list));
  site.set(`/given/${token}/list.json`, { type: 'application/json; charset=utf-8', body: { bytes }, keep: false });
  return { token, site };
}

function cardOf(path: string, card: string | undefined): { card?: PartialCard } {
  const read = card === undefined ? cardBeside(path) : readCard(card);
  return read ? { card: read } : {};
}

/** The files of a model by the names that the page has for them: itself, its external data and, of a Hugging Face folder, what describes it. */
async function filesOf(
  model: string,
  variant: string | undefined,
): Promise<{ path: string; folder?: string; files: Map<string, string> }> {
  const source = await readModel(model, { variant });
  const path = source.path!;
  const folder = existsSync(model) && statSync(model).isDirectory() ? model : folderAround(path);
  const home = folder ?? dirname(path);
  const nameOf = (file: string): string => relative(home, file).split(sep).join('/');
  const files = new Map([[nameOf(path), path]]);
  const read = externalReader(path);
  decodeModel(source.bytes, `Model '${path}'`, (proto, bytes, name) => {
    const found = read(proto, bytes, name);
    const location = proto.externalData!.find((e) => e.key === 'location')!.value ?? '';
    files.set(nameOf(join(dirname(path), location)), join(found.place.folder, found.place.location));
    return found;
  });
  if (folder !== undefined)
    for (const entry of readdirSync(folder)) {
      const file = join(folder, entry);
      const status = statSync(file, { throwIfNoEntry: false });
      if (/\.(json|txt)$/i.test(entry) && status?.isFile() && status.size <= MAX_DESCRIPTION) files.set(entry, file);
    }
  return { path, folder, files };
}
