import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The repository's folder. */
export const root: string = join(import.meta.dirname, '../../..')

/** One package of the workspace. */
export interface Package {
  readonly name: string
  /** Relative to the root. */
  readonly folder: string
  /** A public package goes to the registry. */
  readonly isPublic: boolean
  /** What it is imported by, and the source file behind it: `@sync/core/patch` → `packages/core/src/patch/index.ts`. */
  readonly entries: ReadonlyMap<string, string>
}

/** The parts of a package.json that are read here. */
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

/** Every package of the workspace. */
export const packages: readonly Package[] = globSync('{packages,apps,tools,examples}/*/package.json', { cwd: root })
  .sort()
  .map(readPackage)

/** Those that the registry gets. */
export const publicPackages: readonly Package[] = packages.filter(({ isPublic }) => isPublic)
