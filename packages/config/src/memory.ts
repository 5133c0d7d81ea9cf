import { createMemoryHub, type MemoryHub, memoryBus, memoryStore } from '@sync/core'
import type { SchemeAdapter } from './adapter.ts'
import { ConfigError } from './errors.ts'

/** Hubs by name, for the life of the process. Equal URLs share their data, as they do on a server. */
const hubs = new Map<string, MemoryHub>()

function hubFor(url: URL): MemoryHub {
  const name = `${url.host}${url.pathname}`
  const hub = hubs.get(name) ?? createMemoryHub()
  hubs.set(name, hub)
  return hub
}

const FAULT_PARAMETERS = ['drop', 'repeat', 'reorder'] as const

/**
 * Adapter of `memory:NAME` URLs. A bus accepts the parameters `drop`, `repeat` and `reorder` (probabilities from 0 to 1) and `delay`
 * (milliseconds, at most 60,000). They apply to every bus of the hub.
 */
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
    const expected = known.length > 0 ? `one of ${known.join(', ')}` : 'none'
    throw new ConfigError(`unknown parameter ${JSON.stringify(name)} of a ${url.protocol} URL; expected ${expected}`)
  }
}

function parseNumber(url: URL, name: string, max: number): number {
  const text = url.searchParams.get(name) ?? ''
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= 0 && value <= max) return value
  throw new ConfigError(`${name}: expected a number from 0 to ${max}, got ${JSON.stringify(text)}`)
}
