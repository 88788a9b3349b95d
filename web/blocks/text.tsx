// What is read: paragraphs, cautions, verdicts, facts and lines to copy.
import type { VNode } from 'preact';
import type * as shown from '../../src/report/page/document.js';

/** Something that stands apart. */
export const Caution = ({ text }: { readonly text: string }): VNode => (
  <p class="caution" role="note">
    {text}
  </p>
);

/** A paragraph. */
export const Text = ({ text, tone }: shown.Text): VNode =>
  tone === 'caution' ? <Caution text={text} /> : <p class={tone ?? 'plain'}>{text}</p>;

const MARKS = { pass: '✓', fail: '✗', inconclusive: '?' } as const;
const WORDS = { pass: 'passed', fail: 'failed', inconclusive: 'cannot be told' } as const;

const Mark = ({ verdict }: { readonly verdict: shown.VerdictShown }): VNode => (
  <span class={`mark ${verdict}`}>
    <span aria-hidden="true">{MARKS[verdict]}</span> {WORDS[verdict]}
  </span>
);

/** Tests with their verdicts. */
export const Verdicts = ({ verdict, meaning, tests }: shown.Verdicts): VNode => (
  <div class="verdicts">
    <p>
      <Mark verdict={verdict} /> {meaning}
    </p>
    <ul>
      {tests.map((test) => (
        <li key={test.name}>
          <Mark verdict={test.verdict} /> <b>{test.name}</b>: {test.finding}
        </li>
      ))}
    </ul>
  </div>
);

/** A list of names and values. */
export const Facts = ({ facts }: shown.Facts): VNode => (
  <dl>
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** A line to copy. It breaks between its words: a browser would break the two dashes of an option apart. */
export const Code = ({ label, text }: shown.Code): VNode => (
  <figure class="code">
    <figcaption>{label}</figcaption>
    <pre tabIndex={0}>
      <code>{text.split(/(\s+)/).map((part, i) => (i % 2 ? part : <span key={i}>{part}</span>))}</code>
    </pre>
  </figure>
);
