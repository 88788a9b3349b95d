// The words and options of lan-onnx plugin.
import type { Definition } from '../command.js';
import { TEXT } from '../option.js';
import { jsonOption } from '../options.js';

/** lan-onnx plugin. */
export const plugin = {
  command: 'plugin <action> <file>',
  describe: 'try the parts of a plug-in as the built-in ones are tried',
  positionals: {
    action: { ...TEXT, choices: ['test'] as const, demandOption: true, describe: 'what to do with it' },
    file: { ...TEXT, demandOption: true, describe: 'module whose default export is the plug-in: ./mine.mjs' },
  },
  missing: 'ACTION (test) or FILE is missing',
  options: { ...jsonOption },
  examples: [
    ['$0 plugin test ./mine.mjs', 'its ops on its cases: forward, and gradients against each other and against differences'],
  ],
  epilogue: 'A plug-in is code that runs with your rights. Exit code: 0 all tests pass, 1 one does not, 2 it is no plug-in.',
} as const satisfies Definition;
