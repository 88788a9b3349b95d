// Several contents as one: a header in JSON and bytes behind it, deflated. Read without running or believing anything.
import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import { LanError, messageOf } from '../core/errors.js';

const Header = z.strictObject({ about: z.unknown(), lengths: z.array(z.int().min(0)).max(100_000) });

/** Bytes that a parcel may unfold to: what fits one array. */
const MOST = 2 ** 31 - 1;

/** A value that JSON has, and the bytes that belong to it. */
export interface Parcel {
  readonly about: unknown;
  readonly parts: readonly Uint8Array[];
}

/** The same parcel gives the same bytes. */
export function pack({ about, parts }: Parcel): Uint8Array {
  const header = Buffer.from(JSON.stringify({ about, lengths: parts.map((p) => p.length) }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return deflateSync(Buffer.concat([length, header, ...parts]));
}

/** Throws LanError (`data`) for what `pack` has not made. `what`: its role in the message. */
export function unpack(bytes: Uint8Array, what: string): Parcel {
  try {
    const all = inflateSync(bytes, { maxOutputLength: MOST });
    const end = 4 + all.readUInt32LE(0);
    if (end > all.length) throw new Error('its header is cut off');
    const { about, lengths } = Header.parse(JSON.parse(all.toString('utf8', 4, end)));
    let at = end;
    const parts = lengths.map((n) => all.subarray(at, (at += n)));
    if (at !== all.length) throw new Error('its parts are cut off');
    return { about, parts };
  } catch (error) {
    throw new LanError('data', `${what}: cannot be unpacked (${messageOf(error).split('\n')[0]}).`);
  }
}
