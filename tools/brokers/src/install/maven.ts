import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached } from './cache.ts'

const run = promisify(execFile)

/** Coordinates of a jar in Maven Central. */
export interface Jar {
  readonly group: string
  readonly artifact: string
  readonly version: string
}

/** A jar with its expected checksum. */
export interface PinnedJar extends Jar {
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string
}

const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/**
 * Returns a folder of the cache that contains exactly these jars.
 * @throws Error if Maven is not installed or a jar has a different checksum
 */
export function fetchJars(name: string, jars: readonly PinnedJar[]): Promise<string> {
  return cached(`maven-${name}`, async (into) => {
    const folder = join(into, 'jars')
    await copyJars(into, { jars, excludeDependencies: true, folder })
    for (const jar of jars) {
      const file = jarFileName(jar)
      const sum = await sha256(join(folder, file))
      if (sum !== jar.sha256) throw new Error(`${file}: expected SHA-256 ${jar.sha256}, got ${sum}`)
      await rename(join(folder, file), join(into, file))
    }
    await rm(folder, { recursive: true })
  })
}

/** Options of `copyJars`. */
export interface CopyJarsOptions {
  readonly jars: readonly Jar[]
  /** Whether to copy only these jars, without their dependencies. */
  readonly excludeDependencies: boolean
  readonly folder: string
  /** `repository` creates folders named after group, artifact and version. @default 'flat' */
  readonly layout?: 'flat' | 'repository'
}

/** Runs Maven to copy jars into a folder. The temporary project file is written to the folder `project`. */
export async function copyJars(
  project: string,
  { jars, excludeDependencies, folder, layout = 'flat' }: CopyJarsOptions,
): Promise<void> {
  const pom = join(project, 'pom.xml')
  await writeFile(pom, buildPom(jars, excludeDependencies ? EXCLUDE_ALL : ''))
  const settings = {
    includeScope: 'runtime',
    outputDirectory: folder,
    'mdep.useRepositoryLayout': layout === 'repository',
  }
  const defines = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)
  await run('mvn', ['-q', '-B', '-f', pom, COPY_GOAL, ...defines])
  await rm(pom)
}

const EXCLUDE_ALL = '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'

function buildPom(jars: readonly Jar[], exclusions: string): string {
  const dependencies = jars.map(
    ({ group, artifact, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${exclusions}</dependency>`,
  )
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>brokers</groupId><artifactId>jars</artifactId><version>1</version>
  <dependencies>${dependencies.join('\n')}</dependencies>
</project>`
}

/** Returns a jar's file name in the flat layout. */
function jarFileName({ artifact, version }: Jar): string {
  return `${artifact}-${version}.jar`
}

/** Returns a file's SHA-256, in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}
