// A page of Markdown as HTML: headings with anchors as GitHub makes them, links to other pages as the site has them.
import { Marked, type Tokens } from 'marked';

/** A heading of levels 1 to 3. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
}

/** A page, rendered. */
export interface Rendered {
  readonly html: string;
  readonly headings: readonly Heading[];
  /** As written: `../plugins.md#ops`, `https://...`. */
  readonly links: readonly string[];
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
/** What is left of inline Markdown for a reader: no code marks, links or emphasis. */
const plain = (text: string): string => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '').replace(/(^|\s)_|_(\s|$)/g, '$1$2'); // prettier-ignore

/** The anchor that GitHub gives a heading: lower case, no punctuation, dashes for spaces. */
export const anchorOf = (text: string): string =>
  plain(text)
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

/** `link` gives the site's form of a link or a picture's source, or undefined where it leads to nothing that the site has. */
export function render(markdown: string, link: (href: string) => string | undefined): Rendered {
  const headings: Heading[] = [];
  const links: string[] = [];
  const used = new Map<string, number>();
  const marked = new Marked({ gfm: true });
  marked.use({
    renderer: {
      heading(this: { parser: { parseInline(tokens: Tokens.Generic[]): string } }, { tokens, depth, text }: Tokens.Heading) {
        const base = anchorOf(text);
        const times = used.get(base) ?? 0;
        used.set(base, times + 1);
        const anchor = times === 0 ? base : `${base}-${times}`;
        if (depth <= 3) headings.push({ level: depth, text: plain(text), anchor });
        return `<h${depth} id="${anchor}"><a class="anchor" href="#${anchor}">${this.parser.parseInline(tokens)}</a></h${depth}>\n`;
      },
      link(this: { parser: { parseInline(tokens: Tokens.Generic[]): string } }, { href, tokens }: Tokens.Link) {
        links.push(href);
        const to = link(href);
        const inner = this.parser.parseInline(tokens);
        return to === undefined ? `<span>${inner}</span>` : `<a href="${escaped(to)}">${inner}</a>`;
      },
      image({ href, text }: Tokens.Image) {
        links.push(href);
        return `<img src="${escaped(link(href) ?? href)}" alt="${escaped(text)}" loading="lazy">`;
      },
      code({ text, lang }: Tokens.Code) {
        return `<pre><code${lang ? ` class="language-${escaped(lang)}"` : ''}>${escaped(text)}</code></pre>\n`;
      },
      // Wide tables scroll by themselves.
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
    },
  });
  const html = (marked.parse(markdown) as string).replace(/<table>/g, '<div class="table" tabindex="0"><table>').replace(/<\/table>/g, '</table></div>'); // prettier-ignore
  return { html, headings, links };
}
