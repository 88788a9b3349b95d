// What a layer's rule gets and gives.
import type { Tensor } from '../core/tensor.js';
import type { GraphBuilder } from '../onnx/builder.js';
import type { Settings } from './config.js';
import type { Value } from './value.js';

/** One use of a layer: its settings, and what it is applied to. */
export interface Use {
  readonly g: GraphBuilder;
  readonly settings: Settings;
  /** At least one. */
  readonly inputs: readonly Value[];
  /** `Layer 'conv1' (Conv2D)`. */
  readonly label: string;
  /** The layer's weight of this name, float32 of these dims. Throws LanError (`model`) where it is not there, or has others. */
  weight(name: string, dims: readonly number[]): Tensor;
  /** Something that the user has to know of this layer. */
  note(text: string): void;
}

/** Appends a layer to the graph. */
export type LayerRule = (use: Use) => Value;

/** The one input of a layer, of a rank without the batch. */
export function inputOf({ inputs, settings }: Use, rank?: number): Value {
  const [value] = inputs;
  if (inputs.length !== 1) throw settings.unsupported(`takes one input, received ${inputs.length}`);
  if (rank !== undefined && value!.dims.length !== rank)
    throw settings.unsupported(`takes ${rank} axes besides the batch, received [${value!.dims.join(', ')}]`);
  return value!;
}

/** The one input as [N, C, ...] in the graph, its spatial sizes, and how such a result is a value again. */
export function planesOf(use: Use, rank: number, moved: (value: Value) => Value) {
  const value = inputOf(use, rank + 1);
  const last = use.settings.choice('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_last';
  const name = (last ? moved(value) : value).name;
  const { dims } = value;
  return {
    name,
    channels: last ? dims.at(-1)! : dims[0]!,
    sizes: last ? dims.slice(0, -1) : dims.slice(1),
    back: (result: string, channels: number, sizes: readonly number[]): Value =>
      last
        ? { name: result, dims: [...sizes, channels], moved: true }
        : { name: result, dims: [channels, ...sizes], moved: false },
  };
}
