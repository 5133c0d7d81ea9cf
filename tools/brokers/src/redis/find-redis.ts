import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { firstOf } from '../availability.ts'
import { unpackDebian } from '../install/debian.ts'
import type { Program } from '../process/program.ts'

const run = promisify(execFile)

/** Servers that speak Redis' protocol. */
export type RedisFlavor = 'redis' | 'valkey'

const found = new Map<RedisFlavor, Promise<Program>>()

/** The URL of a server that somebody else runs: `SYNC_TEST_REDIS_URL`, `SYNC_TEST_VALKEY_URL`. */
export function givenUrl(flavor: RedisFlavor): string | undefined {
  return process.env[`SYNC_TEST_${flavor.toUpperCase()}_URL`] || undefined
}

/** A server program, 7.0 or newer: from the PATH, else from Debian's packages. Throws an {@link UnavailableError}. */
export function findRedis(flavor: RedisFlavor): Promise<Program> {
  const known = found.get(flavor) ?? look(flavor)
  found.set(flavor, known)
  return known
}

function look(flavor: RedisFlavor): Promise<Program> {
  const name = `${flavor}-server`
  return firstOf(flavor, [
    { name: `${name} on the PATH`, find: () => inspect({ command: name, env: {}, source: 'on the PATH' }) },
    {
      name: "Debian's packages",
      async find() {
        const { folder, env } = await unpackDebian(name)
        return inspect({ command: join(folder, 'usr/bin', name), env, source: `Debian's packages in ${folder}` })
      },
    },
  ])
}

async function inspect(program: Pick<Program, 'command' | 'env' | 'source'>): Promise<Program> {
  const { stdout } = await run(program.command, ['--version'], { env: { ...process.env, ...program.env } })
  const version = /\bv=(\S+)/.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`${program.command} does not tell its version: ${stdout}`)
  if (Number.parseInt(version, 10) < 7) throw new Error(`${program.command} is ${version}, too old`)
  return { ...program, args: [], version }
}
