// Inputs that a check is given: pictures, arrays and folders of tensors, as feeds of a static graph.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { readBytes } from '../data/files.js';
import { readImage } from '../data/images.js';
import { decodeNpy } from '../data/npy.js';
import type { Graph, ValueInfo } from '../onnx/graph.js';
import { decodeTensorFile } from '../onnx/tensor-file.js';
import type { InputCard } from '../model/card.js';
import { assumedFields, completeCard, leavesValuesOpen } from '../model/conventions.js';
import { unsettled } from '../model/guess.js';
import { holdsPixels, pictureIn, rounded } from '../model/picture.js';
import { preprocessTensor } from '../model/preprocess.js';

/**
 * An input: a picture, put through the model's card; an array (.npy, or .pb with a TensorProto) in the model's own input space, or a folder with
 * input_0.pb, input_1.pb ... in the order of the model's inputs (a test_data_set of ONNX's backend tests); or tensors by input name.
 */
export type CheckInput =
  | { readonly image: string }
  | { readonly tensor: string }
  | { readonly feeds: Readonly<Record<string, Tensor>>; readonly name?: string };

/** Tensors by input name, in the static graph's types and shapes, under the name by which results speak of them. */
export interface NamedFeeds {
  readonly name: string;
  readonly feeds: Record<string, Tensor>;
  /** What was assumed about it. */
  readonly notes?: readonly string[];
}

/**
 * Feeds for every input of a static graph; a picture goes to the `chosen` one. Throws LanError: `data` where
 * a file cannot be read or a picture is given to a model that takes none, `input` where an input has no value, `shape` where a tensor does not fit.
 */
export async function readInput(
  given: CheckInput,
  graph: Graph,
  {
    card,
    chosen,
    number,
  }: { readonly card: Partial<InputCard> | undefined; readonly chosen: string | undefined; readonly number: number },
): Promise<NamedFeeds> {
  if ('feeds' in given) {
    const name = given.name ?? `input ${number}`;
    const feeds = graph.inputs.map((input): [string, Tensor] => {
      const tensor = given.feeds[input.name];
      if (!tensor)
        throw new LanError(
          'input',
          `Input '${input.name}' has no value.`,
          `Give a tensor for each of: ${graph.inputs.map((i) => i.name).join(', ')}.`,
        );
      return [input.name, fitting(tensor, input, name)];
    });
    return { name, feeds: Object.fromEntries(feeds) };
  }
  if ('image' in given) return ofImage(given.image, graph, card, chosen);
  return { name: given.tensor, feeds: await ofTensor(given.tensor, graph) };
}

async function ofImage(
  path: string,
  { inputs }: Graph,
  card: Partial<InputCard> | undefined,
  chosen: string | undefined,
): Promise<NamedFeeds> {
  const input = inputs.find((i) => i.name === chosen);
  const dims = (input?.dims ?? []) as number[];
  const integers = holdsPixels(input?.type);
  const found = input?.type === 'float32' || integers ? pictureIn(dims, card, integers ? input?.type : undefined) : undefined;
  const picture = found && (!found.batched || dims[0] === 1) ? found : undefined;
  if (!input || !picture || inputs.length > 1)
    throw new LanError(
      'data',
      `Image '${path}': the model takes ${inputs.map(shown).join(', ')}, which is not one picture.`,
      "Give an array (.npy, .pb) with `tensor`, and the model's other inputs with `feeds`.",
    );
  const whole = completeCard(card ?? {}, picture);
  const [height, width] = picture.size;
  const said = card ?? {};
  // Of whole numbers the model's own notes say it.
  const assumed = integers
    ? []
    : leavesValuesOpen(said)
      ? [unsettled({ card: whole }, 'a check compares the same numbers on both sides, whatever they mean')]
      : assumedFields(said, whole);
  const { tensor, note } = await readImage(path, {
    channels: picture.channels,
    height,
    width,
    resize: whole.resize,
    resample: whole.resample,
    crop: whole.crop,
    range: whole.range,
  });
  const own = { ...preprocessTensor(tensor, whole), dims };
  const feeds = { [input.name]: integers ? rounded(own, input.type!) : own };
  const step = whole.preprocessing;
  const left =
    step === undefined
      ? []
      : [
          `the preprocessing '${step}' of a plug-in is left out: a check compares the same numbers on both sides, whatever they mean`,
        ];
  return { name: path, feeds, notes: [...assumed, ...left, ...(note === undefined ? [] : [`'${path}': ${note}`])] };
}

async function ofTensor(path: string, { inputs }: Graph): Promise<Record<string, Tensor>> {
  const folder = existsSync(path) && statSync(path).isDirectory();
  if (!folder && inputs.length !== 1)
    throw new LanError(
      'input',
      `Tensor '${path}': the model has ${inputs.length} inputs (${inputs.map((i) => i.name).join(', ')}).`,
      `Give a folder with input_0.pb to input_${inputs.length - 1}.pb, in this order.`,
    );
  const feeds = inputs.map(async (input, i): Promise<[string, Tensor]> => {
    const file = folder ? join(path, `input_${i}.pb`) : path;
    const bytes = await readBytes(file, 'Tensor');
    const tensor = extname(file) === '.pb' ? decodeTensorFile(bytes, file) : decodeNpy(bytes, file);
    return [input.name, fitting(tensor, input, file)];
  });
  return Object.fromEntries(await Promise.all(feeds));
}

/** Numbers of input files in a folder of tensors. */
export const tensorFiles = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((f) => /^(input|output)_\d+\.pb$/.test(f)) : [];

const shown = (input: ValueInfo): string => `'${input.name}' ${input.type}[${(input.dims ?? []).join(',')}]`;

/** The tensor as the input takes it: any float as float32, a missing or further axis of length 1 put right. */
function fitting(tensor: Tensor, input: ValueInfo, where: string): Tensor {
  const dims = input.dims as number[];
  const long = (d: readonly number[]): string => d.filter((n) => n !== 1).join();
  const float = /^(float(16|32|64)|bfloat16)$/;
  const fits = tensor.type === input.type || (float.test(tensor.type) && float.test(input.type ?? ''));
  if (!fits || sizeOf(tensor.dims) !== sizeOf(dims) || long(tensor.dims) !== long(dims))
    throw new LanError(
      'shape',
      `Tensor '${where}': expected ${input.type}[${dims.join(',')}] for input '${input.name}', received ${tensor.type}[${tensor.dims.join(',')}].`,
    );
  // Not a spread: onnxruntime's tensors are no plain objects.
  if (tensor.type === input.type) return { type: tensor.type, dims, data: tensor.data };
  return { type: 'float32', dims, data: toFloat32(tensor) };
}
