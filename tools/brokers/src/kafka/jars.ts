import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PinnedJar } from '../install/maven.ts'

/** Returns the path of a Kafka version's jar list. Its lines have the form `sha256  group:artifact:version`. */
export function jarListFile(version: string): string {
  return join(import.meta.dirname, `jars/${version}.sha256`)
}

/** Returns the jars of a Kafka version, including their runtime dependencies. */
export async function readJars(version: string): Promise<PinnedJar[]> {
  const text = await readFile(jarListFile(version), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [sha256 = '', coordinates = ''] = line.split(/\s+/)
      const [group = '', artifact = '', jarVersion = ''] = coordinates.split(':')
      return { group, artifact, version: jarVersion, sha256 }
    })
}
