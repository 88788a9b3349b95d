// What was dropped or picked, sorted into a model's files and what it is to be asked about. Pure: nothing is read here.

/** A file that can be read when it is needed. */
export interface Found {
  /** Of a folder its path within it: `onnx/model.onnx`. */
  readonly name: string;
  readonly size: number;
  readonly file: Blob;
}

/** What is to be done with what was dropped. */
export interface Sorted {
  /** The files of a model. */
  readonly model?: { readonly name: string; readonly files: readonly Found[]; readonly others: readonly string[] };
  readonly picture?: Found;
  /** A text to be asked about, a table. */
  readonly text?: Found;
  readonly table?: Found;
  /** In words: what is left out. */
  readonly notes: readonly string[];
  readonly problem?: { readonly problem: string; readonly advice?: string };
}

const PICTURE = /\.(jpe?g|png|webp|gif|bmp|avif|tiff?|heic|svg)$/i;
const DESCRIPTION = /\.(json|txt)$/i;
const TABLE = /\.csv$/i;
/** Weights of other frameworks, which lie in the same folders and are not read. */
const FOREIGN =
  /((^|\/)(pytorch_model|openvino|training_args|optimizer|adapter)[^/]*\.bin|\.(safetensors|pt|pth|h5|msgpack|ot|tflite|ckpt|gguf|md|py|gitattributes))$/i;
/** Bytes of a model that a page can take; above that the browser ends the page without a word. */
const MOST = 1.5e9;

/**
 * Sorts files. `folder`: they are those of one folder, so a model in Hugging Face layout; else each is a model, a file that goes with it, or a picture. `chosen`: which
 * of several .onnx files is meant.
 */
export function sorted(found: readonly Found[], folder: string | undefined, chosen?: string): Sorted {
  const models = found.filter((f) => /\.onnx$/i.test(f.name)).map((f) => f.name);
  const table = found.find((f) => TABLE.test(f.name));
  const pictures = found.filter((f) => PICTURE.test(f.name));
  if (found.length === 0) return refused('The folder is empty.', 'Drop an .onnx file, a Hugging Face folder or a picture.');
  if (models.length === 0) {
    const [picture] = pictures;
    if (folder === undefined && picture) return { picture, notes: leftOut(pictures) };
    if (folder === undefined && found.length === 1) return unknown(found[0]!);
    return refused(
      folder === undefined ? 'None of these files is an ONNX model or a picture.' : `The folder '${folder}' holds no .onnx file.`,
      'Drop an .onnx file, a Hugging Face folder with onnx/model.onnx or model.onnx, or a picture.',
    );
  }
  const name = chosen ?? preferred(models);
  const files = belonging(found, name, folder !== undefined);
  const bytes = files.reduce((sum, f) => sum + f.size, 0);
  if (bytes > MOST)
    return refused(
      `'${name}' and what belongs to it have ${Math.round(bytes / 1e6)} MB, more than a page can hold.`,
      'Use lan-onnx audit on the command line.',
    );
  return {
    model: { name: folder === undefined ? name : `${folder}/${name}`, files, others: models.filter((m) => m !== name) },
    ...(folder === undefined && pictures[0] ? { picture: pictures[0] } : {}),
    ...(folder === undefined && table ? { table } : {}),
    notes: folder === undefined ? leftOut(pictures) : [],
  };
}

const refused = (problem: string, advice: string): Sorted => ({ notes: [], problem: { problem, advice } });

/** A file whose name says nothing: it may be a picture nevertheless, which reading it will tell. */
const unknown = (file: Found): Sorted =>
  TABLE.test(file.name)
    ? { table: file, notes: [] }
    : /\.txt$/i.test(file.name)
      ? { text: file, notes: [] }
      : FOREIGN.test(file.name)
        ? refused(
            `'${file.name}' is neither an ONNX model nor a picture.`,
            'Drop an .onnx file: a model of PyTorch, Keras or another framework is exported to ONNX first.',
          )
        : DESCRIPTION.test(file.name)
          ? refused(`'${file.name}' alone is neither a model nor a picture.`, 'Drop it together with its .onnx file.')
          : { picture: file, notes: [] };

const leftOut = (pictures: readonly Found[]): string[] =>
  pictures.length > 1 ? [`${pictures.length} pictures: the first, ${pictures[0]!.name}, is taken`] : [];

/** As Node has it: onnx/model.onnx, then model.onnx, else the first. */
const preferred = (models: readonly string[]): string =>
  ['onnx/model.onnx', 'model.onnx'].find((name) => models.includes(name)) ?? [...models].sort()[0]!;

/** The file itself, data that may be its own, and what describes it; of a folder the descriptions at its top. */
function belonging(found: readonly Found[], model: string, folder: boolean): Found[] {
  const home = model.slice(0, model.lastIndexOf('/') + 1);
  return found.filter(({ name }) => {
    if (name === model) return true;
    if (/\.onnx$/i.test(name) || FOREIGN.test(name) || PICTURE.test(name) || TABLE.test(name)) return false;
    if (DESCRIPTION.test(name)) return !folder || !name.includes('/') || name.startsWith(home);
    return name.startsWith(home);
  });
}
