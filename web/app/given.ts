// What was named on the command line of `lan-onnx serve`: the part of the address behind # is the key to it.
import type { GivenList } from '../../src/server/given.js';
import { fetched } from './examples.js';
import type { Found } from './files.js';
import type { CardGiven } from './protocol.js';

/** A model and a picture, to be opened as if they had been dropped. */
export interface Named {
  readonly model?: { readonly folder?: string; readonly files: readonly Found[]; readonly card?: CardGiven };
  readonly picture?: Found;
}

/** What was named, or undefined. Throws where the server no longer has it. */
export async function named(hash: string): Promise<Named | undefined> {
  const [, token] = /^#given=([\w-]{10,})$/.exec(hash) ?? [];
  if (token === undefined) return undefined;
  const home = new URL(`given/${token}/`, import.meta.url);
  const list = (await (await fetch(new URL('list.json', home))).json()) as GivenList;
  const found = ({ address, name }: { readonly address: string; readonly name: string }): Promise<Found> =>
    fetched(new URL(address, home).href, name);
  const { model, image } = list;
  return {
    ...(model && {
      model: {
        folder: model.folder,
        files: await Promise.all(model.files.map(found)),
        // The labels of a card that was read are a list.
        ...(model.card && { card: model.card as CardGiven }),
      },
    }),
    ...(image && { picture: await found(image) }),
  };
}
