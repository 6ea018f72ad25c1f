import { join } from 'node:path';
import ts from 'typescript';

/** The files with the published types. They use no types of other files. */
const SOURCES = [
  'libs/protocol/src/congress/offices.ts',
  'libs/protocol/src/congress/office-refusal.ts',
  'libs/protocol/src/congress/chambers.ts',
  'libs/protocol/src/congress/cwc-vocabulary.ts',
  'libs/protocol/src/congress/web-address.ts',
  'libs/protocol/src/agents/vocabulary.ts',
  'libs/protocol/src/agents/ends.ts',
  'libs/protocol/src/problems.ts',
  'libs/client/src/errors.ts',
  'libs/client/src/api.ts',
  'libs/client/src/agents/task-cost.ts',
  'libs/client/src/connect.ts',
  'libs/client/src/whether-sent.ts',
  'libs/client/src/validate-message.ts',
] as const;

/**
 * Returns one declaration file for the bundle: what the compiler emits for SOURCES, without imports. Leaves out functions that the bundle
 * does not export, and declares its other unexported values without `export`.
 * @param exported the names that the bundle exports
 * @throws Error if the bundle exports a name that no file of SOURCES declares
 */
export function declarationsOf(root: string, exported: readonly string[]): string {
  const { compilerOptions } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (file) => ts.sys.readFile(file))
    .config as { compilerOptions: object };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...compilerOptions,
      types: ['node'],
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      removeComments: false,
    },
    root,
  );
  const files = SOURCES.map((source) => join(root, source));
  const program = ts.createProgram(files, options);
  const declared = new Set<string>();
  const parts = files.map((file) => {
    let text = '';
    program.emit(
      program.getSourceFile(file),
      (_name, emitted) => {
        text = emitted;
      },
      undefined,
      true,
    );
    return keptOf(text, new Set(exported), declared);
  });
  const undeclared = exported.filter((name) => !declared.has(name));
  if (undeclared.length > 0) throw new Error(`exported and not declared: ${undeclared.join(', ')}`);
  // Without an export statement, everything in a declaration file counts as exported.
  return `${parts.join('\n')}\nexport {};\n`;
}

function keptOf(text: string, exported: ReadonlySet<string>, declared: Set<string>): string {
  const source = ts.createSourceFile('x.d.ts', text, ts.ScriptTarget.ES2022, true);
  return source.statements
    .flatMap((statement) => {
      if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) return [];
      const names = valuesOf(statement);
      for (const name of names) declared.add(name);
      const isPublic = names.every((name) => exported.has(name));
      if (!isPublic && ts.isFunctionDeclaration(statement)) return [];
      const written = statement.getFullText(source).trim();
      return [isPublic ? written : written.replace(/^(?:\/\*\*[\s\S]*?\*\/\s*)?export /, '')];
    })
    .join('\n');
}

/** Returns the names of the values that a statement declares; empty for types. */
function valuesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
    return statement.name === undefined ? [] : [statement.name.text];
  return [];
}
