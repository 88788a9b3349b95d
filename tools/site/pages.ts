// Which pages the site has, in which order, and what stands in its navigation: all from the repository's own Markdown.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Sections of the navigation: a title, and paths from the root. What is not named here comes under "More". */
const SECTIONS: readonly (readonly [title: string, paths: readonly string[]])[] = [
  ['Start', ['README.md', 'docs/guides/first-audit.md', 'docs/guides/your-own-model.md', 'docs/guides/reading-a-mask.md']],
  ['Guides', ['docs/guides/in-ci.md', 'docs/guides/training-a-lan.md', 'docs/texts-and-tables.md', 'docs/plugins.md', 'docs/browser.md', 'docs/audit-many.md', 'examples/README.md']], // prettier-ignore
  ['Reference', ['docs/api.md', 'docs/commands.md', 'docs/methods.md', 'docs/evidence.md', 'docs/check.md', 'docs/score.md', 'docs/report.md', 'docs/audit-json.md', 'docs/errors.md', 'docs/ops.md', 'docs/families.md']], // prettier-ignore
  ['Background', ['docs/guides/limits.md', 'docs/guides/beside-other-tools.md', 'docs/architecture.md', 'docs/adding-an-op.md', 'docs/performance.md', 'docs/security.md', 'CHANGELOG.md']], // prettier-ignore
];

/** A page of the site. */
export interface Page {
  /** From the root, with slashes: docs/ops.md. */
  readonly path: string;
  readonly title: string;
  readonly markdown: string;
}

const markdownIn = (folder: string): string[] =>
  existsSync(join(ROOT, folder))
    ? readdirSync(join(ROOT, folder), { withFileTypes: true })
        .flatMap((f) =>
          f.isDirectory() ? markdownIn(posix.join(folder, f.name)) : f.name.endsWith('.md') ? [posix.join(folder, f.name)] : [],
        ) // prettier-ignore
        .sort()
    : [];

const pageOf = (path: string): Page => {
  const markdown = readFileSync(join(ROOT, path), 'utf8');
  return { path, title: /^# (.*)$/m.exec(markdown)?.[1] ?? path, markdown };
};

/** Every section with its pages; what no section names comes last. */
export function sections(): { readonly title: string; readonly pages: readonly Page[] }[] {
  const all = ['README.md', 'CHANGELOG.md', ...markdownIn('docs'), ...markdownIn('examples'), ...markdownIn('models')];
  const named = SECTIONS.flatMap(([, paths]) => paths);
  const left = all.filter((p) => !named.includes(p));
  const of = (paths: readonly string[]): Page[] => paths.filter((p) => all.includes(p)).map(pageOf);
  return [
    ...SECTIONS.map(([title, paths]) => ({ title, pages: of(paths) })),
    { title: 'Models', pages: of(left.filter((p) => p.startsWith('models/'))) },
    { title: 'Decisions', pages: of(left.filter((p) => p.startsWith('docs/adr/'))) },
    { title: 'More', pages: of(left.filter((p) => !/^(models|docs\/adr)\//.test(p))) },
  ].filter(({ pages }) => pages.length > 0);
}

/** Where a page lies in the site: README.md is index.html of its folder. */
export const fileOf = (path: string): string => path.replace(/README\.md$/, 'index.html').replace(/\.md$/, '.html');

/** A link of page `from`, resolved: a path from the root and an anchor; undefined for one that leads out of the repository (https, mailto). */
export function target(from: string, href: string): { readonly path: string; readonly anchor: string | undefined } | undefined {
  if (/^[a-z]+:/i.test(href)) return undefined;
  const [file = '', anchor] = href.split('#');
  const path = file === '' ? from : posix.normalize(posix.join(dirname(from), decodeURIComponent(file)));
  return { path: path.replace(/\/$/, ''), anchor };
}

/** The way from one page's place in the site to another's. */
export const between = (from: string, to: string): string => relative(dirname(fileOf(from)) || '.', to) || '.';
