// Many values of one graph, a bounded part of them at a time: all are outputs of one session, each run hands over some.
import { bytesOf, type DType, type Tensor } from '../core/tensor.js';

/** Bytes of values that are handed over together: below it one run serves all, above it memory counts more than another forward pass. */
const PART = 2 ** 26;

/** `items` in order, in parts whose values take at most PART bytes together (or are one). A value of unknown type counts as small. */
export function inParts<T>(
  items: readonly T[],
  typeOf: (item: T) => { type: DType; dims: readonly number[] } | undefined,
): T[][] {
  const parts: T[][] = [];
  let left = 0;
  for (const item of items) {
    const type = typeOf(item);
    const size = type ? (bytesOf(type.type, type.dims) ?? 0) : 0;
    if (parts.length === 0 || size > left) {
      parts.push([]);
      left = PART;
    }
    parts.at(-1)!.push(item);
    left -= size;
  }
  return parts;
}

/** Names as tensor outputs of a graph, with their types where these are known. */
export const asOutputs = (names: Iterable<string>, types?: ReadonlyMap<string, Pick<Tensor, 'type' | 'dims'>>) =>
  [...new Set(names)].map((name) => {
    const type = types?.get(name);
    return { name, kind: 'tensor' as const, ...(type ? { type: type.type, dims: type.dims } : {}) };
  });
