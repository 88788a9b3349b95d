// What is asked before learning begins: little for a newcomer, the rest folded.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { numbersOf } from './figures.js';
import { noiseInWords } from './noises.js';
import type { AuditSettings, ModelSummary } from './protocol.js';

/** A choice among kinds of noise. */
export const NoiseField = ({
  takes,
  noises,
  noise,
  set,
}: {
  readonly takes: ModelSummary['takes'];
  readonly noises: readonly string[];
  readonly noise: string;
  readonly set: (noise: string) => void;
}): VNode => (
  <label>
    <span>What comes in its place</span>
    <select value={noise} onChange={(e) => set(e.currentTarget.value)}>
      {noises.map((value) => (
        <option key={value} value={value}>
          {noiseInWords(takes, value)}
        </option>
      ))}
    </select>
  </label>
);

/** The form, and the button that starts. */
export function SettingsForm({
  model,
  noises,
  again,
  waits,
  start,
}: {
  readonly model: ModelSummary;
  /** See `predicted`. */
  readonly noises: readonly string[];
  readonly again: boolean;
  /** Is the model's answer to what is to be explained still to come? */
  readonly waits: boolean;
  readonly start: (settings: AuditSettings) => void;
}): VNode {
  const [quick, setQuick] = useState(true);
  const [chosen, setNoise] = useState('');
  const [beta, setBeta] = useState('');
  const [seed, setSeed] = useState('0');
  const [target, setTarget] = useState('');
  // Another table has other rows.
  const noise = noises.includes(chosen) ? chosen : noises[0]!;
  const wrong = [
    beta.trim() === '' ? '' : problemOf('Beta', numbersOf(beta, { counts: [1] })),
    /^\d+$/.test(seed.trim()) ? '' : 'The seed is a whole number of at least 0.',
  ].filter(Boolean);
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong.length > 0 || waits) return;
        start({
          preset: quick ? 'quick' : 'default',
          noise,
          ...(beta.trim() !== '' && { beta: Number(beta) }),
          seed: Number(seed),
          ...(target.trim() !== '' && { target: target.trim() }),
        });
      }}
    >
      <p>
        Everything that the model does not need is replaced by noise, as much as possible while its answer stays. What is left is
        what it needed.
      </p>
      <div class="fields">
        <fieldset>
          <legend>How thorough</legend>
          <label>
            <input type="radio" name="quick" checked={quick} onChange={() => setQuick(true)} /> a first look
          </label>
          <label>
            <input type="radio" name="quick" checked={!quick} onChange={() => setQuick(false)} /> a whole audit (four times as
            long)
          </label>
        </fieldset>
        <NoiseField takes={model.takes} noises={noises} noise={noise} set={setNoise} />
      </div>
      <details>
        <summary>More settings</summary>
        <div class="fields">
          <label>
            <span>Class to explain (as the model answers, where empty)</span>
            <input type="text" list="classes" value={target} onInput={(e) => setTarget(e.currentTarget.value)} />
          </label>
          {/* A browser is slow with lists of thousands. */}
          <datalist id="classes">
            {model.labels.slice(0, 1100).map((label) => (
              <option key={label} value={label} />
            ))}
          </datalist>
          <label>
            <span>Beta: what replacing is worth (by the number of classes, where empty)</span>
            <input type="text" inputMode="decimal" value={beta} onInput={(e) => setBeta(e.currentTarget.value)} />
          </label>
          <label>
            <span>Seed of all random numbers</span>
            <input type="text" inputMode="numeric" value={seed} onInput={(e) => setSeed(e.currentTarget.value)} />
          </label>
        </div>
      </details>
      {wrong.map((text) => (
        <p key={text} class="wrong" role="alert">
          {text}
        </p>
      ))}
      <button type="submit" class="main" disabled={waits}>
        {again ? 'Learn again' : 'Learn what it needs'}
      </button>
    </form>
  );
}

const problemOf = (name: string, read: readonly number[] | string): string =>
  typeof read === 'string' ? `${name}: ${read}` : '';
