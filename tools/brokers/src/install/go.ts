import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached } from './cache.ts'

const run = promisify(execFile)

/** A program that Go builds. */
export interface GoProgram {
  /** Package path for `go install`, without the version. */
  readonly module: string
  /** Name of the executable. */
  readonly name: string
  /** Version in the form `v1.2.3`. */
  readonly version: string
}

/**
 * Builds a program from Go's module proxy into the cache and returns its path. Go verifies the checksums of its downloads.
 * @throws Error if Go is not installed or the build fails
 */
export async function buildWithGo({ module, name, version }: GoProgram): Promise<string> {
  const folder = await cached(`go-${name}-${version}-${process.platform}-${process.arch}`, async (into) => {
    await run('go', ['install', `${module}@${version}`], { env: { ...process.env, GOBIN: into } })
  })
  return join(folder, name)
}
