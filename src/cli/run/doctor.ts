// lan-onnx doctor: what is installed and what works of it, line by line.
import { doctor, type Diagnosis } from '../../api/doctor.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import type { doctor as definition } from '../commands/doctor.js';
import type { Io } from '../io.js';

/** Prints each finding as it is made; exits with 1 where something that is needed does not work. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const result = await doctor({ onDiagnosis: (diagnosis) => void (argv.json || io.out(`${lineOf(diagnosis)}\n`)) });
  if (argv.json) io.out(toJson(result));
  else io.out(`${result.well ? 'All that is needed works.' : 'Something that is needed does not work; see above.'}\n`);
  if (!result.well) io.exit(1);
}

/** Width of the longest name and of the longest state. */
const [NAME, STATE] = [20, 6];

const lineOf = ({ name, state, found, advice }: Diagnosis): string =>
  `${state.padEnd(STATE)}  ${name.padEnd(NAME)} ${found}${advice === undefined ? '' : `\n${' '.repeat(STATE + NAME + 3)}${advice}`}`;
