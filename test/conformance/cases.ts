// The official ONNX backend tests as cases: a model, and sets of inputs with the outputs they must give.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { float32, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { readArchive } from '../../src/data/tar.js';
import { decodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { TensorProtoType, type TensorProto } from '../../src/onnx/schema.js';
import { decodeTensor } from '../../src/onnx/tensors.js';

/** Inputs and outputs in the order of the model's; undefined is an omitted one. */
interface DataSet {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly (Tensor | undefined)[];
}

export interface ConformanceCase {
  readonly group: string;
  readonly name: string;
  /** Decoded on demand: some hold what this project can not read. Throws LanError then. */
  model(): Model;
  sets(model: Model): DataSet[];
}

type Files = ReadonlyMap<string, Uint8Array>;

/** Every case below a folder, or in an archive (.tar, .tar.gz), that holds `node/`, `pytorch-converted/`, `light/`; sorted by name. */
export function readCases(source: string): ConformanceCase[] {
  const files: Files = statSync(source).isDirectory()
    ? folderFiles(source)
    : new Map(readArchive(readFileSync(source), source).map((f) => [f.name, f.data]));
  const cases: ConformanceCase[] = [];
  for (const [path, bytes] of files) {
    const folder = /(?:^|\/)([^/]+)\/([^/]+)\/model\.onnx$/.exec(path);
    const light = /(?:^|\/)light\/(light_[^/]+)\.onnx$/.exec(path);
    if (folder) {
      const [, group, name] = folder as unknown as [string, string, string];
      const sets = (model: Model): DataSet[] => dataSets(files, path.slice(0, -'model.onnx'.length), model);
      cases.push({ group, name, model: () => decodeModel(bytes, name), sets });
    } else if (light) {
      const expected = files.get(path.replace(/\.onnx$/, '_output_0.pb'))!;
      const sets = (model: Model): DataSet[] => [{ inputs: model.graph.inputs.map(ascending), outputs: [tensorOf(expected)] }];
      cases.push({ group: 'light', name: light[1]!, model: () => decodeModel(bytes, light[1]), sets });
    }
  }
  return cases.sort((a, b) => `${a.group}/${a.name}`.localeCompare(`${b.group}/${b.name}`));
}

function folderFiles(root: string): Files {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(onnx|pb)$/.test(name));
  return new Map(names.map((name) => [name, readFileSync(join(root, name))]));
}

function dataSets(files: Files, folder: string, model: Model): DataSet[] {
  const sets: DataSet[] = [];
  for (let k = 0; files.has(`${folder}test_data_set_${k}/output_0.pb`); k++) {
    const read = (kind: 'input' | 'output', values: readonly { kind: string }[]): (Tensor | undefined)[] =>
      values.map((value, i) => {
        const bytes = files.get(`${folder}test_data_set_${k}/${kind}_${i}.pb`);
        // A sequence or an optional is no TensorProto; the graph's own declaration tells which it is.
        return bytes && value.kind === 'tensor' ? tensorOf(bytes) : undefined;
      });
    sets.push({ inputs: read('input', model.graph.inputs), outputs: read('output', model.graph.outputs) });
  }
  return sets;
}

const tensorOf = (bytes: Uint8Array): Tensor => decodeTensor(TensorProtoType.decode(bytes) as TensorProto, 'test data');

/** What the ONNX backend runner feeds to the legacy graphs, which come without inputs: 0, 1, 2 ... */
const ascending = ({ dims }: { dims?: readonly (number | string | null)[] }): Tensor => {
  const fixed = (dims ?? []).map((d) => (typeof d === 'number' ? d : 1));
  return float32(Float32Array.from({ length: sizeOf(fixed) }, (_, i) => i), fixed); // prettier-ignore
};
