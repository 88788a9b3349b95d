// What can be changed while a mask is learned, from the next step on.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { percent } from './figures.js';
import type { ModelSummary } from './protocol.js';
import type { Session } from './session-of-page.js';
import { NoiseField } from './settings.js';
import type { Told } from './state.js';

/** Beta goes from a part of what learning began with to a multiple of it, this many powers of two either way. */
const OCTAVES = 3;

/** Sliders for beta and the share that is shown, and the noise. */
export function Steering({
  step,
  active,
  session,
  takes,
  noises,
  begun,
  share,
  setShare,
}: {
  readonly step?: Told<'step'>;
  readonly active: boolean;
  readonly session: Session;
  readonly takes: ModelSummary['takes'];
  /** See `predicted`; and which it was begun with. */
  readonly noises: readonly string[];
  readonly begun: string | undefined;
  readonly share: number;
  readonly setShare: (share: number) => void;
}): VNode {
  const first = useRef<number | undefined>(undefined);
  // What was asked for: while a mask is rounded, the weight that counts moves by itself.
  const asked = useRef<number | undefined>(undefined);
  if (step && (first.current === undefined || step.iteration === 1)) first.current = asked.current = step.beta;
  const [noise, setNoise] = useState(begun ?? noises[0] ?? '');
  const from = first.current ?? 1;
  const beta = asked.current ?? from;
  const counts = step && step.beta !== beta ? ` (counts ${Number(step.beta.toPrecision(3))} now)` : '';
  return (
    <fieldset class="control steering" disabled={!active || !step}>
      <legend>Change while it learns</legend>
      <label>
        <span>
          Beta: <b>{Number(beta.toPrecision(3))}</b>
          {counts}
        </span>
        <input
          type="range"
          min={-OCTAVES}
          max={OCTAVES}
          step={0.25}
          value={Math.log2(beta / from)}
          aria-valuetext={`beta ${Number(beta.toPrecision(3))}`}
          onChange={(e) => {
            asked.current = from * 2 ** Number(e.currentTarget.value);
            session.change({ beta: asked.current });
          }}
        />
        <span class="quiet">right: replace more; left: keep the answer more surely</span>
      </label>
      <NoiseField takes={takes} noises={noises} noise={noise} set={(next) => (setNoise(next), session.change({ noise: next }))} />
      <label>
        <span>
          Show with <b>{percent(share)}</b> replaced
        </span>
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={share}
          aria-valuetext={`${percent(share)} replaced`}
          onInput={(e) => {
            const next = Number(e.currentTarget.value);
            setShare(next);
            session.change({ share: next });
          }}
        />
        <span class="quiet">the least needed first; the answer to it appears below</span>
      </label>
    </fieldset>
  );
}
