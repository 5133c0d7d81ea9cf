import { ConfigError, registerScheme } from '@sync/config'
import { createMemoryHub, type MemoryHub, memoryBus, memoryStore } from '@sync/core'
import type { Server } from './server.ts'

/** How many commits a lost tail can take back. */
const MAX_LOST_COMMITS = 2_000
const MAX_DELAY_MS = 60_000

/** One hub per name, for the life of the process: equal URLs mean the same data, as they do with a server. */
const hubs = new Map<string, MemoryHub>()

function hubOf(url: URL): MemoryHub {
  const name = `${url.host}${url.pathname}`
  const hub = hubs.get(name) ?? createMemoryHub({ maxUndoCommits: MAX_LOST_COMMITS })
  hubs.set(name, hub)
  return hub
}

/** From now on `memory:NAME` is a server in this process's memory that can be harmed. A bus takes `?delay=` in ms. */
export function registerMemory(): void {
  registerScheme('memory', async () => ({
    store(url) {
      rejectUnknownParameters(url, [])
      return memoryStore(hubOf(url))
    },
    bus(url) {
      rejectUnknownParameters(url, ['delay'])
      const delay = Number(url.searchParams.get('delay') ?? 0)
      if (!(delay >= 0 && delay <= MAX_DELAY_MS)) {
        throw new ConfigError(`delay: a number from 0 to ${MAX_DELAY_MS} is needed`)
      }
      const hub = hubOf(url)
      hub.bus.delay(delay)
      return memoryBus(hub)
    },
  }))
}

function rejectUnknownParameters(url: URL, known: readonly string[]): void {
  for (const name of url.searchParams.keys()) {
    if (known.includes(name)) continue
    const may = known.length > 0 ? `it takes ${known.join(', ')}` : 'it takes none'
    throw new ConfigError(`memory: has no parameter "${name}" here: ${may}`)
  }
}

/** The memory that a URL means, as a server: it has one store and one bus. */
export function memoryServer(name: string, url: string): Server {
  const hub = hubOf(new URL(url))
  const restore = (): void => {
    hub.store.makeAvailable()
    hub.bus.makeAvailable()
  }
  return {
    name,
    stores: [{ name, url }],
    buses: [{ name, url }],
    async kill() {
      hub.store.makeUnavailable()
      hub.bus.makeUnavailable()
    },
    async restart() {
      hub.store.restart()
      restore()
    },
    loseTail: async (writes) => `${hub.store.loseTail(Math.min(writes, MAX_LOST_COMMITS))} commits`,
    async [Symbol.asyncDispose]() {
      restore()
    },
  }
}
