import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from '../install/cache.ts'
import { retryOnPortConflict } from '../process/free-ports.ts'
import type { Program } from '../process/program.ts'
import { addressOf, freePorts, startKafkaBroker } from './broker.ts'
import { probeTopic } from './probe.ts'

/**
 * Has Java map the classes that a broker needs from an archive, in place of loading and checking each: half of the work of a
 * start. The archive is written at the end of a first broker, once, into the cache. A Java that it does not fit goes without.
 */
export async function withClassArchive(program: Program): Promise<Program> {
  // Java in a container has no place to leave it.
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
