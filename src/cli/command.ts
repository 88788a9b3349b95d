// A command as data: its words and options, and how the code that runs it is loaded, which happens only when it runs.
import type { Io } from './io.js';
import type { PluginLike } from '../core/plugin.js';
import { translate, type OptionTable, type Values } from './option.js';

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
    return async (io) => {
      const code = await load();
      if (!('plugin' in definition.options)) return code.run(argv, io);
      const { loadPlugins } = await import('./plugins.js');
      const plugins = await loadPlugins(argv, io);
      return code.run(plugins.length > 0 ? { ...argv, plugins } : argv, io);
    };
  },
});

/** The first word of a command: `audit`. */
export const nameOf = ({ definition }: Command): string => definition.command.split(' ')[0]!;
