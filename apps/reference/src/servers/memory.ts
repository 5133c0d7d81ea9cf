import { ConfigError, registerScheme } from '@sync/config'
import { createMemoryHub, type MemoryHub, memoryBus, memoryStore } from '@sync/core'
import type { Server } from './server.ts'

/** How many commits a lost tail can take back. */
const JOURNAL = 2_000
const MOST_DELAY_MS = 60_000

/** One hub per name, for the life of the process: equal URLs mean the same data, as they do with a server. */
const hubs = new Map<string, MemoryHub>()

function hubOf(url: URL): MemoryHub {
  const name = `${url.host}${url.pathname}`
  const hub = hubs.get(name) ?? createMemoryHub({ journal: JOURNAL })
  hubs.set(name, hub)
  return hub
}

/** From now on `memory:NAME` is a server in this process's memory that can be harmed. A bus takes `?delay=` in ms. */
export function registerMemory(): void {
  registerScheme('memory', async () => ({
    store(url) {
      refuseOthers(url, [])
      return memoryStore(hubOf(url))
    },
    bus(url) {
      refuseOthers(url, ['delay'])
      const delay = Number(url.searchParams.get('delay') ?? 0)
      if (!(delay >= 0 && delay <= MOST_DELAY_MS)) {
        throw new ConfigError(`delay: a number from 0 to ${MOST_DELAY_MS} is needed`)
      }
      const hub = hubOf(url)
      hub.bus.delay(delay)
      return memoryBus(hub)
    },
  }))
}

function refuseOthers(url: URL, known: readonly string[]): void {
  for (const name of url.searchParams.keys()) {
    if (known.includes(name)) continue
    const may = known.length > 0 ? `it takes ${known.join(', ')}` : 'it takes none'
    throw new ConfigError(`memory: has no parameter "${name}" here: ${may}`)
  }
}

/** The memory that a URL means, as a server: it has one store and one bus. */
export function memoryServer(name: string, url: string): Server {
  const hub = hubOf(new URL(url))
  const back = (): void => {
    hub.store.back()
    hub.bus.back()
  }
  return {
    name,
    stores: [{ name, url }],
    buses: [{ name, url }],
    async kill() {
      hub.store.away()
      hub.bus.away()
    },
    async restart() {
      hub.store.restart()
      back()
    },
    loseTail: async (writes) => `${hub.store.loseTail(Math.min(writes, JOURNAL))} commits`,
    async [Symbol.asyncDispose]() {
      back()
    },
  }
}
