import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { UsageError } from '@sync/command-line'
import { ConfigError } from '@sync/config'
import { bundledFeed, feedCommand } from 'feed'
import { type Options, parseOptions, usage } from './options.ts'
import { createPageServer } from './server.ts'
import { openCatalogue } from './servers/catalogue.ts'
import { openSystem } from './system.ts'

const EXIT = { stopped: 0, failed: 1, usage: 2 } as const
const REPLICAS = 3
const RATE = 200

const args = process.argv.slice(2)
const headless = args.includes('--headless')
process.exitCode = headless
  ? await feedCommand(
      args.filter((arg) => arg !== '--headless'),
      process.env,
    )
  : await main()

async function main(): Promise<number> {
  try {
    const options = parseOptions(args, process.env)
    if (options === 'help') console.log(usage)
    else await run(options)
    return EXIT.stopped
  } catch (error) {
    if (error instanceof UsageError || error instanceof ConfigError) {
      console.error(error.message)
      return EXIT.usage
    }
    console.error(error instanceof TypeError || !(error instanceof Error) ? error : error.message)
    return EXIT.failed
  }
}

/** Runs the app until a signal stops it. */
async function run({ port, ...targets }: Options): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const catalogue = await openCatalogue(targets)
  try {
    const system = await openSystem({ file: bundledFeed, replicas: REPLICAS, rate: RATE }, catalogue, stop.signal)
    const server = createPageServer(system)
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening', { signal: stop.signal })
      console.log(`Open http://127.0.0.1:${(server.address() as AddressInfo).port} (Ctrl+C to stop)`)
      if (!stop.signal.aborted) await once(stop.signal, 'abort')
    } finally {
      server.closeAllConnections()
      server.close()
      await system.close()
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    await catalogue[Symbol.asyncDispose]()
  }
}
