// What standard output can show: nothing but text where it is no terminal, else how wide it is and how it shows pictures.
import type { TerminalPictures } from '../report/drawing/terminal.js';

/** A terminal on standard output. */
export interface Screen {
  readonly columns: number;
  /** Absent where it shows none, or none are wanted (NO_COLOR). */
  readonly pictures?: TerminalPictures;
}

/**
 * The terminal as its environment describes it; undefined where output is no terminal. A multiplexer (tmux, screen) passes no pictures on, so it gets blocks, as does
 * whatever says nothing.
 */
export function screenOf(
  stdout: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): Screen | undefined {
  if (stdout.isTTY !== true) return undefined;
  // A terminal that says 0 does not know.
  const columns = stdout.columns || 80;
  const { TERM = '', TERM_PROGRAM = '', COLORTERM = '' } = env;
  if (TERM === '' || TERM === 'dumb' || TERM === 'linux' || env['NO_COLOR']) return { columns };
  const blocks = /truecolor|24bit/i.test(COLORTERM) ? 'blocks' : 'blocks256';
  if (env['TMUX'] || /^(screen|tmux)/.test(TERM)) return { columns, pictures: blocks };
  if (/kitty|ghostty/.test(TERM) || env['KITTY_WINDOW_ID']) return { columns, pictures: 'kitty' };
  if (/^(iTerm\.app|WezTerm|vscode)$/.test(TERM_PROGRAM) || env['LC_TERMINAL'] === 'iTerm2')
    return { columns, pictures: 'iterm2' };
  if (/sixel|^mlterm|^foot|^contour/.test(TERM)) return { columns, pictures: 'sixel' };
  return { columns, pictures: blocks };
}

/** Columns of a summary at most: longer lines are hard to read, however wide the screen. */
const WIDEST = 80;

/** Lines broken between words to fit a screen, what is broken off two columns further in; a word that is too long stays whole, so that it can be copied. */
export function wrapped(text: string, columns: number): string {
  const width = Math.min(WIDEST, columns);
  return text
    .split('\n')
    .map((line) => {
      const indent = /^ */.exec(line)![0].length;
      const lines: string[] = [];
      let current = ' '.repeat(indent);
      let begun = false;
      for (const word of line.slice(indent).split(' ')) {
        if (begun && current.length + 1 + word.length > width) {
          lines.push(current);
          current = `${' '.repeat(indent + 2)}${word}`;
        } else current += `${begun ? ' ' : ''}${word}`;
        begun = true;
      }
      return [...lines, current].join('\n');
    })
    .join('\n');
}
