// A model whose large constants stand apart from it, so that it may be of any size and no weight is copied or read to hand it to onnxruntime.
import { bytesOf, type Tensor } from '../core/tensor.js';
import { assemble } from './assemble.js';
import { protoOf } from './codec.js';
import type { Model } from './graph.js';
import type { TensorProto } from './schema.js';
import { dtypeNumber, encodeTensor, placeOf } from './tensors.js';

/** A model as bytes, and where the data lie that it names as external. */
export interface EncodedApart {
  readonly bytes: Uint8Array;
  /** In memory, by the name that the model gives them. */
  readonly files: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** The folder that locations are relative to. Where it is given there are no `files`: onnxruntime takes one or the other. */
  readonly folder?: string;
}

/** Constants of at least this many bytes stand apart: below, a file of its own costs more than the copy. */
const APART = 2 ** 16;
/** Bytes that may stand in the model itself: protobuf's limit is 2 GiB. */
const WITHIN = 2 ** 31 - 2 ** 20;

/**
 * Encodes a model with its large constants apart: those that lie in files of one folder stay there, the others are then written into the model;
 * where there are none, or too much would have to be written, all are given as files in memory.
 */
export function encodeApart(model: Model): EncodedApart {
  const constants = [...model.graph.constants];
  const large = constants.filter(([, t]) => (bytesOf(t.type, t.dims) ?? 0) >= APART);
  const folder = large.map(([, t]) => placeOf(t)?.folder).find((f) => f !== undefined);
  const stored = large.filter(([, t]) => folder !== undefined && placeOf(t)?.folder === folder);
  const size = (list: readonly [string, Tensor][]): number =>
    list.reduce((sum, [, t]) => sum + (bytesOf(t.type, t.dims) ?? 0), 0);
  if (stored.length > 0 && size(constants) - size(stored) < WITHIN)
    return { bytes: assembled(model, stored.map(([name, t]) => external(name, t, placeOf(t)!))), files: [], folder }; // prettier-ignore
  const files = large.map(([name, t], i) => ({ path: `constant-${i}`, data: encodeTensor(t, name).rawData! }));
  return { bytes: assembled(model, large.map(([name, t], i) => external(name, t, { location: files[i]!.path, offset: 0 }))), files }; // prettier-ignore
}

/** An initializer that names the place of its data. */
function external(name: string, tensor: Tensor, { location, offset }: { location: string; offset: number }): TensorProto {
  const entries = { location, offset: String(offset), length: String(bytesOf(tensor.type, tensor.dims)) };
  return {
    name,
    dims: [...tensor.dims],
    dataType: dtypeNumber(tensor.type),
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  };
}

function assembled(model: Model, apart: readonly TensorProto[]): Uint8Array {
  const names = new Set(apart.map((t) => t.name));
  const constants = new Map([...model.graph.constants].filter(([name]) => !names.has(name)));
  const { graph = {}, ...rest } = protoOf({ ...model, graph: { ...model.graph, constants } });
  return assemble({ ...rest, graph: { ...graph, initializer: [...graph.initializer!, ...apart] } });
}
