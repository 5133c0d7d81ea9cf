import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findFirst, type Source } from '../availability.ts'
import { describeImage, requireDocker } from '../install/docker.ts'
import { findJava } from '../install/java.ts'
import { fetchJars } from '../install/maven.ts'
import type { Program } from '../process/program.ts'
import { IMAGES, VERSIONS } from '../versions.ts'
import { readJars } from './jars.ts'

/** `newest` is 4.3.1, or the Kafka in `KAFKA_HOME`. `oldest` is 3.3.2: KRaft mode is production-ready since 3.3. */
export type KafkaRelease = 'newest' | 'oldest'

const RELEASES: Readonly<Record<KafkaRelease, string>> = { newest: VERSIONS.kafka, oldest: VERSIONS['kafka-oldest'] }

const cachedPrograms = new Map<KafkaRelease, Promise<Program>>()

/** Returns the URL of an externally run broker, from `SYNC_TEST_KAFKA_URL`. It is used as the newest release. */
export function externalKafkaUrl(release: KafkaRelease): string | undefined {
  return release === 'newest' ? process.env['SYNC_TEST_KAFKA_URL'] || undefined : undefined
}

/**
 * Finds Java with Kafka's jars. Each start must append a main class to the arguments.
 * @throws UnavailableError if no source has it
 */
export function findKafka(release: KafkaRelease): Promise<Program> {
  const sources = release === 'newest' ? [home, maven(release), docker] : [maven(release)]
  const known = cachedPrograms.get(release) ?? findFirst(`kafka (${release})`, sources)
  cachedPrograms.set(release, known)
  return known
}

const home: Source<Program> = {
  name: 'KAFKA_HOME',
  async find() {
    const folder = process.env['KAFKA_HOME']
    if (!folder) return undefined
    const [jar] = globSync('libs/kafka_2.13-[0-9]*.jar', { cwd: folder })
    const version = /kafka_2\.13-(\d[\d.]*)\.jar$/.exec(jar ?? '')?.[1]
    if (jar === undefined || version === undefined)
      throw new Error(`${folder}: expected libs/kafka_2.13-*.jar, got no match`)
    return javaProgram({ folder: join(folder, dirname(jar)), version, source: `KAFKA_HOME, ${folder}` })
  },
}

function maven(release: KafkaRelease): Source<Program> {
  const version = RELEASES[release]
  return {
    name: 'Maven',
    async find() {
      const folder = await fetchJars(`kafka-${version}`, await readJars(version))
      return javaProgram({ folder, version, source: `jars from Maven in ${folder}` })
    },
  }
}

const docker: Source<Program> = {
  name: 'Docker',
  async find() {
    await requireDocker()
    const version = VERSIONS.kafka
    const image = IMAGES.kafka
    const args = [...JVM_ARGS, '-cp', '/opt/kafka/libs/*']
    return { command: '/opt/java/openjdk/bin/java', args, env: {}, version, source: describeImage(image), image }
  },
}

/** A small heap and little JIT compilation, because a test's broker runs only for seconds. */
const JVM_ARGS = [
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]

interface JarSource {
  readonly folder: string
  readonly version: string
  readonly source: string
}

async function javaProgram({ folder, version, source }: JarSource): Promise<Program> {
  const { command, env } = await findJava()
  return { command, args: [...JVM_ARGS, '-cp', join(folder, '*')], env, version, source }
}
