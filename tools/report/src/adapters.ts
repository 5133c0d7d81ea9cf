import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Adapter, fanoutAdapter, memoryAdapter } from '@sync/conformance'

const root = join(import.meta.dirname, '../../..')

/**
 * Returns every adapter of this repository: the in-memory one, a fanout of two in-memory buses, and those that packages export
 * from `test/conformance/adapters.ts`.
 */
export async function repositoryAdapters(): Promise<readonly Adapter[]> {
  const files = globSync('packages/*/test/conformance/adapters.ts', { cwd: root }).sort()
  const modules = await Promise.all(
    files.map(
      (file): Promise<{ readonly default: readonly Adapter[] }> => import(pathToFileURL(join(root, file)).href),
    ),
  )
  return [memoryAdapter, fanoutAdapter, ...modules.flatMap((module) => module.default)]
}
