// Step 2: a picture, a text or a row comes in, what the network sees of it, and what it answers.
import type { VNode } from 'preact';
import { Caution } from '../blocks/text.js';
import { Answers } from './answers.js';
import { Pick } from './drop.js';
import type { Handed } from './dropped.js';
import { ExplainerView } from './explainer-view.js';
import { percent } from './figures.js';
import { CardLines, Notes } from './model-step.js';
import { RowField, TextField } from './named-input.js';
import { Canvas } from './pixels.js';
import { Preprocessing } from './preprocessing.js';
import type { CardGiven, Pixels } from './protocol.js';
import type { State, Told } from './state.js';
import type { Session } from './session-of-page.js';
import { Waiting } from './waiting.js';

const TITLES = { picture: 'The picture', text: 'The text', row: 'The row' } as const;

/** Choosing what the model is asked about, and its answer. */
export function PictureStep({
  state,
  session,
  take,
  card,
}: {
  readonly state: State;
  readonly session: Session;
  readonly take: (handed: Handed) => void;
  readonly card: (card: CardGiven) => void;
}): VNode {
  const { model, photo, predicted, asking, text } = state;
  const takes = model?.model.takes ?? 'picture';
  const explainer = model?.model.kind === 'explainer';
  return (
    <section class="step" aria-labelledby="step-picture">
      <h2 id="step-picture">
        <span class="number">2</span> {TITLES[takes]}
      </h2>
      {takes === 'text' && <TextField given={text} ask={(own) => session.text(own)} />}
      {takes === 'row' && <RowField state={state} take={take} ask={(row, columns) => session.row(row, columns)} />}
      {takes === 'picture' && (
        <p class="buttons">
          <Pick text="Choose a picture" accept="image/*" main={model !== undefined && !photo} take={take} />
          <span class="quiet">or drop one</span>
        </p>
      )}
      {explainer && <ExplainerView state={state} session={session} />}
      {takes === 'picture' && photo && !explainer && <Seen state={state} />}
      {takes === 'picture' && photo && !model && <p class="quiet">Now a model: step 1.</p>}
      {asking && <Waiting text="Asking the model" cancel={() => session.cancel()} />}
      {predicted && takes !== 'picture' && <Answered predicted={predicted} />}
      {predicted?.card && <Preprocessing key={model?.model.sha256} shown={predicted.card} set={card} />}
    </section>
  );
}

/** The picture beside what the network sees of it and its answer. */
function Seen({ state: { photo, predicted } }: { readonly state: State }): VNode {
  return (
    <div class="seen">
      <figure>
        <Canvas pixels={photo!} label={`The picture ${photo!.name}`} />
        <figcaption>
          <b>{photo!.name}</b>
          <span>
            {photo!.width} x {photo!.height} pixels
          </span>
          {photo!.notes.map((note) => (
            <span key={note}>{note}</span>
          ))}
        </figcaption>
      </figure>
      <figure>
        {predicted?.seen ? <Canvas pixels={predicted.seen} label="What the network sees" /> : <div class="place" />}
        <figcaption>
          <b>what the network sees</b>
          <span>{predicted?.seen ? sizeOf(predicted.seen, photo!) : 'once a model is open'}</span>
        </figcaption>
      </figure>
      {predicted && <Answered predicted={predicted} />}
    </div>
  );
}

const sizeOf = (seen: Pixels, photo: Pixels): string =>
  seen.width === photo.width && seen.height === photo.height
    ? `${seen.width} x ${seen.height} pixels, all of it as it is`
    : `${seen.width} x ${seen.height} pixels: resized and cropped as the model takes it`;

function Answered({ predicted }: { readonly predicted: Told<'predicted'> }): VNode {
  const { top, notes, cautions, card } = predicted;
  const [first] = top;
  return (
    <div class="answered">
      <p class="claim" role="status">
        {first ? (
          <>
            The model says{' '}
            <b>
              <bdi>{first.label}</bdi>
            </b>
            , {percent(first.probability)} sure.
          </>
        ) : (
          'The model gave no answer.'
        )}
      </p>
      {cautions.map((text) => (
        <Caution key={text} text={text} />
      ))}
      <Answers top={top} caption={`The ${top.length} most probable answers`} />
      {notes.length > 0 && <Notes notes={notes} />}
      {card && (
        <details>
          <summary>What was assumed of how the picture goes in</summary>
          <CardLines card={card} />
        </details>
      )}
    </div>
  );
}
