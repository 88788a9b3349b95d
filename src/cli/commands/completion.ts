// The words and options of lan-onnx completion.
import type { Definition } from '../command.js';
import { TEXT } from '../option.js';

/** Shells that a script can be written for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** lan-onnx completion. */
export const completion = {
  command: 'completion <shell>',
  describe: 'print the script by which a shell completes commands, options and their choices',
  positionals: { shell: { ...TEXT, choices: SHELLS, demandOption: true, describe: 'the shell' } },
  missing: 'SHELL is missing (bash, zsh or fish)',
  options: {},
  examples: [
    ['source <($0 completion bash)', 'in ~/.bashrc'],
    ['source <($0 completion zsh)', 'in ~/.zshrc, behind compinit'],
    ['$0 completion fish > ~/.config/fish/completions/lan-onnx.fish', 'once'],
  ],
  epilogue: 'What is no command, option or choice is completed as the name of a file.',
} as const satisfies Definition;
