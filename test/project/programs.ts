// TypeScript programs in memory: a file on disk would be seen by whatever else reads the folder meanwhile.
import { join, resolve } from 'node:path';
import ts from 'typescript';

/** Files on disk, parsed once for all programs: parsing is most of the time. */
const parsed = new Map<string, ts.SourceFile | undefined>();
/** The program before, by the types it saw: what it resolved is resolved, too. */
const before = new Map<string, ts.Program>();

const root = resolve(import.meta.dirname, '../..');

/** The compiler's options of this project, `lan-onnx` and its entries meaning the sources. */
function compilerOptions(types: readonly string[] = ['node']): ts.CompilerOptions {
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config as {
    compilerOptions: object;
  };
  const paths = {
    'lan-onnx': ['./src/index.ts'],
    'lan-onnx/ops': ['./src/ops.ts'],
    'lan-onnx/jest': ['./src/jest.ts'],
    'lan-onnx/vitest': ['./src/vitest.ts'],
    'lan-onnx/web': ['./src/web/index.ts'],
  };
  return ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, types, paths, noEmit: true }, root).options;
}

/** A program of files on disk, and of those in `texts`, by path. What the one before of the same types has resolved is resolved. */
export function programOf(
  files: readonly string[],
  types: readonly string[] = ['node'],
  texts: ReadonlyMap<string, string> = new Map(),
): ts.Program {
  const options = compilerOptions(types);
  const host = ts.createCompilerHost(options);
  const onDisk = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) => {
    const text = texts.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, version);
    if (!parsed.has(name)) parsed.set(name, onDisk(name, version));
    return parsed.get(name);
  };
  const key = types.join();
  const program = ts.createProgram(files, options, host, before.get(key));
  before.set(key, program);
  return program;
}

/** The first line of everything that the compiler finds wrong with a program that lies in test/project. */
export function typeProblems(text: string, types?: readonly string[]): string[] {
  const file = join(import.meta.dirname, 'in-memory.ts');
  const program = programOf([file], types, new Map([[file, text]]));
  const source = program.getSourceFile(file)!;
  const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return problems.map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n').split('\n')[0]!);
}
