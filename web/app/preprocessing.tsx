// The panel in which a person changes how a picture goes in; the answer follows at once.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { InputCard } from '../../src/model/card.js';
import { numbersOf } from './figures.js';
import type { CardGiven, CardShown } from './protocol.js';

/** Usual ways, by what their users call them. */
const PRESETS: Readonly<Record<string, Pick<InputCard, 'channels' | 'range' | 'mean' | 'std'>>> = {
  "ImageNet's mean and deviation (torchvision)": {
    channels: 'RGB',
    range: 1,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  '0 to 1': { channels: 'RGB', range: 1, mean: [0], std: [1] },
  '-1 to 1 (TensorFlow)': { channels: 'RGB', range: 1, mean: [0.5], std: [0.5] },
  '0 to 255': { channels: 'RGB', range: 255, mean: [0], std: [1] },
  'BGR without the mean (Caffe)': { channels: 'BGR', range: 255, mean: [103.939, 116.779, 123.68], std: [1] },
};

/** Fields of how a picture goes in. */
export function Preprocessing({ shown, set }: { readonly shown: CardShown; readonly set: (card: CardGiven) => void }): VNode {
  const { card } = shown;
  const [changed, setChanged] = useState(false);
  const change = (input: Partial<InputCard>): void => {
    setChanged(true);
    set({ input: { ...card, ...input } });
  };
  const [height, width] = card.size ?? [];
  return (
    <details class="preprocessing">
      <summary>Change how the picture goes in</summary>
      <p class="quiet">
        A wrong setting here is the most frequent reason for a poor answer. The answer above follows each change.
      </p>
      <div class="fields">
        <label>
          <span>Usual ways</span>
          <select
            value=""
            onChange={(e) => {
              const preset = PRESETS[e.currentTarget.value];
              if (preset) change(preset);
            }}
          >
            <option value="">choose one</option>
            {Object.keys(PRESETS).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          <span>Order of channels</span>
          <select value={card.channels} onChange={(e) => change({ channels: e.currentTarget.value as InputCard['channels'] })}>
            {['RGB', 'BGR', 'GREY'].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          <span>White is</span>
          <select value={String(card.range)} onChange={(e) => change(inRange(card, e.currentTarget.value === '1' ? 1 : 255))}>
            <option>1</option>
            <option>255</option>
          </select>
        </label>
        <label>
          <span>Layout</span>
          <select value={card.layout} onChange={(e) => change({ layout: e.currentTarget.value as InputCard['layout'] })}>
            <option>NCHW</option>
            <option>NHWC</option>
          </select>
        </label>
        <Numbers label="Mean, per channel" values={card.mean} counts={[1, 3]} set={(mean) => change({ mean })} />
        <Numbers label="Deviation, per channel" values={card.std} counts={[1, 3]} nonzero set={(std) => change({ std })} />
        <Numbers
          label="Height and width"
          values={height === undefined || width === undefined ? [] : [height, width]}
          counts={[2]}
          whole
          set={([h, w]) => change({ size: [h!, w!], resize: undefined, crop: undefined })}
        />
        <Numbers
          label="Resize the shorter side to"
          values={typeof card.resize === 'number' ? [card.resize] : [...(card.resize ?? [])]}
          counts={[1, 2]}
          whole
          set={(sides) => change({ resize: sides.length === 1 ? sides[0]! : [sides[0]!, sides[1]!] })}
        />
      </div>
      {changed && (
        <button
          type="button"
          onClick={() => {
            setChanged(false);
            set({});
          }}
        >
          As the model says
        </button>
      )}
    </details>
  );
}

/** Mean and deviation are in the units of the range. */
function inRange(card: InputCard, range: 1 | 255): Partial<InputCard> {
  const factor = range / card.range;
  const scaled = (values: readonly number[]): number[] => values.map((v) => Number((v * factor).toPrecision(6)));
  return { range, mean: scaled(card.mean), std: scaled(card.std) };
}

function Numbers({
  label,
  values,
  counts,
  whole = false,
  nonzero = false,
  set,
}: {
  readonly label: string;
  readonly values: readonly number[];
  readonly counts: readonly number[];
  readonly whole?: boolean;
  readonly nonzero?: boolean;
  readonly set: (values: readonly number[]) => void;
}): VNode {
  const [wrong, setWrong] = useState('');
  return (
    <label>
      <span>{label}</span>
      <input
        type="text"
        inputMode="decimal"
        value={values.map((v) => Number(v.toPrecision(6))).join(', ')}
        aria-invalid={wrong !== ''}
        onChange={(e) => {
          const read = numbersOf(e.currentTarget.value, { counts, whole, nonzero });
          setWrong(typeof read === 'string' ? read : '');
          if (typeof read !== 'string') set(read);
        }}
      />
      {wrong && (
        <span class="wrong" role="alert">
          {wrong}
        </span>
      )}
    </label>
  );
}
