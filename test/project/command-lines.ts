// Command lines in documents: found, split into words as a shell does, and held against the commands' own tables of options.
import { parse } from 'yaml';
import yargs from 'yargs';
import { nameOf } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import type { Option } from '../../src/cli/option.js';
import { blocksOf } from './documents.js';

/** A line of a document that starts the program, as typed. */
export interface CommandLine {
  /** `README.md`, and the line's number there. */
  readonly at: string;
  readonly text: string;
}

const PROGRAM = /^(?:[A-Z_]+=\S+ )*(?:npx |(?:\S+\/)?node_modules\/\.bin\/)?(?:lan-onnx|node dist\/src\/cli\/main\.js) /;

/** The lines of a shell's text: a backslash joins two, a comment is none. */
export const shellLines = (text: string): string[] =>
  text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^\$ /, '')
        .replace(/(?:^|\s+)#(?:\s.*)?$/, ''),
    )
    .filter((line) => line !== '');

/** What a workflow, an action or a hook runs: every `run` and `entry` in it. */
export function runsOf(yaml: unknown): string[] {
  if (typeof yaml !== 'object' || yaml === null) return [];
  return Object.entries(yaml).flatMap(([key, value]) =>
    typeof value === 'string' && ['run', 'entry'].includes(key) ? shellLines(value) : runsOf(value),
  );
}

/** Every line of a block of code, and every piece of code in a text, that starts `lan-onnx`; of YAML what it runs, of a module what its comments say to type. */
export function commandLines(name: string, markdown: string): CommandLine[] {
  const blocks = blocksOf({ path: name, text: markdown });
  const inBlocks = blocks.flatMap(({ at, language, text }) => {
    if (language === 'sh') return shellLines(text).map((line) => ({ at, text: line }));
    if (language === 'yaml') return runsOf(parse(text)).map((line) => ({ at, text: line }));
    return [...text.matchAll(/^\/\/ (.*)$/gm)].map(([, line]) => ({ at, text: line! }));
  });
  const inTexts = markdown.split('\n').flatMap((line, i) => [...line.matchAll(/`([^`]+)`/g)].map(([, text]) => ({ at: `${name}:${i + 1}`, text: text! }))); // prettier-ignore
  return [...inBlocks, ...inTexts].filter(({ text }) => PROGRAM.test(text));
}

/** The words of a line, by a shell's quotes; what is behind a pipe, a redirection or `||` is another program's. */
export function wordsOf(text: string): string[] {
  const words = [...text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
  const end = words.findIndex((word) => ['|', '>', '||', '&&', '2>'].includes(word));
  return end < 0 ? words : words.slice(0, end);
}

/** What stands for any value in a document: `...`, and `F...` for one or several. */
const asTyped = (word: string): string[] => (word === '...' || word === '[options]' ? [] : [word.replace(/\.\.\.$/, '')]);

/** What the program would refuse of a line before it reads a file; undefined: nothing. */
export async function refusalOf(text: string): Promise<string | undefined> {
  const words = wordsOf(text.replace(PROGRAM, '')).flatMap(asTyped);
  const command = COMMANDS.find((c) => nameOf(c) === words[0]);
  if (!command) return ['--help', '--version', 'COMMAND'].includes(words[0] ?? '') ? undefined : `no command '${words[0]}'`;
  const { options, positionals } = command.definition;
  const yargsOf = ({ coerce: _c, library: _l, pairs: _p, demandOption: _d, ...option }: Option): object => option;
  try {
    const table = Object.entries<Option>({ ...options, quiet: { type: 'boolean', alias: 'q' } satisfies Option });
    const typed = await yargs(words.slice(1))
      .options(Object.fromEntries(table.map(([flag, option]) => [flag, yargsOf(option)])))
      .parserConfiguration({ 'strip-dashed': true, 'dot-notation': false })
      .help(false)
      .version(false)
      .exitProcess(false)
      .fail((message, error: Error | undefined) => {
        throw error ?? new Error(message ?? '');
      })
      .parseAsync();
    const known = new Set([...Object.keys(options), 'quiet', 'q', 'help', 'h', 'version', '_', '$0'].map(inCamelCase));
    const unknown = Object.keys(typed).filter((name) => !known.has(name));
    if (unknown.length > 0) return `unknown: ${unknown.join(', ')}`;
    const names = Object.keys(positionals);
    const given = typed._ as string[];
    command.prepare({
      ...typed,
      ...Object.fromEntries(names.map((n, i) => [inCamelCase(n), positionals[n]!.array ? given : given[i]])),
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const inCamelCase = (flag: string): string => flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
