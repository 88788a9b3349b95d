// What becomes of each block of code in the documents: run as it stands by `make test-examples`, or not, with the reason. Nothing is left out in silence.
import { shellLines } from './command-lines.js';
import type { Block } from './documents.js';

/** The languages of a block: what is typed or run, what is read, and what is only printed. */
export const LANGUAGES = ['sh', 'ts', 'js', 'python', 'json', 'yaml', 'text'] as const;

/** A part of the documents that is not run as it stands. */
export interface NotRun {
  readonly path: RegExp;
  /** Of a shell's block a line of it, of any other its text. */
  readonly has: RegExp;
  /** Why not, and what tries it instead. */
  readonly why: string;
}

const ANYWHERE = /./;
export const NOT_RUN: readonly NotRun[] = [
  { path: /browser/, has: /^npm run build:web/, why: 'builds the page in a checkout: `make build`, `make test-web`' },
  { path: ANYWHERE, has: /^npm install /, why: 'installs from the registry: `make test-package` does' },
  { path: ANYWHERE, has: /^make /, why: 'a target of this checkout; that it is there is tested, and CI runs them' },
  { path: ANYWHERE, has: /^lan-onnx reproduce /, why: 'minutes to hours of training: test/experiment runs each experiment small' },
  { path: ANYWHERE, has: /lan-onnx fetch nsfwjs/, why: 'needs the network: test/fetch has a server of its own' },
  { path: /browser|README/, has: /^lan-onnx serve\b/, why: 'does not end: test/server, and `make test-web` in a browser' },
  { path: /many-machines/, has: /redis:/, why: 'needs Redis: `make test-queue`' },
  { path: /docs\/check/, has: /case\/test_data_set_0/, why: 'reads what --bisect writes where something disagrees: test/check/check.test.ts' },
  { path: /methods/, has: /^npx tsx bench\//, why: 'minutes of measuring, in a checkout' },
  { path: /browser/, has: /from 'lan-onnx\/web'/, why: 'runs in a browser: `make test-web`; here its types are checked' },
  { path: /check/, has: /from 'vitest'/, why: 'needs vitest: `make test-package` installs and runs this very block' },
  { path: /^README/, has: /await createAuditor/, why: 'test/examples/library-example.test.ts runs it, and holds what it prints' },
  { path: /plugins\.md/, has: /^\/\/ (?!mine\.mjs)/, why: 'a file of examples/plugins letter by letter, which test/api/plugin-examples.test.ts runs' },
  { path: /^docs\/api\.md/, has: ANYWHERE, why: 'a signature out of the sources: test/examples/api-page.test.ts' },
]; // prettier-ignore

/** The first entry of NOT_RUN for a line (of a shell's block) or a text of a document. */
export const notRun = (path: string, text: string): NotRun | undefined =>
  NOT_RUN.find((n) => n.path.test(path) && n.has.test(text));

/** What of a block is run: lines of a shell, the whole of a program; nothing of what is only read or printed. */
export function runOf({ path, language, text }: Block): string[] {
  if (language === 'sh') return shellLines(text).filter((line) => !notRun(path, line));
  return ['ts', 'js', 'python'].includes(language) && !notRun(path, text) ? [text] : [];
}

/** Lines of outputs that no run of `make test-examples` prints, and why. */
export const NOT_PRINTED: readonly NotRun[] = [
  { path: /architecture/, has: ANYWHERE, why: 'a drawing' },
  { path: /^README/, has: /^ {4}\.\.\.$/, why: 'stands for the lines that follow' },
  {
    path: /docs\/check/,
    has: /^(->| {2}\?\?|expected| {2}(output|values))/,
    why: 'of models that are wrong or undecided: test/check',
  },
  { path: /docs\/check/, has: /'words'|'logits', tfjs/, why: 'of a model of tokens, and one of many classes: test/check' },
];
