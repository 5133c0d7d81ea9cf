import { cpSync, globSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { command } from './command.ts'
import { root } from './workspace.ts'

/** The oldest TypeScript that README.md promises, and the one of this repository. */
const compilers = {
  oldest: join(root, 'tools/checks/node_modules/typescript-minimum/bin/tsc'),
  newest: join(root, 'node_modules/typescript/bin/tsc'),
}

/** Resolution of modules, each with the kind of modules that it allows. */
const resolutions = { bundler: 'esnext', node16: 'node16', nodenext: 'nodenext' }

/** A file whose expected errors need `exactOptionalPropertyTypes`. */
const EXACT_ONLY = 'exact-optional.ts'

/** Type tests of the core: code that the public types must accept or reject. */
const typeTests = globSync('packages/core/test/types/*.ts', { cwd: root }).map((file) => join(root, file))

/** Copies the type tests into a project, and returns their names. */
export function copyTypeTests(project: string): string[] {
  for (const file of typeTests) cpSync(file, join(project, basename(file)))
  return typeTests.map((file) => basename(file))
}

/**
 * Compiles files of a project against the installed packages, declarations included, with each compiler and each combination of the
 * options that change the result.
 */
export async function compileProject(project: string, files: readonly string[]): Promise<string[]> {
  const problems: string[] = []
  for (const [age, compiler] of Object.entries(compilers))
    for (const [moduleResolution, module] of Object.entries(resolutions))
      for (const exactOptionalPropertyTypes of [true, false]) {
        const config = `tsconfig.${age}.${moduleResolution}.${exactOptionalPropertyTypes ? 'exact' : 'inexact'}.json`
        const options = { ...baseOptions, module, moduleResolution, exactOptionalPropertyTypes }
        const included = files.filter((file) => exactOptionalPropertyTypes || file !== EXACT_ONLY)
        writeFileSync(join(project, config), JSON.stringify({ compilerOptions: options, files: included }))
        const { output } = await command('node', [compiler, '-p', config, '--pretty', 'false'], { cwd: project })
        problems.push(...ownErrors(output).map((error) => `${config}: ${error}`))
      }
  return problems
}

const baseOptions = {
  target: 'es2022',
  lib: ['es2023'],
  noEmit: true,
  skipLibCheck: false,
  strict: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
}

/**
 * Returns the errors of the project and of this repository's packages. Declarations of other packages have errors of their own with
 * an older compiler, or with `exactOptionalPropertyTypes`.
 */
function ownErrors(output: string): string[] {
  const errors = output.split(/\n(?=\S)/).filter((error) => error.trim() !== '')
  return errors.filter((error) => {
    const [path = ''] = error.split('(')
    return !path.includes('node_modules/') || path.includes('node_modules/@sync/')
  })
}
