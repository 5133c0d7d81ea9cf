import type { BusCapabilities, StoreCapabilities } from '@sync/core/adapter'

const BUS: { readonly [K in keyof BusCapabilities]?: readonly unknown[] } = {
  delivery: ['at-most-once', 'at-least-once'],
  replay: ['none', 'retained', 'from-offset'],
  ordering: ['none', 'per-publisher', 'per-key', 'per-section'],
  durability: ['sent', 'server', 'replicated', 'synced'],
  whenDown: ['wait', 'reject'],
  live: ['at-once', 'eventually'],
  echo: [true, false],
}

/** An address and an omitted change have to fit into a frame. */
const LEAST_PAYLOAD = 1_024

/** What is wrong with a bus's declared capabilities: values that do not exist, and sets that contradict themselves. */
export function busContradictions(capabilities: BusCapabilities): string[] {
  const { delivery, replay, durability, maxPayloadBytes } = capabilities
  const wrong = unknownValues(capabilities, BUS)
  if (!(Number.isSafeInteger(maxPayloadBytes) && maxPayloadBytes >= LEAST_PAYLOAD))
    wrong.push(`maxPayloadBytes: ${String(maxPayloadBytes)} is no whole number from ${LEAST_PAYLOAD} on`)
  if (replay === 'from-offset' && delivery === 'at-most-once')
    wrong.push("replay 'from-offset' with delivery 'at-most-once': what can be read again is delivered at least once")
  if (durability === 'sent' && delivery === 'at-least-once')
    wrong.push("durability 'sent' with delivery 'at-least-once': what nobody has acknowledged may be delivered never")
  if (durability === 'sent' && replay !== 'none')
    wrong.push(`durability 'sent' with replay '${replay}': what nobody has acknowledged cannot be asked for`)
  return wrong
}

const STORE: { readonly [K in keyof StoreCapabilities]?: readonly unknown[] } = {
  durability: ['none', 'process', 'server', 'replicated', 'synced'],
}

/** What is wrong with a store's declared capabilities. */
export function storeContradictions(capabilities: StoreCapabilities): string[] {
  const { ttl, maxCommitBytes } = capabilities
  const wrong = unknownValues(capabilities, STORE)
  if (!(Number.isSafeInteger(maxCommitBytes) && maxCommitBytes >= LEAST_PAYLOAD))
    wrong.push(`maxCommitBytes: ${String(maxCommitBytes)} is no whole number from ${LEAST_PAYLOAD} on`)
  if (ttl !== false && !(ttl?.granularityMs > 0))
    wrong.push(`ttl: ${JSON.stringify(ttl)} is neither false nor a granularity in ms`)
  return wrong
}

function unknownValues<T extends object>(given: T, known: { readonly [K in keyof T]?: readonly unknown[] }): string[] {
  return Object.entries(known).flatMap(([name, values]) => {
    const value = (given as Record<string, unknown>)[name]
    return (values as readonly unknown[]).includes(value) ? [] : [`${name}: ${JSON.stringify(value)} is not known`]
  })
}
