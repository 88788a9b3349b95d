// Step 1: a model comes in, and what was read of it.
import type { VNode } from 'preact';
import { count } from '../../src/report/format.js';
import { Facts } from '../blocks/text.js';
import { Table } from '../blocks/table.js';
import { Pick } from './drop.js';
import type { Handed } from './dropped.js';
import { exampleAddress, TANK } from './examples.js';
import { bytes, inPage, shapeOf } from './figures.js';
import type { CardShown } from './protocol.js';
import type { State, Told } from './state.js';
import { Waiting } from './waiting.js';

/** Choosing a model, and what it is. */
export function ModelStep({
  state,
  take,
  choose,
  tank,
  cancel,
}: {
  readonly state: State;
  readonly take: (handed: Handed) => void;
  readonly choose: (name: string) => void;
  readonly tank: (picture: string) => void;
  readonly cancel: () => void;
}): VNode {
  const { opening, model, others } = state;
  return (
    <section class="step" aria-labelledby="step-model">
      <h2 id="step-model">
        <span class="number">1</span> The model
      </h2>
      <p class="buttons">
        <Pick text="Choose an ONNX file" accept=".onnx,.json,.txt,.csv,.data" several main={!model} take={take} />
        <Pick text="Choose a Hugging Face folder" folder take={take} />
        <span class="quiet">or drop one anywhere on this page</span>
      </p>
      {!model && !opening && <Examples tank={tank} />}
      {opening && !model && <Waiting key={opening} text={`Reading ${opening}`} cancel={cancel} />}
      {model && <Model key={model.model.sha256} told={model} />}
      {model && (
        <details>
          <summary>Examples to try</summary>
          <Examples tank={tank} />
        </details>
      )}
      {others.length > 0 && (
        <label class="inline">
          Other models of this folder{' '}
          <select onChange={(e) => e.currentTarget.value && choose(e.currentTarget.value)}>
            <option value="">choose one to open it</option>
            {others.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
    </section>
  );
}

const Examples = ({ tank }: { readonly tank: (picture: string) => void }): VNode => (
  <div class="examples">
    <p>Nothing at hand? This detector finds every tank of its own test set. What does it look at?</p>
    <ul>
      {TANK.pictures.map(({ file, about }) => (
        <li key={file}>
          <button type="button" onClick={() => tank(file)}>
            <img src={exampleAddress(file)} alt="" width={96} height={96} />
            <span>Try {about}</span>
          </button>
        </li>
      ))}
    </ul>
  </div>
);

function Model({ told }: { readonly told: Told<'opened'> }): VNode {
  const { model, engine, notes, card } = told;
  const facts: [string, string][] = [
    ['file', `${model.name}, ${bytes(model.bytes)}`],
    ...model.inputs.map((value): [string, string] => ['input', shapeOf(value)]),
    ...model.outputs.map((value): [string, string] => ['output', shapeOf(value)]),
    ...(model.classes > 0 ? [['classes', `${model.classes}${model.labels.length > 0 ? `: ${model.labels.slice(0, 3).join(', ')}${model.labels.length > 3 ? ' …' : ''}` : ', without names'}`] as [string, string]] : []), // prettier-ignore
    ['parameters', count(model.parameters)],
    [
      'runs on',
      `${engine.name} ${engine.version} (${engine.backend}, ${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'})`,
    ],
  ];
  return (
    <>
      <p class="answer">
        <b>{model.name}</b> is open: {model.ops.reduce((sum, op) => sum + op.count, 0)} operations of {model.ops.length} kinds.
      </p>
      {model.unsupported.length > 0 && (
        <div class="caution" role="note">
          <p>This model cannot be explained here:</p>
          <ul>
            {model.unsupported.map((text) => (
              <li key={text}>{inPage(text)}</li>
            ))}
          </ul>
        </div>
      )}
      {notes.length > 0 && <Notes notes={notes} />}
      <details>
        <summary>What is in it</summary>
        <Facts type="facts" facts={facts} />
        <Table
          type="table"
          caption="Operations"
          columns={[{ name: 'operation' }, { name: 'how often', numeric: true }, { name: 'runs as' }]}
          rows={model.ops.map(({ op, count: n, becomes }) => [op, n, becomes.join(', ')])}
        />
      </details>
      {card && (
        <details>
          <summary>How a picture goes in</summary>
          <CardLines card={card} />
        </details>
      )}
    </>
  );
}

const BY = { said: 'said', file: 'in the file', guessed: 'guessed', assumed: 'assumed' } as const;

/** Each line of a card with its reason. */
export const CardLines = ({ card }: { readonly card: CardShown }): VNode => (
  <Table
    type="table"
    caption="What is known of how a picture becomes the input, and why"
    columns={[{ name: 'what' }, { name: 'value' }, { name: 'known by' }, { name: 'reason' }]}
    rows={card.lines.map(({ field, value, by, reason }) => [field, value, BY[by], reason])}
  />
);

/** What there is to know. */
export const Notes = ({ notes }: { readonly notes: readonly string[] }): VNode => (
  <ul class="notes">
    {notes.map((note) => (
      <li key={note}>{inPage(note)}</li>
    ))}
  </ul>
);
