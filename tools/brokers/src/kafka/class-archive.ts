import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from '../install/cache.ts'
import { retryOnPortConflict } from '../process/free-ports.ts'
import type { Program } from '../process/program.ts'
import { addressOf, freePorts, startKafkaBroker } from './broker.ts'
import { probeTopic } from './probe.ts'

/**
 * Makes Java map the broker's classes from an archive instead of loading and verifying each of them, which halves the start time.
 * The first call runs one broker, whose JVM writes the archive into the cache when it exits. A JVM that the archive does not
 * match ignores it.
 */
export async function withClassArchive(program: Program): Promise<Program> {
  // A JVM in a container cannot write to the cache.
  if (program.image !== undefined) return program
  const folder = await cached(`kafka-${program.version}-classes`, async (into) => {
    const archiving = withArgument(program, `-XX:ArchiveClassesAtExit=${join(into, ARCHIVE)}`)
    const broker = await retryOnPortConflict(async () => {
      const ports = await freePorts()
      const ready = (): Promise<void> => probeTopic({ addresses: [addressOf(ports)], connection: {} }, 1)
      return startKafkaBroker({ placement: { nodeId: 1, ports: [ports] }, program: archiving, config: {}, ready })
    })
    await broker.stop()
    await broker[Symbol.asyncDispose]()
  })
  const archive = join(folder, ARCHIVE)
  return existsSync(archive) ? withArgument(program, `-XX:SharedArchiveFile=${archive}`) : program
}

const ARCHIVE = 'kafka.jsa'

function withArgument(program: Program, argument: string): Program {
  return { ...program, args: [argument, ...program.args] }
}
