// The documentation as a site of static files in out/site, from the Markdown of the repository. `make docs-site`.
import { cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { render, type Rendered } from './markdown.js';
import { between, fileOf, ROOT, sections, target, type Page } from './pages.js';
import { layout, SCRIPT, STYLE } from './layout.js';

/** What was written, and each link that leads to nothing: `docs/a.md: b.md#c`. */
export interface Built {
  readonly pages: number;
  readonly broken: readonly string[];
}

/** Writes the whole site into `folder`, in place of what was there. */
export function buildSite(folder: string): Built {
  const parts = sections();
  const pages = parts.flatMap((p) => p.pages);
  const byPath = new Map(pages.map((p) => [p.path, p]));
  const copied = new Set<string>();
  const linkOf =
    (page: Page) =>
    (href: string): string | undefined => {
      const to = target(page.path, href);
      if (!to) return href;
      const anchor = to.anchor === undefined ? '' : `#${to.anchor}`;
      const readme = [to.path, `${to.path}/README.md`].find((p) => byPath.has(p));
      if (readme !== undefined) return readme === page.path && anchor ? anchor : between(page.path, fileOf(readme)) + anchor;
      const file = join(ROOT, to.path);
      // A folder has no page of its own; files lie in the site as they are, but for those of the project's own code.
      if (!existsSync(file) || statSync(file).isDirectory()) return undefined;
      copied.add(to.path);
      return between(page.path, to.path);
    };
  const rendered = new Map(pages.map((page) => [page.path, render(page.markdown, linkOf(page))]));
  rmSync(folder, { recursive: true, force: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const page of pages) write(fileOf(page.path), layout(page, rendered.get(page.path)!, parts));
  for (const path of copied) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder, path));
  }
  write('site.css', STYLE);
  write('site.js', SCRIPT);
  write('search.json', JSON.stringify(pages.flatMap((p) => entries(p, rendered.get(p.path)!))));
  return { pages: pages.length, broken: pages.flatMap((p) => brokenLinks(p, rendered)) };
}

/** What the search box looks through: each heading with the page that it is on. */
const entries = (page: Page, { headings }: Rendered): (readonly [text: string, page: string, url: string])[] =>
  headings.map(({ text, anchor, level }) => [
    text,
    page.title,
    level === 1 ? fileOf(page.path) : `${fileOf(page.path)}#${anchor}`,
  ]);

/** Links to files that are not there, and to headings that a page does not have. */
function brokenLinks(page: Page, rendered: ReadonlyMap<string, Rendered>): string[] {
  return rendered.get(page.path)!.links.filter((href) => {
    const to = target(page.path, href);
    if (!to) return false;
    const on = rendered.get(to.path) ?? rendered.get(`${to.path}/README.md`);
    if (!existsSync(join(ROOT, to.path))) return true;
    return to.anchor !== undefined && on !== undefined && !on.headings.some((h) => h.anchor === to.anchor);
  }).map((href) => `${page.path}: ${href}`); // prettier-ignore
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { pages, broken } = buildSite(join(ROOT, 'out/site'));
  process.stdout.write(`${pages} pages in out/site; open out/site/index.html\n`);
  for (const link of broken) process.stderr.write(`leads to nothing: ${link}\n`);
  if (broken.length > 0) process.exitCode = 1;
}
