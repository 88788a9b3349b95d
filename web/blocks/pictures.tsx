// Pictures side by side, and the bar that explains their colours.
import type { VNode } from 'preact';
import type * as shown from '../../src/report/page/document.js';
import { useImage } from '../images.js';

/** A row of pictures. */
export const Pictures = ({ pictures, legend, wide }: shown.Pictures): VNode => (
  <div class={wide ? 'pictures wide' : 'pictures'}>
    <div class="row">
      {pictures.map((picture, i) => (
        <Picture key={i} {...picture} />
      ))}
    </div>
    {legend && <Legend {...legend} />}
  </div>
);

function Picture({ image, alt, captions: [name, ...captions] }: shown.Pictures['pictures'][number]): VNode {
  return (
    <figure>
      <img src={useImage(image)} alt={alt} />
      <figcaption>
        <b>{name}</b>
        {captions.map((text, i) => (
          <span key={i}>{text}</span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Colours from low to high. */
export const Legend = ({ low, high, colours }: shown.Legend): VNode => (
  <p class="legend">
    <span>{low}</span>
    <span class="ramp" aria-hidden="true" style={{ background: `linear-gradient(to right, ${colours.join(', ')})` }} />
    <span>{high}</span>
  </p>
);
