import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached } from './cache.ts'

const run = promisify(execFile)

/** A program that Go builds. */
export interface GoProgram {
  /** What `go install` is given, without the version. */
  readonly module: string
  /** The name of the program. */
  readonly name: string
  /** `v1.2.3`. */
  readonly version: string
}

/**
 * Builds a program from Go's module proxy into the cache, and answers where it is. Go checks the sums of what it downloads.
 * Throws where there is no Go.
 */
export async function buildWithGo({ module, name, version }: GoProgram): Promise<string> {
  const folder = await cached(`go-${name}-${version}-${process.platform}-${process.arch}`, async (into) => {
    await run('go', ['install', `${module}@${version}`], { env: { ...process.env, GOBIN: into } })
  })
  return join(folder, name)
}
