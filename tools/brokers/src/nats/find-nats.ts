import { join } from 'node:path'
import { findFirst, type Source } from '../availability.ts'
import { unpackDebian } from '../install/debian.ts'
import { describeImage, requireDocker } from '../install/docker.ts'
import { buildWithGo } from '../install/go.ts'
import { type Candidate, inspect } from '../install/inspect.ts'
import type { Program } from '../process/program.ts'
import { IMAGES, VERSIONS } from '../versions.ts'

/**
 * `newest` is the server on the PATH if it is 2.11 or newer, otherwise 2.15.2. `oldest` is Debian's package: 2.9.10 on Debian 12.
 */
export type NatsRelease = 'newest' | 'oldest'

/** Version that Go builds. */
const NEWEST_VERSION = `v${VERSIONS.nats}`

/** Minimum version on the PATH to count as newest. Streams support batched reads since this version. */
const MIN_NEW_VERSION = [2, 11] as const

const cachedPrograms = new Map<NatsRelease, Promise<Program>>()

/** Returns the URL of an externally run server, from `SYNC_TEST_NATS_URL`. It is used as the newest release. */
export function externalNatsUrl(release: NatsRelease): string | undefined {
  return release === 'newest' ? process.env['SYNC_TEST_NATS_URL'] || undefined : undefined
}

/** Finds a NATS server program. @throws UnavailableError if no source has it */
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
        throw new Error(`expected version ${MIN_NEW_VERSION.join('.')} or newer, got ${program.version}`)
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
        const image = IMAGES.nats
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
