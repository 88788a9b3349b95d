// Curves and points, drawn by Observable Plot, with their figures as a table for whoever cannot see them.
import * as P from '@observablehq/plot';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type * as shown from '../../src/report/page/document.js';
import { figure } from '../format.js';

const COLOURS = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)'];

/** Where there are more lines than colours (a comparison of all methods) the next round of colours is dashed, by the round. */
const DASHES = ['none', '6 3', '2 2', '9 3 2 3'];
const dashOf = (i: number): string => DASHES[Math.floor(i / COLOURS.length) % DASHES.length]!;

/** Pixels across at most. */
const WIDEST = 640;

/** How wide a figure may be: drawn anew for a narrow screen, since letters that shrink with it could not be read. */
function useWidth(place: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(WIDEST);
  useLayoutEffect(() => {
    const fit = (): void => setWidth(Math.max(240, Math.min(WIDEST, place.current?.clientWidth || WIDEST)));
    // Also told when what it is folded into is opened.
    const watch = new ResizeObserver(fit);
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, []);
  return width;
}

/** One figure. */
export function Plot({ title, summary, x, y, series }: shown.Plot): VNode {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  useLayoutEffect(() => {
    const svg = P.plot({
      width,
      height: 300,
      marginLeft: 52,
      marginBottom: 40,
      style: { background: 'none', fontSize: '12px', color: 'inherit', fontFamily: 'inherit' },
      x: {
        ...axis(
          x,
          series.flatMap((s) => s.x),
        ),
        label: x.label,
        labelArrow: 'none',
        labelAnchor: 'center',
      },
      y: { ...axis(y, [0, ...series.flatMap((s) => s.y)]), label: y.label, labelArrow: 'none', grid: true },
      marks: series.flatMap((s, i) => marksOf(s, COLOURS[i % COLOURS.length]!, dashOf(i))),
    });
    svg.setAttribute('aria-hidden', 'true');
    place.current!.replaceChildren(svg);
  }, [x, y, series, width]);
  return (
    <figure class="plot">
      <figcaption>
        <b>{title}</b>
        {series.length > 1 && (
          <span class="keys">
            {series.map((s, i) => (
              <span key={s.name}>
                <svg class="key" aria-hidden="true" viewBox="0 0 24 4" style={{ stroke: COLOURS[i % COLOURS.length] }}>
                  <line x2="24" y1="2" y2="2" stroke-width="4" stroke-dasharray={dashOf(i)} />
                </svg>
                {s.name}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div ref={place} role="img" aria-label={summary} />
      <p class="quiet">{summary}</p>
      <details class="data">
        <summary>{`Figures of: ${title}`}</summary>
        <Data x={x} y={y} series={series} />
      </details>
    </figure>
  );
}

/** Whole numbers of a scale, about eight, at 1, 2 or 5 times a power of ten. */
function wholeTicks(values: readonly (number | null)[]): number[] {
  const known = values.filter((v) => v !== null);
  const [low, high] = [Math.ceil(Math.min(...known)), Math.floor(Math.max(...known))];
  const power = 10 ** Math.floor(Math.log10(Math.max(1, (high - low) / 8)));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => (high - low) / s <= 8)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

const axis = ({ percent, whole, domain }: shown.Axis, values: readonly (number | null)[]): object => ({
  ...(domain ? { domain } : {}),
  ...(whole ? { ticks: wholeTicks(values), tickFormat: String } : {}),
  ...(percent ? { tickFormat: (v: number) => `${Math.round(100 * v)} %` } : {}),
});

function marksOf({ kind, x, y, low, high }: shown.Plot['series'][number], colour: string, dash: string): P.Markish[] {
  if (kind === 'bars') {
    const half = x.length > 1 ? (0.94 * (x[1]! - x[0]!)) / 2 : 0.5;
    const bars = x.map((at, i) => ({ from: at - half, to: at + half, y: y[i] }));
    return [P.rectY(bars, { x1: 'from', x2: 'to', y: 'y', fill: colour })];
  }
  const points = x.map((at, i) => ({ x: at, y: y[i], low: low?.[i], high: high?.[i] }));
  return [
    ...(low && high
      ? kind === 'line'
        ? [P.areaY(points, { x: 'x', y1: 'low', y2: 'high', fill: colour, fillOpacity: 0.2 })]
        : [P.ruleX(points, { x: 'x', y1: 'low', y2: 'high', stroke: colour, strokeWidth: 2, strokeOpacity: 0.5 })]
      : []),
    kind === 'line'
      ? P.line(points, { x: 'x', y: 'y', stroke: colour, strokeWidth: 2, strokeDasharray: dash })
      : P.dot(points, { x: 'x', y: 'y', fill: colour, r: 4 }),
  ];
}

/** Rows of a table at most: of long histories every so manieth. */
const ROWS = 100;

const Data = ({ x, y, series }: Pick<shown.Plot, 'x' | 'y' | 'series'>): VNode => (
  <div class="scroll" tabIndex={0} role="region" aria-label={`${y.label} by ${x.label}`}>
    {series.map((s) => {
      const every = Math.ceil(s.x.length / ROWS);
      return (
        <table key={s.name}>
          <caption>{s.name}</caption>
          <thead>
            <tr>
              <th scope="col">{x.label}</th>
              <th scope="col">{y.label}</th>
              {s.low && <th scope="col">95 % interval</th>}
            </tr>
          </thead>
          <tbody>
            {s.x.map((at, i) =>
              i % every === 0 || i === s.x.length - 1 ? (
                <tr key={i}>
                  <td class="n">{figure(at, x.percent)}</td>
                  <td class="n">{figure(s.y[i] ?? null, y.percent)}</td>
                  {s.low && (
                    <td class="n">
                      {figure(s.low[i], y.percent)} to {figure(s.high![i], y.percent)}
                    </td>
                  )}
                </tr>
              ) : null,
            )}
          </tbody>
        </table>
      );
    })}
  </div>
);
