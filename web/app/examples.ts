// What the page brings along to be tried with one click; web/build-app.js copies the files.
import type { Found } from './files.js';
import type { CardGiven } from './protocol.js';

/** A picture of an example. */
export interface ExamplePicture {
  readonly file: string;
  readonly about: string;
}

/** The tank detector of the paper (models/tank), with pictures of both classes. */
export const TANK = {
  model: 'tank.onnx',
  card: 'tank.card.json',
  pictures: [
    { file: 'tank-05.png', about: 'a tank under a cloud' },
    { file: 'tank-07.png', about: 'another tank under a cloud' },
    { file: 'no-tank-00.png', about: 'a forest without a tank' },
    { file: 'sunny-tank-01.png', about: 'a tank under a clear sky' },
  ],
} as const;

/** Where an example's file lies, relative to the page. */
export const exampleAddress = (file: string): string => new URL(`examples/tank/${file}`, import.meta.url).href;

/** A file of this page's own host. Throws where it cannot be had. */
export async function fetched(address: string, name: string): Promise<Found> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  const file = await answer.blob();
  return { name, size: file.size, file };
}

/** The tank and one of its pictures, as if they had been dropped. */
export async function tankWith(picture: string): Promise<{ found: Found[]; card: CardGiven }> {
  const [card, ...found] = await Promise.all([
    fetch(exampleAddress(TANK.card)).then((answer) => answer.json() as Promise<CardGiven>),
    fetched(exampleAddress(TANK.model), TANK.model),
    fetched(exampleAddress(picture), picture),
  ]);
  return { found, card };
}
