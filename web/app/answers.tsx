// What a model answered, as bars.
import type { VNode } from 'preact';
import type { Answer } from './protocol.js';

/** Answers, the most probable first. */
export const Answers = ({ top, caption }: { readonly top: readonly Answer[]; readonly caption: string }): VNode => (
  <table class="bars">
    <caption>{caption}</caption>
    <thead>
      <tr>
        <th scope="col">class</th>
        <th scope="col" class="n">
          probability
        </th>
      </tr>
    </thead>
    <tbody>
      {top.map(({ label, index, probability }) => (
        <tr key={index}>
          <th scope="row">
            <bdi>{label}</bdi>
            <span class="bar" aria-hidden="true" style={{ width: `${Math.max(0.5, 100 * probability)}%` }} />
          </th>
          <td class="n">{probability.toFixed(3)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
