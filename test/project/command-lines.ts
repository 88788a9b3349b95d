// Command lines in documents: found, split into words as a shell does, and held against the commands' own tables of options.
import yargs from 'yargs';
import { nameOf } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import type { Option } from '../../src/cli/option.js';

/** A line of a document that starts the program, as typed. */
export interface CommandLine {
  /** `README.md`, and the line's number there. */
  readonly at: string;
  readonly text: string;
}

const PROGRAM = /^(?:[A-Z_]+=\S+ )*(?:npx |node_modules\/\.bin\/)?(?:lan-onnx|node dist\/src\/cli\/main\.js) /;

/** Every line of blocks of code, and every piece of code in a text, that starts `lan-onnx`; of blocks in YAML what they run. */
export function commandLines(name: string, markdown: string): CommandLine[] {
  const found: CommandLine[] = [];
  let fence = '';
  markdown.split('\n').forEach((line, i) => {
    const at = `${name}:${i + 1}`;
    const [, opened] = /^\s*```(\w*)/.exec(line) ?? [];
    if (opened !== undefined) fence = fence === '' ? opened || 'none' : '';
    else if (fence === 'text' || fence === 'none') return;
    else if (fence !== '' || /^ {4}/.test(line)) {
      const text = line.trim().replace(/^(?:- )?(?:run: )?(?:\$ )?/, '').replace(/\s+#\s.*$/, ''); // prettier-ignore
      if (PROGRAM.test(text)) found.push({ at, text });
    } else for (const [, text] of line.matchAll(/`([^`]+)`/g)) if (PROGRAM.test(text!)) found.push({ at, text: text! });
  });
  return found;
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
