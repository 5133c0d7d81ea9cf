import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached } from '../install/cache.ts'
import { commandLine, type Program } from '../process/program.ts'
import { type Properties, toPropertiesText } from './properties.ts'

const run = promisify(execFile)

/** 16 bytes in base64url. All test brokers may share it: they never meet. */
const CLUSTER_ID = 'c3luYy10ZXN0LWJyb2tlcg'

/** A broker's storage, before its first start. */
export interface StorageOptions {
  readonly program: Program
  readonly nodeId: number
  readonly properties: Properties
  /** Where it goes. */
  readonly folder: string
}

/** Copies a formatted storage from the cache: it holds the ids of cluster and node, no ports, and takes a JVM to make. */
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
