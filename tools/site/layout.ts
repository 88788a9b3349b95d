// The frame of a page: navigation, contents, search; its style and its few lines of script.
import type { Rendered } from './markdown.js';
import { between, fileOf, type Page } from './pages.js';

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!); // prettier-ignore

/** The whole document of a page. `sections`: what the navigation shows; long lists are folded unless the page is in them. */
export function layout(
  page: Page,
  { html, headings }: Rendered,
  sections: readonly { readonly title: string; readonly pages: readonly Page[] }[],
): string {
  const to = (path: string): string => escaped(between(page.path, path));
  const link = (p: Page): string =>
    `<li><a href="${to(fileOf(p.path))}"${p.path === page.path ? ' aria-current="page"' : ''}>${escaped(p.title.replaceAll('`', ''))}</a></li>`;
  const navigation = sections
    .map(({ title, pages }) => {
      const list = `<ul>${pages.map(link).join('')}</ul>`;
      if (pages.length < 12) return `<h2>${title}</h2>${list}`;
      return `<details${pages.some((p) => p.path === page.path) ? ' open' : ''}><summary>${title}</summary>${list}</details>`;
    })
    .join('');
  const inner = headings.filter((h) => h.level > 1);
  // A page of hundreds of headings is found through by its second level alone.
  const shown = inner.length > 60 ? inner.filter((h) => h.level === 2) : inner;
  const contents = shown.map((h) => `<li class="l${h.level}"><a href="#${h.anchor}">${escaped(h.text)}</a></li>`).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(page.title)}${page.path === 'README.md' ? '' : ' - lan-onnx'}</title>
<link rel="stylesheet" href="${to('site.css')}">
<script src="${to('site.js')}" data-root="${to('.')}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header><a class="name" href="${to('index.html')}">lan-onnx</a>
<details class="menu"><summary>Pages</summary><nav aria-label="Pages, in a menu">${navigation}</nav></details>
<div class="search"><input type="search" placeholder="Search headings" aria-label="Search headings"><ul hidden></ul></div></header>
<div class="columns">
<nav class="pages" aria-label="Pages">${navigation}</nav>
<main id="content">
${html}</main>
${contents ? `<nav class="contents" aria-label="On this page"><h2>On this page</h2><ul>${contents}</ul></nav>` : '<div></div>'}
</div>
</body>
</html>
`;
}

export const STYLE = `:root { color-scheme: light dark; --text: light-dark(#1d2125, #e2e4e8); --soft: light-dark(#57606a, #9aa4af); --line: light-dark(#d8dde3, #363c44);
  --ground: light-dark(#fff, #15181c); --code: light-dark(#f4f5f7, #1f242a); --link: light-dark(#9a3b00, #ffb27d); }
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--ground); font: 16px/1.6 system-ui, sans-serif; }
a { color: var(--link); text-underline-offset: 2px; }
.skip { position: absolute; left: -99em; } .skip:focus { left: 0; z-index: 3; background: var(--ground); }
header { position: sticky; top: 0; z-index: 2; display: flex; gap: 1rem; align-items: center; padding: .5rem 1.25rem; background: var(--ground); border-bottom: 1px solid var(--line); }
header .name { white-space: nowrap; font-weight: 700; color: inherit; text-decoration: none; }
.menu { display: none; } .menu nav { position: absolute; left: 0; right: 0; max-height: 80vh; overflow: auto; padding: 0 1.25rem 1rem; background: var(--ground); border-bottom: 1px solid var(--line); }
.search { position: relative; margin-left: auto; } .search input { font: inherit; font-size: .9rem; width: min(22rem, 55vw); padding: .25rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--code); color: inherit; }
.search ul { position: absolute; right: 0; width: min(30rem, 90vw); margin: .25rem 0 0; padding: .25rem 0; list-style: none; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; max-height: 70vh; overflow: auto; }
.search li a { display: block; padding: .3rem .75rem; text-decoration: none; } .search li a:focus, .search li a:hover { background: var(--code); } .search small { color: var(--soft); }
.columns { display: grid; grid-template-columns: 15rem minmax(0, 48rem) 14rem; gap: 2.5rem; justify-content: center; padding: 0 1.25rem 4rem; }
nav { font-size: .9rem; } nav ul { list-style: none; margin: 0; padding: 0; } nav li { margin: .2rem 0; } nav h2, nav summary { font-size: .8rem; font-weight: 700; color: var(--soft); margin: 1.25rem 0 .3rem; cursor: default; } nav summary { cursor: pointer; }
nav a { color: inherit; text-decoration: none; } nav a:hover { text-decoration: underline; } nav a[aria-current] { color: var(--link); font-weight: 600; }
.pages, .contents { position: sticky; top: 3rem; align-self: start; max-height: calc(100vh - 3rem); overflow: auto; padding-bottom: 1rem; } .contents .l3 { padding-left: .9rem; }
main { overflow-wrap: break-word; } h1, h2, h3 { line-height: 1.25; scroll-margin-top: 4rem; } main h2 { margin-top: 2.2rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
.anchor { color: inherit; text-decoration: none; } .anchor:hover::after { content: ' #'; color: var(--soft); }
code { font: .88em/1.5 ui-monospace, monospace; background: var(--code); border-radius: 4px; padding: .1em .3em; } pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; overflow: auto; } pre code { padding: 0; background: none; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; } th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; overflow-wrap: normal; } td[align=right], th[align=right] { text-align: right; } th { background: var(--code); }
img { max-width: 100%; height: auto; }
@media (max-width: 75rem) { .columns { grid-template-columns: 14rem minmax(0, 1fr); } .contents { display: none; } }
@media (max-width: 48rem) { .columns { display: block; } .columns > .pages { display: none; } .menu { display: block; } .menu summary { font-size: .9rem; cursor: pointer; } }
@media print { header, nav { display: none; } .columns { display: block; } }
`;

/** Headings by what is typed; works where the site is served, and says so where it is opened as files, which browsers do not let it read. */
export const SCRIPT = `const root = document.currentScript.dataset.root;
const input = document.querySelector('.search input');
const list = document.querySelector('.search ul');
let entries;
async function found(text) {
  entries ??= fetch(root + '/search.json').then((r) => r.json()).catch(() => undefined);
  const all = await entries;
  if (!all) return undefined;
  const words = text.toLowerCase().split(/\\s+/).filter(Boolean);
  return all.filter(([heading, page]) => words.every((w) => (heading + ' ' + page).toLowerCase().includes(w))).slice(0, 20);
}
function row(text, small, href) {
  const li = document.createElement('li');
  const a = document.createElement('a');
  a.textContent = text + ' ';
  if (href) a.href = root + '/' + href;
  const s = document.createElement('small');
  s.textContent = small;
  a.append(s);
  li.append(a);
  return li;
}
input.addEventListener('input', async () => {
  const text = input.value.trim();
  const rows = text ? await found(text) : [];
  if (text !== input.value.trim()) return;
  list.replaceChildren(...(rows ? rows.map((r) => row(r[0], r[1] === r[0] ? '' : r[1], r[2])) : [row('Search needs the site to be served: npx http-server out/site', '')]));
  if (text && rows && rows.length === 0) list.append(row('Nothing of that name.', ''));
  list.hidden = text === '';
});
input.addEventListener('keydown', (e) => { if (e.key === 'Escape') { input.value = ''; list.hidden = true; } });
`;
