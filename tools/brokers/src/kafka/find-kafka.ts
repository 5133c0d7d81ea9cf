import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findFirst, type Source } from '../availability.ts'
import { describeImage, requireDocker } from '../install/docker.ts'
import { findJava } from '../install/java.ts'
import { fetchJars } from '../install/maven.ts'
import type { Program } from '../process/program.ts'
import { readJars } from './jars.ts'

/** `newest`: 4.3.1, or the Kafka of `KAFKA_HOME`. `oldest`: 3.3.2, the first whose KRaft mode was meant for production. */
export type KafkaRelease = 'newest' | 'oldest'

const VERSIONS: Readonly<Record<KafkaRelease, string>> = { newest: '4.3.1', oldest: '3.3.2' }

const cachedPrograms = new Map<KafkaRelease, Promise<Program>>()

/** The URL of a broker that somebody else runs: `SYNC_TEST_KAFKA_URL`. It counts as the newest. */
export function externalKafkaUrl(release: KafkaRelease): string | undefined {
  return release === 'newest' ? process.env['SYNC_TEST_KAFKA_URL'] || undefined : undefined
}

/** Java with Kafka's jars; the arguments go on with a main class. Throws an `UnavailableError`. */
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
    if (jar === undefined || version === undefined) throw new Error(`there is no Kafka in ${folder}`)
    return javaProgram({ folder: join(folder, dirname(jar)), version, source: `KAFKA_HOME, ${folder}` })
  },
}

function maven(release: KafkaRelease): Source<Program> {
  const version = VERSIONS[release]
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
    const version = '4.1.0'
    const image = `apache/kafka:${version}`
    const args = [...JVM_ARGS, '-cp', '/opt/kafka/libs/*']
    return { command: '/opt/java/openjdk/bin/java', args, env: {}, version, source: describeImage(image), image }
  },
}

/** A small heap and little compiling: a broker of a test lives for seconds. */
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
