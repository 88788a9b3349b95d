// A text whose words are marked by how much they were needed.
import type { VNode } from 'preact';
import type * as shown from '../../src/report/page/document.js';
import { Legend } from './pictures.js';

/** The colour of a legend at `at` in [0,1], and ink that can be read on it. */
function coloured(colours: readonly string[], at: number): { background: string; color: string } {
  const background = colours[Math.round(Math.min(1, Math.max(0, at)) * (colours.length - 1))] ?? '#808080';
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(background.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  // Relative luminance of WCAG 2: black and white have the same contrast at 0.179.
  return { background, color: 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000' : '#fff' };
}

/** The words in a line, those that are replaced crossed out. */
export const Left = ({ words }: { readonly words: readonly { readonly text: string; readonly replaced: boolean }[] }): VNode => (
  <p class="left">
    {words.map(({ text, replaced }, i) => (
      <span key={i}>{replaced ? <s>{text}</s> : <b>{text}</b>} </span>
    ))}
  </p>
);

/** The words in a line. */
export const Words = ({ words, legend }: shown.Words): VNode => (
  <div class="words">
    <p>
      {words.map((word, i) => (
        <span key={i}>
          <bdi style={coloured(legend.colours, word.need)} title={word.title}>
            {word.text}
          </bdi>{' '}
        </span>
      ))}
    </p>
    <Legend {...legend} />
  </div>
);
