// Documents and the words that masks of them keep (the paper's Tables 1 to 4), as a page, as text and as JSON.
import { join } from 'node:path';
import { writeAtomically } from '../data/files.js';
import type { ExplainedDocument } from '../experiment/run.js';
import { escapeHtml, plainPage } from './plain-page.js';

/** The files, in the run folder. */
export const WORD_TABLES = ['tables.html', 'tables.txt', 'tables.json'] as const;

/** Writes all of them. Throws LanError (`write`). */
export async function writeWordTables(folder: string, title: string, documents: readonly ExplainedDocument[]): Promise<void> {
  const json = `${JSON.stringify({ schema: 'lan-onnx/word-tables@1', title, documents }, null, 2)}\n`;
  const [html, text] = [wordsPage(title, documents), wordsText(title, documents)];
  for (const [i, content] of [html, text, json].entries()) await writeAtomically(join(folder, WORD_TABLES[i]!), content);
}

const MARKED = 'Words that are in the document are';

type Masks = ExplainedDocument['masks'][number];

/** The words of a mask, those in the document in square brackets. */
export const bracketed = ({ top }: Masks): string =>
  top.map(({ word, inDocument }) => (inDocument ? `[${word}]` : word)).join(', ');

const counted = ({ top }: Masks): string => `${top.filter((t) => t.inDocument).length} of ${top.length} in the document`;

/** As lines of at most 100 characters. */
export function wordsText(title: string, documents: readonly ExplainedDocument[]): string {
  const lines = [title, `${MARKED} in [brackets].`, ''];
  for (const { name, topic, answer, words, masks } of documents) {
    lines.push(`${name}: ${topic}${answer === topic ? '' : `, which the classifier takes for ${answer}`}`);
    lines.push(...folded(`words of the document: ${words.join(', ')}`));
    for (const mask of masks) lines.push(...folded(`${mask.by}, ${counted(mask)}: ${bracketed(mask)}`));
    lines.push('');
  }
  return lines.join('\n');
}

const LONGEST = 100;

/** Broken at spaces, indented by two. */
function folded(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + 1 + word.length > LONGEST - 4) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line, i) => (i === 0 ? `  ${line}` : `    ${line}`));
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; color: #1c1f26; background: #fff; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } p { color: #565c68; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; } caption { text-align: left; font-weight: 600; padding: .4em 0; }
th, td { padding: .5em .7em; border: 1px solid #dee1e6; text-align: left; vertical-align: top; overflow-wrap: anywhere; } th { background: #f4f5f7; font-weight: 600; }
mark { background: #ffe27a; color: #1c1f26; padding: 0 .15em; border-radius: 3px; }
`;

/** One self-contained page without scripts; a table a document. Everything in it is escaped, and it may load nothing. */
export function wordsPage(title: string, documents: readonly ExplainedDocument[]): string {
  const text = escapeHtml;
  const top = (mask: Masks): string =>
    mask.top
      .map(({ word, mask: value, inDocument }) => {
        const shown = inDocument ? `<mark>${text(word)}</mark>` : text(word);
        return `<span title="mask ${value}">${shown}</span>`;
      })
      .join(', ');
  const table = ({ name, topic, answer, words, masks }: ExplainedDocument): string => `
<table>
<caption>${text(topic)}, document ${text(name)}${answer === topic ? '' : `; the classifier says ${text(answer)}`}</caption>
<tr><th>words of the document</th>${masks.map((m) => `<th>${m.top.length} most important words: ${text(m.by)}</th>`).join('')}</tr>
<tr><td>${text(words.join(', '))}</td>${masks.map((m) => `<td>${top(m)}<br><small>${counted(m)}</small></td>`).join('')}</tr>
</table>`;
  return plainPage(
    title,
    STYLE,
    `<p>${MARKED} <mark>highlighted</mark>. UNK stands for all words that the vocabulary lacks.</p>
${documents.map(table).join('\n')}`,
  );
}
