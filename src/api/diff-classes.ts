// Which class of one model is which of another, and what two models answered to the same input, in words.
import { LanError } from '../core/errors.js';
import type { Answer } from '../evidence/answer.js';
import type { Classifier } from '../model/open.js';
import type { ClassName } from '../model/question.js';
import { answerText } from '../report/claims.js';
import type { AuditResult } from './audit.js';

/** The classes of two models beside each other. */
export interface ClassPairs {
  /** The class of the second model that is class i of the first. */
  readonly inSecond: (i: number) => number;
  /** What was taken for the same, where their names do not say that it is. */
  readonly note?: string;
}

/** What is asked of a model here. */
type Named = Pick<Classifier, 'labels' | 'classes' | 'source'>;

const plain = (label: string): string => label.trim().toLowerCase();

/**
 * Classes by their names where both models name all of theirs and have the same ones, in whatever order; else by their index, with a note where the names say
 * otherwise. `asked`: of a question. Throws LanError (`usage`) where a class is asked about by an index that is another class in each model.
 */
export function classPairs(a: Named, b: Named, asked: readonly (ClassName | undefined)[] = []): ClassPairs {
  const [mine, theirs] = [a, b].map(({ labels, classes }) => labels.slice(0, classes).map(plain)) as [string[], string[]];
  const known = mine.length === a.classes && theirs.length === b.classes;
  const other = known ? mine.findIndex((label, i) => label !== theirs[i]) : -1;
  if (other < 0) return { inSecond: (i) => i };
  const places = new Map(theirs.map((label, i) => [label, i]));
  const names = `${other} is '${a.labels[other]!}' in ${a.source.name} and '${b.labels[other]!}' in ${b.source.name}`;
  if (new Set(mine).size === mine.length && mine.every((label) => places.has(label))) {
    const index = asked.find((name) => name !== undefined && /^\d+$/.test(String(name).trim()));
    if (index !== undefined)
      throw new LanError('usage', `The models have their classes in another order (class ${names}), so that class ${index} is not the same in both.`, 'Ask by its name.'); // prettier-ignore
    return {
      inSecond: (i) => places.get(mine[i]!)!,
      note: `the models have the same classes in another order (class ${names}); they are compared by name`,
    };
  }
  const differ = mine.filter((label, i) => label !== theirs[i]).length;
  return {
    inSecond: (i) => i,
    note: `${differ} of the ${mine.length} classes have other names in the second model (class ${names}); they are compared by index`,
  };
}

/**
 * The same class, set of labels, or a value within the first one's tolerance; of a question whether it leads in both or in neither.
 */
export function sameAnswer(
  { answer: a, prediction: [p] }: AuditResult,
  { answer: b, prediction: [q] }: AuditResult,
  { inSecond }: ClassPairs,
): boolean {
  // prettier-ignore
  if (a.task === 'value' && b.task === 'value') return Math.abs(a.value - b.value) <= a.within;
  if (a.task === 'target' && b.task === 'target') return a.leads === b.leads;
  if (a.task !== 'labels' || b.task !== 'labels') return p !== undefined && inSecond(p.index) === q?.index;
  const [mine, theirs] = [a.labels.map((l) => inSecond(l.index)), b.labels.map((l) => l.index)];
  return mine.length === theirs.length && mine.every((i) => theirs.includes(i));
}

/** What both answered, in words. `probabilities`: of the most probable class of each. */
export function answersText(a: Answer, b: Answer, same: boolean, probabilities?: readonly [number, number]): string {
  const pair = (values: readonly number[] | undefined): string => (values ? ` (${values.map((v) => v.toFixed(3)).join(', ')})` : ''); // prettier-ignore
  if (a.task === 'target' && b.task === 'target') {
    const leads = a.leads
      ? b.leads
        ? 'in both'
        : 'in the first alone'
      : b.leads
        ? 'in the second alone'
        : 'in neither of the two';
    const asked = `'${a.label}'${a.against ? ` before '${a.against.label}'` : ''}`;
    return `${asked} leads ${leads}${pair([a.probability, b.probability])}`;
  }
  const [mine, theirs] = [answerText(a), answerText(b)];
  if (!same) return `the answer was ${mine} and is ${theirs}${pair(probabilities)}`;
  return `both answer ${mine}${a.task === 'value' || mine === theirs ? '' : `, which the second calls ${theirs}`}${pair(probabilities)}`;
}
