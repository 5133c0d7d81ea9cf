import { join } from 'node:path'
import { firstOf } from '../availability.ts'
import { unpackDebian } from '../install/debian.ts'
import { requireDocker, sourceOf } from '../install/docker.ts'
import { type Candidate, inspect } from '../install/inspect.ts'
import type { Program } from '../process/program.ts'

/** Servers that speak Redis' protocol. */
export type RedisFlavor = 'redis' | 'valkey'

const found = new Map<RedisFlavor, Promise<Program>>()

/** The URL of a server that somebody else runs: `SYNC_TEST_REDIS_URL`, `SYNC_TEST_VALKEY_URL`. */
export function givenUrl(flavor: RedisFlavor): string | undefined {
  return process.env[`SYNC_TEST_${flavor.toUpperCase()}_URL`] || undefined
}

/** A server program, 7.0 or newer: from the PATH, else Debian's packages, else Docker. Throws an {@link UnavailableError}. */
export function findRedis(flavor: RedisFlavor): Promise<Program> {
  const known = found.get(flavor) ?? look(flavor)
  found.set(flavor, known)
  return known
}

const IMAGES: Readonly<Record<RedisFlavor, string>> = { redis: 'redis:8', valkey: 'valkey/valkey:8' }

function look(flavor: RedisFlavor): Promise<Program> {
  const name = `${flavor}-server`
  return firstOf(flavor, [
    { name: `${name} on the PATH`, find: () => check({ command: name, env: {}, source: 'on the PATH' }) },
    {
      name: "Debian's packages",
      async find() {
        const { folder, env } = await unpackDebian(name)
        return check({ command: join(folder, 'usr/bin', name), env, source: `Debian's packages in ${folder}` })
      },
    },
    {
      name: 'Docker',
      async find() {
        await requireDocker()
        const image = IMAGES[flavor]
        return check({ command: name, env: {}, source: sourceOf(image), image })
      },
    },
  ])
}

async function check(candidate: Omit<Candidate, 'version'>): Promise<Program> {
  const program = await inspect({ ...candidate, version: /\bv=(\S+)/ })
  if (Number.parseInt(program.version, 10) < 7) throw new Error(`${program.command} is ${program.version}, too old`)
  return program
}
