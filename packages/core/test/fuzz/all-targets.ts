import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FuzzTarget } from './target.ts'

const packages = join(import.meta.dirname, '../../..')

/** Returns the paths of all target files, across packages. */
export const targetFiles = (): string[] =>
  globSync('*/test/fuzz/targets.ts', { cwd: packages })
    .sort()
    .map((file) => join(packages, file))

/** Imports the targets of a file, by name. */
export async function targetsIn(file: string): Promise<Readonly<Record<string, FuzzTarget>>> {
  const { targets } = (await import(pathToFileURL(file).href)) as { targets: Readonly<Record<string, FuzzTarget>> }
  return targets
}
