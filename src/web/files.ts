// What a page is given, models in files and pictures in pixels, put where the rest of the package reads files.
import { LanError } from '../core/errors.js';
import { isFileAt, isFolderAt, put, takeAway } from './memory.js';

/** A file by its name; of a folder that was dropped by its path within it, such as `onnx/model.onnx`. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A picture: RGBA, row by row, 4 x width x height bytes. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array | Uint8ClampedArray;
}

/** Parts of a path, without those that lead nowhere or out of it. */
const partsOf = (name: string): string[] => name.split(/[\\/]+/).filter((part) => part !== '' && part !== '.' && part !== '..');

/**
 * Puts the files of one model into memory. Gives the path that openModel takes: the file itself, with what lies beside it (external data, a card), or the
 * folder in Hugging Face layout; where each file lies, by its name; and what takes them away again. Throws LanError (`input`) where none is an ONNX file, or more than one may be meant.
 */
export function putModel(files: readonly NamedFile[]): {
  readonly path: string;
  readonly places: ReadonlyMap<string, string>;
  readonly takeAway: () => void;
} {
  const named = files.map(({ name, bytes }) => ({ parts: partsOf(name), bytes }));
  // Browsers put the folder's own name in front of every path.
  const [first] = named;
  const top = named.length > 1 && named.every(({ parts }) => parts.length > 1 && parts[0] === first!.parts[0]) ? first!.parts[0]! : undefined; // prettier-ignore
  const inside = named.map(({ parts, bytes }) => ({ path: parts.slice(top === undefined ? 0 : 1).join('/'), bytes }));
  const models = inside.map(({ path }) => path).filter((path) => /\.onnx$/i.test(path));
  const folder = ['onnx/model.onnx', 'model.onnx'].some((path) => models.includes(path)) && inside.length > 1;
  if (!folder && models.length !== 1)
    throw new LanError(
      'input',
      models.length === 0
        ? `Of ${files.length} file(s) none is an ONNX model: no name ends in .onnx.`
        : `Of ${files.length} files ${models.length} are ONNX models: ${models.slice(0, 5).join(', ')}.`,
      'Give one, alone or with its external data, or a folder with onnx/model.onnx in it.',
    );
  const root = freeRoot(
    top ?? (folder ? 'model' : ''),
    inside.map(({ path }) => path),
  );
  const at = (path: string): string => below(root, path);
  const places = new Map(inside.map(({ path }, i) => [files[i]!.name, at(path)]));
  for (const { path, bytes } of inside) put(at(path), bytes);
  return { path: folder ? root : at(models[0]!), places, takeAway: () => [...places.values()].forEach(takeAway) };
}

const below = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`);

/** A folder in which none of these files is there yet: another model that is open may have files of the same names, and still reads them. */
function freeRoot(root: string, paths: readonly string[]): string {
  const taken = (folder: string): boolean => (folder === '' ? paths.some((path) => isFileAt(path)) : isFolderAt(folder));
  for (let n = 1; ; n++) {
    const folder = n === 1 ? root : `${root === '' ? 'model' : root}-${n}`;
    if (!taken(folder)) return folder;
  }
}

/** Pictures lie beside no model. */
const PICTURES = 'pictures';

/**
 * Puts a picture into memory, on white where it is transparent, while `use` works with its path. Throws LanError (`data`) where the bytes are not those of its size,
 * and what `use` throws.
 */
export async function withPicture<T>(name: string, pixels: Pixels, use: (path: string) => Promise<T>): Promise<T> {
  const path = putPicture(name, pixels);
  try {
    return await use(path);
  } finally {
    takeAway(path);
  }
}

function putPicture(name: string, { width, height, rgba }: Pixels): string {
  if (!(width > 0 && height > 0 && rgba.length === 4 * width * height))
    throw new LanError('data', `Image '${name}': ${width} x ${height} pixels take ${4 * width * height} bytes of RGBA, received ${rgba.length}.`); // prettier-ignore
  const header = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
  const bytes = new Uint8Array(header.length + 3 * width * height);
  bytes.set(header);
  for (let i = 0; i < width * height; i++) {
    const alpha = rgba[4 * i + 3]!;
    for (let c = 0; c < 3; c++)
      bytes[header.length + 3 * i + c] = alpha === 255 ? rgba[4 * i + c]! : Math.round((rgba[4 * i + c]! * alpha) / 255 + 255 - alpha); // prettier-ignore
  }
  const own = partsOf(name).at(-1) ?? 'picture';
  // Several may be looked at together, of one name.
  const path = below(freeRoot(PICTURES, [own]), own);
  put(path, bytes);
  return path;
}
