// Typed arrays with the same bytes are equal at once: toEqual would compare a million weights one by one, with some calls for each.
import { expect } from '@jest/globals';

expect.addEqualityTesters([
  (a: unknown, b: unknown) => {
    if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return undefined;
    if (a.constructor !== b.constructor || a.byteLength !== b.byteLength) return undefined;
    const bytes = (v: ArrayBufferView): Buffer => Buffer.from(v.buffer, v.byteOffset, v.byteLength);
    // Other bytes may still be equal numbers (two NaNs): jest decides, and shows where they differ.
    return bytes(a).equals(bytes(b)) ? true : undefined;
  },
]);
