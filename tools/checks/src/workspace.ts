import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Root folder of the repository. */
export const root: string = join(import.meta.dirname, '../../..')

/** Package of the workspace. */
export interface Package {
  readonly name: string
  /** Path relative to the root of the repository. */
  readonly folder: string
  /** True if the package is published to the registry. */
  readonly isPublic: boolean
  /** Import specifiers and their source files: `@sync/core/patch` → `packages/core/src/patch/index.ts`. */
  readonly entries: ReadonlyMap<string, string>
}

/** Members of a package.json that are read here. */
interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, { readonly '@sync/source': string }>>
}

function readPackage(file: string): Package {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, file), 'utf8'))
  const folder = dirname(file)
  const entries = Object.entries(manifest.exports ?? {}).map(
    ([path, target]) => [join(manifest.name, path), join(folder, target['@sync/source'])] as const,
  )
  return { name: manifest.name, folder, isPublic: !manifest.private, entries: new Map(entries) }
}

/** All packages of the workspace. */
export const packages: readonly Package[] = globSync('{packages,apps,tools}/*/package.json', { cwd: root })
  .sort()
  .map(readPackage)

/** Packages that are published to the registry. */
export const publicPackages: readonly Package[] = packages.filter(({ isPublic }) => isPublic)
