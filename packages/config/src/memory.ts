import { createMemoryHub, type MemoryHub, memoryBus, memoryStore } from '@sync/core'
import type { SchemeAdapter } from './adapter.ts'
import { ConfigError } from './errors.ts'

/** One hub per name, for the life of the process: equal URLs mean the same data, as they do with a server. */
const hubs = new Map<string, MemoryHub>()

function hubOf(url: URL): MemoryHub {
  const name = `${url.host}${url.pathname}`
  const hub = hubs.get(name) ?? createMemoryHub()
  hubs.set(name, hub)
  return hub
}

const CHANCES = ['drop', 'repeat', 'reorder'] as const

/** `memory:NAME`; the bus takes `drop`, `repeat`, `reorder` (probabilities) and `delay` (ms), which hold for the whole hub. */
export const adapter: SchemeAdapter = {
  store(url) {
    refuseOthers(url, [])
    return memoryStore(hubOf(url))
  },
  bus(url) {
    refuseOthers(url, [...CHANCES, 'delay'])
    const { bus } = hubOf(url)
    const chances = Object.fromEntries(
      CHANCES.flatMap((name) => (url.searchParams.has(name) ? [[name, numberOf(url, name, 1)]] : [])),
    )
    if (Object.keys(chances).length > 0) bus.chance(chances)
    if (url.searchParams.has('delay')) bus.delay(numberOf(url, 'delay', 60_000))
    return memoryBus(hubOf(url))
  },
}

function refuseOthers(url: URL, known: readonly string[]): void {
  for (const name of url.searchParams.keys()) {
    if (known.includes(name)) continue
    const may = known.length > 0 ? `it takes ${known.join(', ')}` : 'it takes none'
    throw new ConfigError(`${url.protocol} has no parameter "${name}" here: ${may}`)
  }
}

function numberOf(url: URL, name: string, most: number): number {
  const text = url.searchParams.get(name) ?? ''
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= 0 && value <= most) return value
  throw new ConfigError(`${name}: a number from 0 to ${most} is needed, not "${text}"`)
}
