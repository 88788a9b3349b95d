// What trials have shown in this process, by the bytes of the file and what was asked: no file takes its time limit twice, or is tried twice for nothing.
import { LanError } from '../core/errors.js';
import { sha256 } from '../data/files.js';

/** What is remembered of a trial: it passed, or how it was refused. */
type Finding = 'passed' | LanError;

/** Findings that are kept; the oldest go first. */
const MOST = 256;
const findings = new Map<string, Finding>();

/** Options that decide how fast a file is run, and not what a kernel meets in it. */
const PACE: ReadonlySet<string> = new Set(['threads', 'engine', 'backend', 'trust']);

/** `compile`: shapes are bound and constants folded, which runs nodes; `run`: the file is run and differentiated as well. */
export type TriedAs = 'compile' | 'run';

/** A trial by what decides how it ends. `sha256`: of a file that needs no other. */
export interface Tried {
  /** As refusals name the file. */
  readonly name: string;
  readonly sha256: string;
  readonly what: TriedAs;
  readonly options: Readonly<Record<string, unknown>>;
}

const hash = (value: unknown): string => {
  const text = JSON.stringify(value, (_, v: unknown) => {
    if (ArrayBuffer.isView(v)) return sha256(new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
    return typeof v === 'bigint' ? String(v) : v;
  });
  return sha256(text);
};

const keyOf = (end: string, { name, sha256, what, options }: Tried): string =>
  `${end} ${what} ${sha256} ${hash(options)} ${name}`;
const passKey = (tried: Tried): string => keyOf('passed', tried);
/** Refusals hold whatever the pace. */
const refusalKey = ({ options, ...rest }: Tried): string =>
  keyOf('refused', { ...rest, options: Object.fromEntries(Object.entries(options).filter(([name]) => !PACE.has(name))) });

/**
 * How this trial ended earlier in this process; undefined where that is not known. What was refused while it was compiled is refused when it is run,
 * and what has been run has been compiled.
 */
export function remembered(tried: Tried): Finding | undefined {
  const compiled = { ...tried, what: 'compile' } as const;
  const run = { ...tried, what: 'run' } as const;
  const refused = findings.get(refusalKey(compiled)) ?? (tried.what === 'run' ? findings.get(refusalKey(run)) : undefined);
  return refused ?? findings.get(passKey(run)) ?? (tried.what === 'compile' ? findings.get(passKey(compiled)) : undefined);
}

/** Keeps how a trial ended. What the machine was to blame for (`runtime`) says nothing about the file, and is not kept. */
export function remember(tried: Tried, finding: Finding): void {
  if (finding instanceof LanError && finding.code === 'runtime') return;
  findings.set(finding === 'passed' ? passKey(tried) : refusalKey(tried), finding);
  for (const oldest of findings.keys()) {
    if (findings.size <= MOST) break;
    findings.delete(oldest);
  }
}
