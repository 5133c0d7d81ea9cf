import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findFirst } from '../availability.ts'
import { unpackDebian } from './debian.ts'

const run = promisify(execFile)

/** A Java runtime. */
export interface Java {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
}

/** Minimum Java version of Kafka 4. */
const MIN_VERSION = 17

/**
 * Finds Java 17 or newer. Sources, in order: `JAVA_HOME`, the PATH, Debian's packages.
 * @throws UnavailableError if no source has it
 */
export function findJava(): Promise<Java> {
  const home = process.env['JAVA_HOME']
  return findFirst('Java', [
    {
      name: 'JAVA_HOME',
      find: async () => (home ? checkVersion({ command: join(home, 'bin/java'), env: {} }) : undefined),
    },
    { name: 'java on the PATH', find: () => checkVersion({ command: 'java', env: {} }) },
    {
      name: "Debian's packages",
      async find() {
        const { folder, env } = await unpackDebian('default-jre-headless')
        const [command] = globSync('usr/lib/jvm/java-*-openjdk-*/bin/java', { cwd: folder })
        return command === undefined ? undefined : checkVersion({ command: join(folder, command), env })
      },
    },
  ])
}

async function checkVersion(java: Java): Promise<Java> {
  const { stderr } = await run(java.command, ['-version'], { env: { ...process.env, ...java.env } })
  const version = /version "(\d+)/.exec(stderr)?.[1]
  if (!(Number(version) >= MIN_VERSION))
    throw new Error(`${java.command}: expected Java ${MIN_VERSION} or newer, got ${version}`)
  return java
}
