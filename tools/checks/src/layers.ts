import { globSync, readFileSync } from 'node:fs'
import { dirname, join, matchesGlob } from 'node:path'
import ts from '@typescript/typescript6'
import { folderLayers, packageLayers } from './layers.table.ts'
import { packages, root } from './workspace.ts'

/** Checks that imports point only to lower layers, between packages and between the folders of a package. */
export function layers(): string[] {
  const files = globSync('{packages,apps,tools}/*/src/**/*.{ts,tsx}', { cwd: root, exclude: ['**/*.test.ts'] }).sort()
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, line }) => {
      const problem = checkImport(file, specifier)
      return problem === undefined ? [] : [`${file}:${line}: imports '${specifier}', but ${problem}`]
    }),
  )
}

/** Returns the problem of an import, or `undefined` if it is allowed. */
export function checkImport(file: string, specifier: string): string | undefined {
  const from = file.split('/').slice(0, 2).join('/')
  return specifier.startsWith('.')
    ? checkFolderImport(from, file, join(dirname(file), specifier))
    : checkPackageImport(from, specifier)
}

function importsOf(file: string): { specifier: string; line: number }[] {
  const text = readFileSync(join(root, file), 'utf8')
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    specifier: fileName,
    line: text.slice(0, pos).split('\n').length,
  }))
}

function checkPackageImport(from: string, specifier: string): string | undefined {
  const to = packages.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`))?.folder
  if (to === undefined || packageRank(to) < packageRank(from)) return undefined
  return to === from ? 'that is the package itself' : `${to} is not below ${from}`
}

function checkFolderImport(from: string, file: string, target: string): string | undefined {
  if (!target.startsWith(`${from}/src/`)) return `that is outside ${from}/src`
  return folderRank(from, target) <= folderRank(from, file)
    ? undefined
    : `${dirname(target)} is not below ${dirname(file)}`
}

function packageRank(folder: string): number {
  const rank = packageLayers.findIndex((row) => row.some((pattern) => matchesGlob(folder, pattern)))
  if (rank < 0) throw new Error(`${folder} is missing from layers.table.ts`)
  return rank
}

function folderRank(folder: string, file: string): number {
  const order = folderLayers[folder]
  const [name = '', ...rest] = file.slice(`${folder}/src/`.length).split('/')
  if (order === undefined || rest.length === 0) return Number.POSITIVE_INFINITY
  const rank = order.indexOf(name)
  if (rank < 0) throw new Error(`${folder}/src/${name} is missing from layers.table.ts`)
  return rank
}
