// JUnit XML, the form of test results that CI servers read.

/** One test of a suite. */
export interface JunitCase {
  readonly name: string;
  /** Why it failed; undefined: passed. */
  readonly failure?: string;
  /** It could not be run at all. */
  readonly error?: string;
  /** Why its failure does not count. */
  readonly skipped?: string;
}

/** Tests that belong together, and how long they took. */
export interface JunitSuite {
  readonly name: string;
  readonly seconds: number;
  readonly cases: readonly JunitCase[];
}

/** One <testsuites> document. Text is escaped; characters that XML 1.0 forbids become U+FFFD. */
export function junit(suites: readonly JunitSuite[]): string {
  const all = suites.flatMap((s) => s.cases);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites ${counts(all)} time="${total(suites)}">`];
  for (const suite of suites) {
    lines.push(`  <testsuite name="${escape(suite.name)}" ${counts(suite.cases)} time="${suite.seconds.toFixed(3)}">`);
    for (const c of suite.cases) {
      const open = `    <testcase classname="${escape(suite.name)}" name="${escape(c.name)}"`;
      const kind = c.error !== undefined ? 'error' : c.failure !== undefined ? 'failure' : 'skipped';
      const text = c.error ?? c.failure ?? c.skipped;
      lines.push(text === undefined ? `${open}/>` : `${open}><${kind} message="${escape(text)}"/></testcase>`);
    }
    lines.push('  </testsuite>');
  }
  return [...lines, '</testsuites>', ''].join('\n');
}

function counts(cases: readonly JunitCase[]): string {
  const failures = cases.filter((c) => c.failure !== undefined && c.error === undefined).length;
  const errors = cases.filter((c) => c.error !== undefined).length;
  const skipped = cases.filter((c) => c.skipped !== undefined).length;
  const known = skipped > 0 ? ` skipped="${skipped}"` : '';
  return `tests="${cases.length}" failures="${failures}" errors="${errors}"${known}`;
}

const total = (suites: readonly JunitSuite[]): string => suites.reduce((sum, s) => sum + s.seconds, 0).toFixed(3);

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
  '\r': '&#13;',
};
const escape = (text: string): string =>
  text.replace(/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/gu, '\ufffd').replace(/[&<>"\n\t\r]/g, (c) => ENTITIES[c]!);
