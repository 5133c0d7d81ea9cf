import { join, relative } from 'node:path'
import ts from '@typescript/typescript6'
import { publicPackages, root } from './workspace.ts'

/** Compiler options without the standard library, because this check reads only names and comments. */
const options: ts.CompilerOptions = {
  allowImportingTsExtensions: true,
  customConditions: ['@sync/source'],
  module: ts.ModuleKind.NodeNext,
  noEmit: true,
  noLib: true,
  types: [],
}

/** Checks that every export of a public package has a docstring. */
export function docstrings(): string[] {
  const entries = publicPackages.flatMap((pkg) => [...pkg.entries.values()])
  const program = ts.createProgram(
    entries.map((entry) => join(root, entry)),
    options,
  )
  const checker = program.getTypeChecker()
  const problems = entries.flatMap((entry) => {
    const source = program.getSourceFile(join(root, entry))
    const module = source && checker.getSymbolAtLocation(source)
    return module ? undocumented(checker, module) : [`${entry}:1: the entry point is missing or exports nothing`]
  })
  return [...new Set(problems)]
}

function undocumented(checker: ts.TypeChecker, module: ts.Symbol): string[] {
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
    .flatMap(({ name, declarations: [declaration] = [] }) =>
      declaration === undefined || isExternal(declaration)
        ? []
        : [`${locationOf(declaration)}: '${name}' is exported without a docstring`],
    )
}

function isExternal(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.includes('/node_modules/')
}

function locationOf(declaration: ts.Declaration): string {
  const source = declaration.getSourceFile()
  const { line } = source.getLineAndCharacterOfPosition(declaration.getStart())
  return `${relative(root, source.fileName)}:${line + 1}`
}
