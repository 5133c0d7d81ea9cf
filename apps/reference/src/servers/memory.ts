import { ConfigError, registerScheme } from '@sync/config'
import { createMemoryHub, type MemoryHub, memoryBus, memoryStore } from '@sync/core'
import type { Server } from './server.ts'

/** Maximum number of commits that a crash can undo. */
const MAX_LOST_COMMITS = 2_000
const MAX_DELAY_MS = 60_000

/** Hubs by name, for the life of the process. Equal URLs share data, as they do with a server. */
const hubs = new Map<string, MemoryHub>()

function hubOf(url: URL): MemoryHub {
  const name = `${url.host}${url.pathname}`
  const hub = hubs.get(name) ?? createMemoryHub({ maxUndoCommits: MAX_LOST_COMMITS })
  hubs.set(name, hub)
  return hub
}

/** Registers `memory:NAME` as a server in this process's memory that supports faults. A bus accepts `?delay=` in ms. */
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
        throw new ConfigError(
          `memory: expected delay to be a number from 0 to ${MAX_DELAY_MS}, got '${url.searchParams.get('delay')}'`,
        )
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
    const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'no parameter'
    throw new ConfigError(`memory: expected ${expected}, got '${name}'`)
  }
}

/** Returns the memory behind a URL as a server with one store and one bus. */
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
