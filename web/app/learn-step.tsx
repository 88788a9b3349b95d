// Step 3: a mask is learned, and a person watches and steers.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Legend } from '../blocks/pictures.js';
import { Left } from '../blocks/words.js';
import { Answers } from './answers.js';
import { Curves } from './curves.js';
import { percent } from './figures.js';
import { Marked } from './named-input.js';
import { attended, Canvas, LEGEND } from './pixels.js';
import type { Piece, PreviewShown } from './protocol.js';
import type { Session } from './session-of-page.js';
import { SettingsForm } from './settings.js';
import type { State, Told } from './state.js';
import { Steering } from './steering.js';

/** Starting, watching, steering. */
export function LearnStep({ state, session }: { readonly state: State; readonly session: Session }): VNode {
  const { model, predicted, learning, step, finding, asking } = state;
  const ready = predicted !== undefined && model !== undefined && model.model.unsupported.length === 0;
  return (
    <section class="step" aria-labelledby="step-learn">
      <h2 id="step-learn">
        <span class="number">3</span> What it needs of it
      </h2>
      {!ready && <p class="quiet">{why(state)}</p>}
      {ready && learning === 'none' && (
        <SettingsForm
          key={model.model.sha256}
          model={model.model}
          noises={predicted.noises}
          again={finding !== undefined}
          waits={asking}
          start={(settings) => session.audit(settings)}
        />
      )}
      {learning !== 'none' && <Controls state={state} session={session} />}
      {(learning !== 'none' || step) && <Live state={state} session={session} />}
    </section>
  );
}

const why = ({ model, asking }: State): string =>
  model?.model.kind === 'explainer'
    ? 'Nothing is learned here: the explainer that is open has learned it before. Its masks stand in step 2.'
    : model && model.model.unsupported.length > 0
      ? 'This model cannot be explained: see step 1.'
      : asking
        ? 'Waiting for the answer …'
        : model && model.model.takes !== 'picture'
          ? `Begins when the model has answered to a ${model.model.takes}.`
          : 'Begins when there are a model and a picture.';

function Controls({ state: { learning, step, doing }, session }: { readonly state: State; readonly session: Session }): VNode {
  const measuring = learning === 'measuring';
  return (
    <div class="controls">
      <div class="buttons">
        {learning === 'paused' ? (
          <button type="button" class="main" onClick={() => session.resume()}>
            Resume
          </button>
        ) : (
          <button type="button" onClick={() => session.pause()} disabled={measuring}>
            Pause
          </button>
        )}
        <button type="button" onClick={() => session.stop()}>
          {measuring ? 'Give up' : 'Stop and measure'}
        </button>
      </div>
      <progress aria-label="Steps learned" value={step?.iteration ?? 0} max={step?.of ?? 1} />
      <p class="quiet phase" role="status">
        {learning === 'paused' ? 'Paused.' : (doing ?? 'Starting …')}
      </p>
    </div>
  );
}

/** The picture with attention on it as it is now, figures and curves. */
function Live({ state, session }: { readonly state: State; readonly session: Session }): VNode {
  const { step, model, predicted, history, agreement, learning, settings } = state;
  const [share, setShare] = useState(0);
  const pieces = predicted?.pieces;
  return (
    <div class="live">
      {pieces && (
        <div class="marked">
          <p>
            <b>attention now</b>
          </p>
          <Marked pieces={pieces} attention={step?.attention} />
        </div>
      )}
      <figure hidden={pieces !== undefined}>
        {step && !pieces ? (
          <Canvas
            pixels={attended(step.attention, step.height, step.width, predicted?.seen)}
            label={`Attention after ${step.iteration} steps`}
          />
        ) : (
          <div class="place" />
        )}
        <figcaption>
          <b>attention now</b>
          <Legend {...LEGEND} />
        </figcaption>
      </figure>
      <div class="beside">
        <Figures step={step} agreement={agreement} />
        <Curves points={history} />
      </div>
      {learning !== 'none' && (
        <Steering
          step={step}
          active={learning === 'running' || learning === 'paused'}
          session={session}
          takes={model!.model.takes}
          noises={predicted?.noises ?? []}
          begun={settings?.noise}
          share={share}
          setShare={setShare}
        />
      )}
      {learning !== 'none' && step?.preview && <PreviewView preview={step.preview} pieces={pieces} />}
    </div>
  );
}

/** The input with a part of it replaced, and what the model answers to that. */
function PreviewView({
  preview: { share, seen, replaced, top },
  pieces = [],
}: {
  readonly preview: PreviewShown;
  readonly pieces?: readonly Piece[];
}): VNode {
  const what = `${percent(share)} replaced`;
  return (
    <div class="preview">
      {seen && (
        <figure>
          <Canvas pixels={seen} label={`The picture with ${percent(share)} of it replaced`} />
          <figcaption>
            <b>{what}</b>
          </figcaption>
        </figure>
      )}
      {replaced && (
        <figure class="replaced">
          <Left
            words={pieces.map(({ text, from, to }) => ({
              text,
              replaced: to > from && replaced.subarray(from, to).every(Boolean),
            }))}
          />
          <figcaption>
            <b>{what}</b>
          </figcaption>
        </figure>
      )}
      <Answers top={top} caption="What the model answers to that" />
    </div>
  );
}

function Figures({ step, agreement }: { readonly step?: Told<'step'>; readonly agreement?: number }): VNode {
  const figures: [string, string][] = [
    ['step', step ? `${step.iteration} of ${step.of}` : '–'],
    ['replaced', step ? percent(step.corruption) : '–'],
    ['answer kept', step?.kept === undefined ? '–' : `${percent(step.kept)} of the draws`],
    ['loss', step ? step.loss.toFixed(3) : '–'],
    // 0: nothing was learned since the last report, as before the second step and while paused.
    ['steps a second', step?.stepsPerSecond ? String(Number(step.stepsPerSecond.toPrecision(2))) : '–'],
    // Probabilities that are closer than this are the same to whoever reads it.
    ['agrees with the file', agreement === undefined ? '–' : `within ${Math.max(1, Math.ceil(1e6 * agreement)) / 1e6}`],
  ];
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
