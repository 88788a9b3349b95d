// tokens.html: an input of tokens coloured by attention, with the claims on top; one self-contained page without scripts.
import { escapeHtml, plainPage } from './plain-page.js';
import { readable, type TokenMask } from './tokens.js';

/** What the page about one text says. */
export interface TokensPage {
  readonly title: string;
  /** What the model answered. */
  readonly answer: string;
  readonly betas: readonly {
    readonly beta: number;
    /** In place of the beta. */
    readonly heading?: string;
    /** Headline first. */
    readonly claims: readonly string[];
    readonly tokens: readonly TokenMask[];
  }[];
  readonly notes: readonly string[];
}

/** Where the scale ends: a warm colour on which ink stays readable. */
const WARM = [255, 140, 40] as const;

/** Background of a token: white where replaceable, WARM where needed; grey where the mask is no number. */
function colour(attention: number): string {
  if (Number.isNaN(attention)) return '#808080';
  const fraction = Math.min(1, Math.max(0, attention));
  return `#${WARM.map((c) => Math.round(255 + (c - 255) * fraction).toString(16).padStart(2, '0')).join('')}`; // prettier-ignore
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; color: #1c1f26; background: #fff; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
.claim { font-size: 1.1rem; } .quiet, .scale, caption { color: #686e7a; }
.tokens { line-height: 2.2; padding: 1rem; border: 1px solid #dee1e6; border-radius: 6px; }
.tokens span, .scale span { padding: .15em .3em; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; color: #1c1f26; }
table { border-collapse: collapse; } th, td { padding: .2em .8em; border-bottom: 1px solid #dee1e6; text-align: left; } td.n { text-align: right; }
`;

/** The whole page. Everything in it is escaped, and it may load nothing. */
export function tokensPage({ title, answer, betas, notes }: TokensPage): string {
  const text = escapeHtml;
  const section = ({ beta, heading, claims: [headline = '', ...others], tokens }: TokensPage['betas'][number]): string => `
<h2>${text(heading ?? `Beta ${beta}`)}</h2>
<p class="claim">${text(headline)}</p>
${others.map((c) => `<p>${text(c)}</p>`).join('\n')}
<p class="tokens">${tokens.map(word).join(' ')}</p>
<p class="scale"><span style="background: ${colour(0)}">replaceable</span> <span style="background: ${colour(0.5)}">half</span> <span style="background: ${colour(1)}">needed</span></p>
<details><summary>All tokens</summary><table><tr><th>position</th><th>id</th><th>token</th><th>attention</th></tr>
${tokens.map((t) => `<tr><td class="n">${t.position}</td><td class="n">${t.id}</td><td><bdi>${text(readable(t))}</bdi></td><td class="n">${(1 - t.mask).toFixed(3)}</td></tr>`).join('\n')}
</table></details>`;
  const word = (t: TokenMask): string =>
    `<span style="background: ${colour(1 - t.mask)}" title="position ${t.position}, id ${t.id}, attention ${(1 - t.mask).toFixed(3)}"><bdi>${text(readable(t))}</bdi></span>`;
  return plainPage(
    title,
    STYLE,
    `<p>${text(answer)}</p>
${betas.map(section).join('\n')}
${notes.map((n) => `<p class="quiet">note: ${text(n)}</p>`).join('\n')}`,
  );
}
