import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached } from '../install/cache.ts'
import { commandLine, type Program } from '../process/program.ts'
import { type Properties, toPropertiesText } from './properties.ts'

const run = promisify(execFile)

/** 16 bytes in base64url. All test clusters can share it, because they never connect to each other. */
const CLUSTER_ID = 'c3luYy10ZXN0LWJyb2tlcg'

/** Options of `formatStorage`. */
export interface StorageOptions {
  readonly program: Program
  readonly nodeId: number
  readonly properties: Properties
  /** Target folder. */
  readonly folder: string
}

/**
 * Copies formatted storage for a broker from the cache. Formatting takes a JVM start, and its result depends only on the cluster
 * id and the node id, not on ports.
 */
export async function formatStorage({ program, nodeId, properties, folder }: StorageOptions): Promise<void> {
  const formatted = await cached(`kafka-${program.version}-storage-${nodeId}`, async (into) => {
    const file = join(into, 'server.properties')
    await writeFile(file, toPropertiesText({ ...properties, 'log.dirs': join(into, 'data') }))
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file]
    const container = `sync-brokers-${randomUUID()}`
    const [command, ...args] = commandLine({ program, args: format, folder: into, container })
    await run(command, args, { env: { ...process.env, ...program.env } })
  })
  await cp(join(formatted, 'data'), folder, { recursive: true })
}
