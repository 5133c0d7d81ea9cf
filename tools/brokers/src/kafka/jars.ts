import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PinnedJar } from '../install/maven.ts'

/** Where the list of a version's jars stands: lines of `sha256  group:artifact:version`. */
export function jarListFile(version: string): string {
  return join(import.meta.dirname, `jars/${version}.sha256`)
}

/** The jars of a version of Kafka, with all that they need to run. */
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
