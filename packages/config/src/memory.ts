import { createMemoryHub, type MemoryHub, memoryBus, memoryStore } from '@sync/core'
import type { SchemeAdapter } from './adapter.ts'
import { ConfigError } from './errors.ts'

/** One hub per name, for the life of the process: equal URLs mean the same data, as they do with a server. */
const hubs = new Map<string, MemoryHub>()

function hubFor(url: URL): MemoryHub {
  const name = `${url.host}${url.pathname}`
  const hub = hubs.get(name) ?? createMemoryHub()
  hubs.set(name, hub)
  return hub
}

const FAULT_PARAMETERS = ['drop', 'repeat', 'reorder'] as const

/** `memory:NAME`; the bus takes `drop`, `repeat`, `reorder` (probabilities) and `delay` (ms), which hold for the whole hub. */
export const adapter: SchemeAdapter = {
  store(url) {
    rejectUnknownParameters(url, [])
    return memoryStore(hubFor(url))
  },
  bus(url) {
    rejectUnknownParameters(url, [...FAULT_PARAMETERS, 'delay'])
    const { bus } = hubFor(url)
    const faultRates = Object.fromEntries(
      FAULT_PARAMETERS.flatMap((name) => (url.searchParams.has(name) ? [[name, parseNumber(url, name, 1)]] : [])),
    )
    if (Object.keys(faultRates).length > 0) bus.setFaultRates(faultRates)
    if (url.searchParams.has('delay')) bus.delay(parseNumber(url, 'delay', 60_000))
    return memoryBus(hubFor(url))
  },
}

function rejectUnknownParameters(url: URL, known: readonly string[]): void {
  for (const name of url.searchParams.keys()) {
    if (known.includes(name)) continue
    const hint = known.length > 0 ? `it takes ${known.join(', ')}` : 'it takes none'
    throw new ConfigError(`${url.protocol} has no parameter "${name}" here: ${hint}`)
  }
}

function parseNumber(url: URL, name: string, max: number): number {
  const text = url.searchParams.get(name) ?? ''
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= 0 && value <= max) return value
  throw new ConfigError(`${name}: a number from 0 to ${max} is needed, not "${text}"`)
}
