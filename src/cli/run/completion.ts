// lan-onnx completion SHELL: the script is made from the tables of options, so that no program runs while somebody types.
import { nameOf, type ArgumentsOf, type Command, type Definition } from '../command.js';
import type { completion as definition } from '../commands/completion.js';
import type { Io } from '../io.js';
import type { Option } from '../option.js';

/** The command for `commands`, which it does not look up itself, being one of them: prints the script. */
export const completing = (commands: readonly Command[]) => ({
  run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
    io.out(argv.shell === 'fish' ? fish(commands) : bash(commands, argv.shell === 'zsh'));
    return Promise.resolve();
  },
});

/** Of every command. */
const COMMON = ['--quiet', '--version', '--help'];

const flagsOf = ({ options }: Definition): string[] => [...Object.keys(options).map((flag) => `--${flag}`), ...COMMON];
const choicesOf = (option: Option): string[] => (option.choices ?? []).map(String);

/** For bash, and for zsh by its own emulation of it. What is no option and no choice is a file. */
function bash(commands: readonly Command[], zsh: boolean): string {
  const cases = commands.map((command) => {
    const { options, positionals } = command.definition;
    const choices = Object.entries(options).flatMap(([flag, option]) => {
      const words = choicesOf(option);
      return words.length > 0 ? [`        --${flag}) words='${words.join(' ')}' ;;`] : [];
    });
    const first = Object.values(positionals).flatMap(choicesOf);
    return [
      `    ${nameOf(command)})`,
      '      case "$last" in',
      ...choices,
      `        *) case "$word" in -*) words='${flagsOf(command.definition).join(' ')}' ;; *) words='${first.join(' ')}' ;; esac ;;`,
      '      esac ;;',
    ].join('\n');
  });
  return `${zsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_lan_onnx() {
  local word="\${COMP_WORDS[COMP_CWORD]}" last="\${COMP_WORDS[COMP_CWORD-1]}" words=''
  if [ "$COMP_CWORD" = 1 ]; then words='${[...commands.map(nameOf), ...COMMON].join(' ')}'
  else case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _lan_onnx lan-onnx
`;
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

function fish(commands: readonly Command[]): string {
  const names = commands.map(nameOf).join(' ');
  const lines = commands.flatMap((command) => {
    const name = nameOf(command);
    const { definition } = command;
    const within = `complete -c lan-onnx -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c lan-onnx -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d ${quoted(definition.describe)}`,
      ...Object.values(definition.positionals).flatMap((o: Option) =>
        choicesOf(o).length > 0 ? [`${within} -f -a ${quoted(choicesOf(o).join(' '))}`] : [],
      ),
      ...Object.entries(definition.options).map(([flag, option]: [string, Option]) => {
        const words = choicesOf(option);
        const value = option.type === 'boolean' ? '' : words.length > 0 ? ` -x -a ${quoted(words.join(' '))}` : ' -r';
        return `${within} -l ${flag}${value} -d ${quoted(option.describe ?? '')}`;
      }),
    ];
  });
  return `${lines.join('\n')}\ncomplete -c lan-onnx -s q -l quiet\ncomplete -c lan-onnx -l version\ncomplete -c lan-onnx -s h -l help\n`;
}
