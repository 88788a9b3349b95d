// What can be changed while a mask is learned, from the next step on.
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { percent } from './figures.js';
import type { Session } from './use-session.js';
import { noiseOptions } from './settings.js';
import type { Told } from './state.js';

/** Beta goes from a part of what learning began with to a multiple of it, this many powers of two either way. */
const OCTAVES = 3;

/** Sliders for beta and the share that is shown, and the noise. */
export function Steering({
  step,
  active,
  session,
  picture,
  share,
  setShare,
}: {
  readonly step?: Told<'step'>;
  readonly active: boolean;
  readonly session: Session;
  /** Is it a picture that is explained? Of others neither noise nor share can be changed. */
  readonly picture: boolean;
  readonly share: number;
  readonly setShare: (share: number) => void;
}): VNode {
  const first = useRef<number | undefined>(undefined);
  // What was asked for: while a mask is rounded, the weight that counts moves by itself.
  const asked = useRef<number | undefined>(undefined);
  if (step && (first.current === undefined || step.iteration === 1)) first.current = asked.current = step.beta;
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
      {picture && (
        <>
          <label>
            <span>What comes in its place</span>
            <select onChange={(e) => e.currentTarget.value && session.change({ noise: e.currentTarget.value })}>
              {/* No way back to it: what was begun with is one of those below. */}
              <option value="" disabled selected>
                as begun
              </option>
              {noiseOptions()}
            </select>
          </label>
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
        </>
      )}
    </fieldset>
  );
}
