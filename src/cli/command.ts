// A command as data: its words and options, and how the code that runs it is loaded, which happens only when it runs.
import { LanError } from '../core/errors.js';
import type { Io } from './io.js';
import type { PluginLike } from '../core/plugin.js';
import { camelCase, translate, type OptionTable, type Values } from './option.js';

/** What a flag is about, and which others give that. */
export interface Need {
  /** `a table`. */
  readonly about: string;
  /** Without dashes: one of them is enough. */
  readonly given: readonly string[];
  /** Do the values of other flags, by name in camel case, give it as well? */
  readonly unless?: (argv: Readonly<Record<string, unknown>>) => boolean;
}

/** What a command is called and takes. */
export interface Definition {
  /** The name with its arguments, as yargs has it: `audit <model>`. */
  readonly command: string;
  readonly describe: string;
  /** The arguments without dashes. */
  readonly positionals: OptionTable;
  readonly options: OptionTable;
  /** What is said of a line with too few arguments, where it is not that MODEL is missing. */
  readonly missing?: string;
  /** Flags that are no more, and what they are called now: whoever types one is told. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Flags that say nothing unless one of others is given: whoever types one in vain is told what it is about, and what to give. */
  readonly needs?: Readonly<Record<string, Need>>;
  /** Flags of other commands that would say nothing here, by the reason: whoever types one is told. */
  readonly idle?: Readonly<Record<string, string>>;
  /** A line and what it gives; `$0` is the program. */
  readonly examples: readonly (readonly [line: string, gives: string])[];
  readonly epilogue?: string;
}

/** What the code of a command gets. `plugins`: what --plugin and a config name, loaded, where the command takes plug-ins. */
export type ArgumentsOf<D extends Definition> = Values<D['positionals']> &
  Values<D['options']> & { readonly plugins?: readonly PluginLike[] };

/** A command that can be prepared. */
export interface Command {
  readonly definition: Definition;
  /**
   * Checks what was typed, by name in camel case, and gives what is to be done with it. Throws LanError for a wrong value; nothing heavy is loaded before
   * the returned function is called.
   */
  prepare(typed: Readonly<Record<string, unknown>>): (io: Io) => Promise<void>;
}

/** A command of a definition and the module that runs it. */
export const commandOf = <D extends Definition>(
  definition: D,
  load: () => Promise<{ run(argv: ArgumentsOf<D>, io: Io): Promise<void> }>,
): Command => ({
  definition,
  prepare(typed) {
    const argv = {
      ...translate<D['positionals']>(definition.positionals, typed, ''),
      ...translate<D['options']>(definition.options, typed),
    };
    refuseInVain(definition, argv);
    return async (io) => {
      const code = await load();
      if (!('plugin' in definition.options)) return code.run(argv, io);
      const { loadPlugins } = await import('./plugins.js');
      const plugins = await loadPlugins(argv, io);
      return code.run(plugins.length > 0 ? { ...argv, plugins } : argv, io);
    };
  },
});

/** Throws LanError (`usage`) for a flag that is given without what it is about. */
function refuseInVain({ command, needs = {} }: Definition, argv: Readonly<Record<string, unknown>>): void {
  const given = (flag: string): boolean => argv[camelCase(flag)] !== undefined;
  const [vain] = Object.entries(needs).filter(([flag, need]) => given(flag) && !need.given.some(given) && !need.unless?.(argv));
  if (!vain) return;
  const [flag, { about, given: others }] = vain;
  const list = others.map((other) => `--${other}`);
  const last = list.length > 1 ? `${list.slice(0, -1).join(', ')} or ${list.at(-1)!}` : list[0]!;
  throw new LanError('usage', `${command.split(' ')[0]!}: --${flag} is about ${about}. Give ${last}.`);
}

/** The first word of a command: `audit`. */
export const nameOf = ({ definition }: Command): string => definition.command.split(' ')[0]!;
