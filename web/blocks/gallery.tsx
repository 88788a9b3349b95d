// Many results as cards: sorted by a figure, chosen by a word or a tag.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type * as shown from '../../src/report/page/document.js';
import { figure } from '../format.js';
import { useImage } from '../images.js';

type Item = shown.Gallery['items'][number];

/** Cards drawn at first, and more with each press of the button: thousands at once are slow. */
const PAGE = 60;

/** The cards. */
export function Gallery({ figures, items }: shown.Gallery): VNode {
  const [by, setBy] = useState(-1);
  const [word, setWord] = useState('');
  const [tag, setTag] = useState('');
  const [most, setMost] = useState(PAGE);
  const wanted = word.trim().toLowerCase();
  const found = items.filter(
    (item) =>
      (tag === '' || item.tags.includes(tag)) &&
      (wanted === '' || [item.title, ...item.captions].some((text) => text.toLowerCase().includes(wanted))),
  );
  const key = (item: Item, missing: number): number => item.figures[by >> 1] ?? missing;
  // Either way what is not known comes last.
  const sorted =
    by < 0
      ? found
      : found.toSorted((a, b) => (by % 2 === 0 ? key(a, Infinity) - key(b, Infinity) : key(b, -Infinity) - key(a, -Infinity)));
  const tags = [...new Set(items.flatMap((item) => item.tags))];
  return (
    <div class="gallery">
      <div class="control">
        <label>
          <span>Filter</span>
          <input type="search" value={word} onInput={(e) => setWord(e.currentTarget.value)} />
        </label>
        <label>
          <span>Order</span>
          <select value={String(by)} onChange={(e) => setBy(Number(e.currentTarget.value))}>
            <option value="-1">worst first</option>
            {figures.flatMap(({ name }, i) => [
              <option key={`${i}a`} value={String(2 * i)}>{`${name}, least first`}</option>,
              <option key={`${i}d`} value={String(2 * i + 1)}>{`${name}, most first`}</option>,
            ])}
          </select>
        </label>
        {tags.length > 0 && (
          <label>
            <span>Show</span>
            <select value={tag} onChange={(e) => setTag(e.currentTarget.value)}>
              <option value="">all</option>
              {tags.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <output aria-live="polite">
          {found.length} of {items.length}
        </output>
      </div>
      <ul class="cards">
        {sorted.slice(0, most).map((item) => (
          <Card key={item.title} item={item} figures={figures} />
        ))}
      </ul>
      {sorted.length > most && (
        <button type="button" class="more" onClick={() => setMost(most + PAGE)}>
          Show {Math.min(PAGE, sorted.length - most)} more
        </button>
      )}
    </div>
  );
}

function Card({ item, figures }: { readonly item: Item; readonly figures: shown.Gallery['figures'] }): VNode {
  const image = useImage(item.image ?? '');
  // A path is broken behind a stroke, not within a word.
  const parts = item.title.split(/(?<=[/\\])/);
  const title = <bdi>{parts.map((part, i) => [i > 0 && <wbr key={i} />, part])}</bdi>;
  return (
    <li>
      {image !== '' && <img src={image} alt="" loading="lazy" />}
      <b>{item.href === undefined ? title : <a href={item.href}>{title}</a>}</b>
      {item.captions.map((text, i) => (
        <span key={i}>{text}</span>
      ))}
      {figures.map(({ name, percent }, i) =>
        item.figures[i] === null || item.figures[i] === undefined ? null : (
          <span key={name} class="quiet">
            {name}: {figure(item.figures[i], percent)}
          </span>
        ),
      )}
      {item.tags.map((tag) => (
        <span key={tag} class="tag">
          {tag}
        </span>
      ))}
    </li>
  );
}
