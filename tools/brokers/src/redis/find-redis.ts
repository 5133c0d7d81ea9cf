import { join } from 'node:path'
import { findFirst } from '../availability.ts'
import { unpackDebian } from '../install/debian.ts'
import { describeImage, requireDocker } from '../install/docker.ts'
import { type Candidate, inspect } from '../install/inspect.ts'
import type { Program } from '../process/program.ts'
import { IMAGES } from '../versions.ts'

/** Servers that implement the Redis protocol. */
export type RedisFlavor = 'redis' | 'valkey'

const cachedPrograms = new Map<RedisFlavor, Promise<Program>>()

/** Returns the URL of an externally run server, from `SYNC_TEST_REDIS_URL` or `SYNC_TEST_VALKEY_URL`. */
export function externalRedisUrl(flavor: RedisFlavor): string | undefined {
  return process.env[`SYNC_TEST_${flavor.toUpperCase()}_URL`] || undefined
}

/**
 * Finds a server program, version 7.0 or newer. Sources, in order: the PATH, Debian's packages, Docker.
 * @throws UnavailableError if no source has it
 */
export function findRedis(flavor: RedisFlavor): Promise<Program> {
  const known = cachedPrograms.get(flavor) ?? search(flavor)
  cachedPrograms.set(flavor, known)
  return known
}

function search(flavor: RedisFlavor): Promise<Program> {
  const name = `${flavor}-server`
  return findFirst(flavor, [
    { name: `${name} on the PATH`, find: () => inspectCandidate({ command: name, env: {}, source: 'on the PATH' }) },
    {
      name: "Debian's packages",
      async find() {
        const { folder, env } = await unpackDebian(name)
        return inspectCandidate({
          command: join(folder, 'usr/bin', name),
          env,
          source: `Debian's packages in ${folder}`,
        })
      },
    },
    {
      name: 'Docker',
      async find() {
        await requireDocker()
        const image = IMAGES[flavor]
        return inspectCandidate({ command: name, env: {}, source: describeImage(image), image })
      },
    },
  ])
}

async function inspectCandidate(candidate: Omit<Candidate, 'version'>): Promise<Program> {
  const program = await inspect({ ...candidate, version: /\bv=(\S+)/ })
  if (Number.parseInt(program.version, 10) < 7)
    throw new Error(`${program.command}: expected version 7.0 or newer, got ${program.version}`)
  return program
}
