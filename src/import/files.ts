// Finds the files of a tfjs-layers model: model.json and its weights, or the same as JavaScript modules.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { z } from 'zod';
import { LanError, messageOf } from '../core/errors.js';
import { readBytes, readTextSync } from '../data/files.js';
import { exportedLiteral } from './literal.js';

/** Bytes of a model.json or a module: weights of a text in base64, four bytes of text for three. */
const MAX_TEXT = 2 ** 29;

const Quantization = z.looseObject({ dtype: z.string(), min: z.number().optional(), scale: z.number().optional() });
const Manifest = z.array(
  z.looseObject({
    paths: z.array(z.string()),
    weights: z.array(
      z.looseObject({
        name: z.string(),
        shape: z.array(z.int().nonnegative()),
        dtype: z.string(),
        group: z.string().optional(),
        quantization: Quantization.optional(),
      }),
    ),
  }),
);
const ModelJson = z.looseObject({
  format: z.string().optional(),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: Manifest,
});

/** Weights in the order in which they lie in the files of `paths`, one behind the other. */
export type WeightGroup = z.infer<typeof Manifest>[number];

/** A tfjs-layers model, its weights not read yet. */
export interface TfjsFiles {
  /** For messages: `Model 'model.json'`. */
  readonly where: string;
  readonly topology: Readonly<Record<string, unknown>>;
  readonly manifest: readonly WeightGroup[];
  /** Every file that is read, the model's first. */
  readonly paths: readonly string[];
  /** The bytes of one of the manifest's files. Throws LanError (`data`) where they cannot be read. */
  read(path: string): Promise<Uint8Array>;
}

const NAMES = ['model.json', 'model.min.js', 'model.js'];

/**
 * Opens a model: model.json, the folder that it lies in, or a JavaScript module that exports the same (`model.min.js`, with its weights in base64 in
 * modules beside it, as npm packages carry models); nothing is run. Throws LanError (`model`) where there is none, where it is a graph model, and for fields
 * that are not as they should be.
 */
export function openTfjs(path: string): TfjsFiles {
  const folder = existsSync(path) && statSync(path).isDirectory();
  const found = folder ? NAMES.map((name) => join(path, name)).find((p) => existsSync(p)) : path;
  if (found === undefined) throw new LanError('model', `Model '${path}': the folder holds none of ${NAMES.join(', ')}.`);
  const where = `Model '${found}'`;
  const module = /\.[cm]?js$/i.test(found);
  const text = readTextSync(found, 'Model', { limit: MAX_TEXT, code: 'model' });
  const given = module ? exportedLiteral(text, where) : parsed(text, where);
  refuseOthers(given, where);
  const { success, data, error } = ModelJson.safeParse(given);
  if (!success) {
    const { path: at, message } = error.issues[0]!;
    const place = at.length > 0 ? `${at.join('.').slice(0, 100)}: ` : '';
    throw new LanError('model', `${where}: is no tfjs-layers model (${place}${message}).`);
  }
  const home = dirname(found);
  const names = data.weightsManifest.flatMap((group) => group.paths);
  const files = new Map(names.map((name) => [name, within(home, name, module, where)]));
  return {
    where,
    topology: data.modelTopology,
    manifest: data.weightsManifest,
    paths: [found, ...files.values()],
    async read(name) {
      const file = files.get(name)!;
      if (!module) return readBytes(file, 'Weights');
      return decoded(exportedLiteral(readTextSync(file, 'Weights', { limit: MAX_TEXT }), `Weights '${file}'`), file);
    },
  };
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LanError('model', `${where}: cannot be read as JSON (${messageOf(error)}).`);
  }
}

/** What tfjs saves besides layers: a graph of TensorFlow's ops. */
function refuseOthers(given: unknown, where: string): void {
  const { format, modelTopology } = (given ?? {}) as { format?: unknown; modelTopology?: { node?: unknown } };
  if (format === 'graph-model' || Array.isArray(modelTopology?.node))
    throw new LanError(
      'unsupported',
      `${where}: is a graph model of TensorFlow's ops, and only models of layers are imported.`,
      'Convert the SavedModel that it was made from with tf2onnx.',
    );
}

/** A weight file in the model's folder; of modules the one that carries it. */
function within(home: string, name: string, module: boolean, where: string): string {
  const outside = new LanError('model', `${where}: weights '${name}' lie outside the model's folder.`, 'Copy them beside it.');
  if (name === '' || /^([/\\]|[a-z]+:)/i.test(name) || name.split(/[/\\]/).includes('..')) throw outside;
  const candidates = module ? [`${name}.min.js`, `${name}.js`] : [name];
  const path = candidates.map((c) => join(home, c)).find((p) => existsSync(p)) ?? join(home, candidates[0]!);
  if (!existsSync(path)) throw new LanError('data', `Weights '${path}': cannot be read (no such file or folder).`, 'The model in the same folder names them.'); // prettier-ignore
  if (!realpathSync(path).startsWith(realpathSync(home) + sep)) throw outside;
  return path;
}

function decoded(text: unknown, file: string): Uint8Array {
  if (typeof text !== 'string' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw new LanError('data', `Weights '${file}': exports no text in base64.`);
  return Buffer.from(text, 'base64');
}
