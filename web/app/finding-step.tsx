// Step 4: what was found, drawn as in report.html, and the files to take away.
import type { VNode } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { Finding } from '../page.js';
import { bytes } from './figures.js';
import type { Download } from './protocol.js';
import type { State, Told } from './state.js';

interface Found {
  readonly finding?: Told<'finding'>;
  readonly gradient?: State['gradient'];
  readonly exportGradient: () => void;
}

/** The claim, the report's blocks, downloads. */
export function FindingStep({ finding, gradient, exportGradient }: Found): VNode {
  const made = useMemo(() => (typeof gradient === 'object' ? [gradient] : undefined), [gradient]);
  return (
    <section class="step" aria-labelledby="step-finding">
      <h2 id="step-finding">
        <span class="number">4</span> The finding
      </h2>
      {finding ? (
        <>
          <Finding report={finding.document} />
          <h2>Take it away</h2>
          <Downloads files={finding.files} />
          {made ? (
            <Downloads files={made} />
          ) : (
            <button type="button" onClick={exportGradient} disabled={gradient === 'asked'}>
              {gradient === 'asked' ? 'Making gradient.onnx …' : 'Make the model with its gradients'}
            </button>
          )}
          <p class="quiet">It took {finding.seconds.toFixed(finding.seconds < 10 ? 1 : 0)} seconds on this machine.</p>
        </>
      ) : (
        <p class="quiet">The claim in one sentence, how sure it is, and files to keep.</p>
      )}
    </section>
  );
}

/** What each file is for. */
const ABOUT: readonly (readonly [RegExp, string])[] = [
  [/^report\.html$/, 'this finding as a page of its own, to be sent to somebody'],
  [/mask.*\.npy$/, 'the mask: 1 = replaceable, 0 = needed'],
  [/order.*\.npy$/, 'how soon each part of the input stops being needed'],
  [/^audit\.json$/, 'all figures, settings and hashes'],
  [/gradient.*\.onnx$/, 'the model with its gradients, for any onnxruntime'],
  [/attention.*\.png$/, 'attention as a picture'],
  [/overlay.*\.png$/, 'attention over the picture'],
  [/^tokens\.html$/, 'the text with what was needed marked'],
  [/^features\.csv$/, 'what each feature or word had and how much it was needed, as a table'],
  [/^features\.png$/, 'the most needed of them as a chart'],
  [/^array\.png$/, 'what was needed of the array, as a chart'],
  [/^(features|array)\.svg$/, 'the same for papers'],
  [/sheet.*\.svg$/, 'the same for papers'],
  [/sheet.*\.png$/, 'input, what was enough, and attention on one sheet'],
];

function Downloads({ files }: { readonly files: readonly Download[] }): VNode {
  const addresses = useMemo(
    () => files.map(({ bytes: content, type }) => URL.createObjectURL(new Blob([content as BlobPart], { type }))),
    [files],
  );
  useEffect(() => () => addresses.forEach((address) => URL.revokeObjectURL(address)), [addresses]);
  return (
    <ul class="downloads">
      {files.map(({ name, bytes: content }, i) => (
        <li key={name}>
          <a href={addresses[i]} download={name}>
            {name}
          </a>{' '}
          <span class="quiet">
            {bytes(content.length)}
            {ABOUT.filter(([form]) => form.test(name)).map(([, text]) => `: ${text}`)}
          </span>
        </li>
      ))}
    </ul>
  );
}
