import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand, UsageError } from '@sync/command-line'
import { copyJars, type Jar, sha256 } from './install/maven.ts'
import { jarListFile } from './kafka/jars.ts'

const USAGE = `Usage: node --conditions=@sync/source tools/brokers/src/pin-kafka.ts VERSION

Writes the list of jars of a Kafka version, with their SHA-256 sums.

Examples:
  node --conditions=@sync/source tools/brokers/src/pin-kafka.ts 4.3.1

Exit code: 0 written · 1 failed · 2 invalid command line`

process.exitCode = await runCommand(
  { usage: USAGE, options: {}, words: true, run: ({ words }) => pinKafka(words) },
  process.argv.slice(2),
)

async function pinKafka([version = '', ...more]: readonly string[]): Promise<number> {
  if (!/^\d+(\.\d+)+$/.test(version) || more.length > 0)
    throw new UsageError('expected one VERSION, such as 4.3.1. See --help')
  const roots: readonly Jar[] = [
    { group: 'org.apache.kafka', artifact: 'kafka_2.13', version },
    // Kafka needs a logging backend. This is the SLF4J version that its jars were compiled against.
    { group: 'org.slf4j', artifact: 'slf4j-simple', version: '1.7.36' },
  ]
  const project = await mkdtemp(join(tmpdir(), 'pin-kafka-'))
  try {
    const folder = join(project, 'repository')
    await copyJars(project, { jars: roots, excludeDependencies: false, folder, layout: 'repository' })
    const paths = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.jar')).sort()
    const lines = await Promise.all(
      paths.map(async (path) => `${await sha256(join(folder, path))}  ${coordinatesOf(path)}\n`),
    )
    await writeFile(jarListFile(version), lines.join(''))
    console.log(`${paths.length} jars: ${jarListFile(version)}`)
    return 0
  } finally {
    await rm(project, { recursive: true })
  }
}

/** Converts `org/apache/kafka/kafka_2.13/4.3.1/kafka_2.13-4.3.1.jar` to `org.apache.kafka:kafka_2.13:4.3.1`. */
function coordinatesOf(path: string): string {
  const parts = path.split('/')
  return [parts.slice(0, -3).join('.'), ...parts.slice(-3, -1)].join(':')
}
