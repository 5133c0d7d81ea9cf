import { join } from 'node:path'
import { findFirst, type Source } from '../availability.ts'
import { unpackDebian } from '../install/debian.ts'
import { describeImage, requireDocker } from '../install/docker.ts'
import { buildWithGo } from '../install/go.ts'
import { type Candidate, inspect } from '../install/inspect.ts'
import type { Program } from '../process/program.ts'

/** `newest`: the one pinned here, or what the PATH has if that is new enough. `oldest`: Debian's, 2.9.10 at first. */
export type NatsRelease = 'newest' | 'oldest'

/** What Go builds. */
const NEWEST_VERSION = 'v2.15.2'

/** What counts as new on the PATH: from here on streams have batched reads. */
const MIN_NEW_VERSION = [2, 11] as const

const cachedPrograms = new Map<NatsRelease, Promise<Program>>()

/** The URL of a server that somebody else runs: `SYNC_TEST_NATS_URL`. It counts as the newest. */
export function externalNatsUrl(release: NatsRelease): string | undefined {
  return release === 'newest' ? process.env['SYNC_TEST_NATS_URL'] || undefined : undefined
}

/** A server program. Throws an `UnavailableError`. */
export function findNats(release: NatsRelease): Promise<Program> {
  const known = cachedPrograms.get(release) ?? findFirst(`nats (${release})`, sources[release])
  cachedPrograms.set(release, known)
  return known
}

const debian: Source<Program> = {
  name: "Debian's packages",
  async find() {
    const { folder, env } = await unpackDebian('nats-server')
    return inspectCandidate({
      command: join(folder, 'usr/sbin/nats-server'),
      env,
      source: `Debian's packages in ${folder}`,
    })
  },
}

const sources: Readonly<Record<NatsRelease, readonly Source<Program>[]>> = {
  newest: [
    {
      name: 'nats-server on the PATH',
      async find() {
        const program = await inspectCandidate({ command: 'nats-server', env: {}, source: 'on the PATH' })
        if (isNewEnough(program.version)) return program
        throw new Error(`${program.version} is older than ${MIN_NEW_VERSION.join('.')}`)
      },
    },
    {
      name: 'Go',
      async find() {
        const module = 'github.com/nats-io/nats-server/v2'
        const command = await buildWithGo({ module, name: 'nats-server', version: NEWEST_VERSION })
        return inspectCandidate({ command, env: {}, source: `built by Go, ${command}` })
      },
    },
    {
      name: 'Docker',
      async find() {
        await requireDocker()
        const image = 'nats:2-alpine'
        return inspectCandidate({ command: 'nats-server', env: {}, source: describeImage(image), image })
      },
    },
    debian,
  ],
  oldest: [debian],
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > MIN_NEW_VERSION[0] || (major === MIN_NEW_VERSION[0] && minor >= MIN_NEW_VERSION[1])
}

function inspectCandidate(candidate: Omit<Candidate, 'version'>): Promise<Program> {
  return inspect({ ...candidate, version: /v(\d+\.\d+\.\d+\S*)/ })
}
