// The settings of one layer, read and checked.
import { LanError } from '../core/errors.js';

/** Largest number that a setting may have: kernels, strides, filters. */
const MOST = 2 ** 24;

/** The settings of a layer, by their names in the file. Whatever is wrong is thrown as LanError (`model`, `unsupported`) that names the layer. */
export class Settings {
  constructor(
    private readonly given: Readonly<Record<string, unknown>>,
    /** `Layer 'conv1' (Conv2D)`. */
    readonly label: string,
  ) {}

  /** Is it there, and not null? */
  has(name: string): boolean {
    return this.given[name] !== undefined && this.given[name] !== null;
  }

  number(name: string, byDefault?: number): number {
    const value = this.given[name] ?? byDefault;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(name, 'a number');
    return value;
  }

  whole(name: string, least: number, byDefault?: number): number {
    const value = this.number(name, byDefault);
    if (!Number.isInteger(value) || value < least || value > MOST) throw this.wrong(name, `a whole number of at least ${least}`);
    return value;
  }

  flag(name: string, byDefault: boolean): boolean {
    const value = this.given[name] ?? byDefault;
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false');
    return value;
  }

  /** A text in any of the spellings of Python and JavaScript: `channels_last` and `channelsLast` are one. */
  choice<T extends string>(name: string, choices: readonly T[], byDefault: T): T {
    const value = this.given[name] ?? byDefault;
    const found = typeof value === 'string' ? choices.find((c) => spelling(c) === spelling(value)) : undefined;
    if (found === undefined) throw this.wrong(name, choices.join(' or '));
    return found;
  }

  text(name: string, byDefault: string): string {
    const value = this.given[name] ?? byDefault;
    if (typeof value !== 'string') throw this.wrong(name, 'a text');
    return value;
  }

  /** `count` whole numbers, which one number stands for as well. */
  wholes(name: string, count: number, least: number, byDefault?: number | readonly number[]): number[] {
    const value = this.given[name] ?? byDefault;
    const list = typeof value === 'number' ? new Array<number>(count).fill(value) : value;
    const fits =
      Array.isArray(list) && list.length === count && list.every((v) => Number.isInteger(v) && v >= least && v <= MOST);
    if (!fits) throw this.wrong(name, `${count} whole numbers of at least ${least}`);
    return list as number[];
  }

  /** What is in the file, unread. */
  raw(name: string): unknown {
    return this.given[name];
  }

  wrong(name: string, expected: string): LanError {
    const shown = JSON.stringify(this.given[name])?.slice(0, 60) ?? 'nothing';
    return new LanError('model', `${this.label}: ${name} must be ${expected}, received ${shown}.`);
  }

  /** The layer with this setting is refused. */
  unsupported(problem: string): LanError {
    return new LanError('unsupported', `${this.label}: ${problem}.`);
  }

  /** Refuses a setting that is not `usual`, for the reason. */
  only(name: string, usual: number, why: string): void {
    const value = this.given[name];
    if ([value ?? usual].flat().some((v) => v !== usual)) throw this.unsupported(`${name} ${JSON.stringify(value).slice(0, 40)}: ${why}`); // prettier-ignore
  }
}

/** A name without its underscores and capitals. */
export const spelling = (name: string): string => name.replaceAll('_', '').toLowerCase();
