// docs/commands.md holds the help of every command as it is printed now.
import { expect, test } from '@jest/globals';
import { nameOf } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { committedCommands, commandsPage } from './commands-page.js';

test('docs/commands.md is not stale', () => {
  if (committedCommands() !== commandsPage())
    throw new Error('docs/commands.md is stale. Run npm run docs:commands and commit it.');
});

test('it has every command, and every option of each', () => {
  const [, ...parts] = committedCommands().split('\n## ');
  expect(parts.map((p) => p.split('\n')[0])).toEqual(COMMANDS.map(nameOf));
  const missing = COMMANDS.flatMap((c, i) => Object.keys(c.definition.options).filter((flag) => !parts[i]!.includes(`--${flag} `)).map((flag) => `${nameOf(c)} --${flag}`)); // prettier-ignore
  expect(missing).toEqual([]);
});
