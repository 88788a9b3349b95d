// Loss and share replaced over the steps so far: two small curves, drawn anew at each step, which a plotting library is too slow for.
import type { VNode } from 'preact';
import { percent } from './figures.js';
import type { Point } from './state.js';

const [WIDTH, HEIGHT] = [320, 72];

/** Both curves. */
export const Curves = ({ points }: { readonly points: readonly Point[] }): VNode => (
  <div class="curves">
    <Curve name="replaced" points={points.map((p) => [p.iteration, p.corruption])} domain={[0, 1]} show={percent} />
    <Curve name="loss" points={points.map((p) => [p.iteration, p.loss])} show={(v) => v.toFixed(2)} />
  </div>
);

function Curve({
  name,
  points,
  domain,
  show,
}: {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly domain?: readonly [number, number];
  readonly show: (value: number) => string;
}): VNode {
  const ys = points.map(([, y]) => y).filter(Number.isFinite);
  const [low, high] = domain ?? [Math.min(...ys), Math.max(...ys)];
  const last = points.at(-1)?.[0] ?? 1;
  const path = points
    .filter(([, y]) => Number.isFinite(y))
    .map(
      ([x, y]) =>
        `${((x / last) * WIDTH).toFixed(1)},${(HEIGHT - 2 - ((y - low) / (high - low || 1)) * (HEIGHT - 4)).toFixed(1)}`,
    )
    .join(' ');
  const said = ys.length > 0 ? `${name}: from ${show(ys[0]!)} to ${show(ys.at(-1)!)}` : name;
  return (
    <figure>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said} preserveAspectRatio="none">
        <polyline points={path} />
      </svg>
      <figcaption>
        {name}
        {ys.length > 0 && <span class="quiet">{` ${show(low)} to ${show(high)}`}</span>}
      </figcaption>
    </figure>
  );
}
