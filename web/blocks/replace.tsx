// A slider over how much is replaced by noise: what is left, and what the model answered to it.
import type { VNode } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type * as shown from '../../src/report/page/document.js';
import { figure } from '../format.js';
import { Images } from '../images.js';
import { Left } from './words.js';

/** The slider, the picture or words, and the answer. */
export function Replace({ part, by, fractions, start, answers, before, picture, words }: shown.Replace): VNode {
  const [step, setStep] = useState(start);
  const [draw, setDraw] = useState(0);
  const answer = answers[draw]![step]!;
  const replaced = figure(fractions[step], true);
  const kept = answers.filter((steps) => steps[step]!.kept).length;
  const said = `${replaced} replaced: ${named(answer)}, ${answer.kept ? 'answer kept' : 'answer lost'}`;
  return (
    <div class="replace">
      {picture && <Canvas picture={picture} step={step} draw={draw} label={`${part} with ${replaced} of it replaced by ${by}`} />}
      <div class="beside">
        {words && <Left words={words.map((word) => ({ text: word.text, replaced: word.step <= step }))} />}
        <div class="control">
          <label>
            <span>
              Replaced by {by}: <b>{replaced}</b> of {part}
            </span>
            <input
              type="range"
              min={0}
              max={fractions.length - 1}
              value={step}
              aria-valuetext={said}
              onInput={(e) => setStep(Number(e.currentTarget.value))}
            />
          </label>
          {answers.length > 1 && (
            <fieldset>
              <legend>Draw of the noise</legend>
              {answers.map((_, i) => (
                <label key={i}>
                  <input type="radio" name={`draw ${part}`} checked={i === draw} onChange={() => setDraw(i)} /> {i + 1}
                </label>
              ))}
            </fieldset>
          )}
        </div>
        <p class="answer" aria-live="polite">
          <span class={`mark ${answer.kept ? 'pass' : 'fail'}`}>
            <span aria-hidden="true">{answer.kept ? '✓' : '✗'}</span> {answer.kept ? 'answer kept' : 'answer lost'}
          </span>
          {answers.length > 1 && <span class="quiet">{` on ${kept} of these ${answers.length} draws`}</span>}
        </p>
        <Bars answer={answer} before={before} />
      </div>
    </div>
  );
}

const named = ({ top }: shown.AnswerShown): string =>
  top
    .slice(0, 1)
    .map(([name, value]) => (name === '' ? figure(value) : `${name} ${value.toFixed(3)}`))
    .join('');

/** The answer as bars, beside that to the input as it is. */
function Bars({ answer, before }: { readonly answer: shown.AnswerShown; readonly before: shown.AnswerShown }): VNode {
  const value = answer.top.length === 1 && answer.top[0]![0] === '';
  const first = new Map(before.top);
  return (
    <table class="bars">
      <caption>What the model answers</caption>
      <thead>
        <tr>
          <th scope="col">{value ? 'answer' : 'class'}</th>
          <th scope="col" class="n">
            now
          </th>
          <th scope="col" class="n">
            to all of it
          </th>
        </tr>
      </thead>
      <tbody>
        {answer.top.map(([name, p]) => (
          <tr key={name}>
            <th scope="row">
              <bdi>{name === '' ? 'value' : name}</bdi>
              {!value && <span class="bar" aria-hidden="true" style={{ width: `${Math.max(0.5, 100 * p)}%` }} />}
            </th>
            <td class="n">{value ? figure(p) : p.toFixed(3)}</td>
            <td class="n">{first.has(name) ? (value ? figure(first.get(name)) : first.get(name)!.toFixed(3)) : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Pixels of a picture, RGBA. */
async function pixelsOf(url: string, width: number, height: number): Promise<Uint8ClampedArray> {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

function Canvas({
  picture,
  step,
  draw,
  label,
}: {
  readonly picture: NonNullable<shown.Replace['picture']>;
  readonly step: number;
  readonly draw: number;
  readonly label: string;
}): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const images = useContext(Images);
  const [pixels, setPixels] = useState<readonly Uint8ClampedArray[]>();
  const [firstStep] = useState(() => Uint8Array.from(atob(picture.steps), (c) => c.charCodeAt(0)));
  const { width, height, channels, image, noises } = picture;
  useEffect(() => {
    let current = true;
    void Promise.all([image, ...noises].map((name) => pixelsOf(images[name] ?? '', width, height))).then((all) => {
      if (current) setPixels(all);
    });
    return () => void (current = false);
  }, []);
  useEffect(() => {
    if (!pixels) return;
    const context = canvas.current!.getContext('2d')!;
    const out = context.createImageData(width, height);
    const [input, noise] = [pixels[0]!, pixels[1 + draw]!];
    const area = width * height;
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) {
        const replaced = firstStep[(channels === 1 ? 0 : c) * area + i]! <= step;
        out.data[4 * i + c] = (replaced ? noise : input)[4 * i + c]!;
      }
      out.data[4 * i + 3] = 255;
    }
    context.putImageData(out, 0, 0);
  }, [pixels, step, draw]);
  return <canvas ref={canvas} width={width} height={height} role="img" aria-label={label} />;
}
