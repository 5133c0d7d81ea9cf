import type { BusCapabilities, StoreCapabilities } from '@sync/core/adapter'

const BUS_VALUES: { readonly [K in keyof BusCapabilities]?: readonly unknown[] } = {
  delivery: ['at-most-once', 'at-least-once'],
  replay: ['none', 'retained', 'from-offset'],
  ordering: ['none', 'per-publisher', 'per-key', 'per-section'],
  durability: ['sent', 'server', 'replicated', 'synced'],
  whenDown: ['wait', 'reject'],
  live: ['at-once', 'eventually'],
  echo: [true, false],
}

/** An address and an omitted change have to fit into a frame. */
const MIN_PAYLOAD_BYTES = 1_024

/** What is wrong with a bus's declared capabilities: values that do not exist, and sets that contradict themselves. */
export function validateBusCapabilities(capabilities: BusCapabilities): string[] {
  const { delivery, replay, durability, maxPayloadBytes } = capabilities
  const problems = unknownValues(capabilities, BUS_VALUES)
  if (!(Number.isSafeInteger(maxPayloadBytes) && maxPayloadBytes >= MIN_PAYLOAD_BYTES))
    problems.push(`maxPayloadBytes: ${String(maxPayloadBytes)} is no whole number from ${MIN_PAYLOAD_BYTES} on`)
  if (replay === 'from-offset' && delivery === 'at-most-once')
    problems.push(
      "replay 'from-offset' with delivery 'at-most-once': what can be read again is delivered at least once",
    )
  if (durability === 'sent' && delivery === 'at-least-once')
    problems.push(
      "durability 'sent' with delivery 'at-least-once': what nobody has acknowledged may be delivered never",
    )
  if (durability === 'sent' && replay !== 'none')
    problems.push(`durability 'sent' with replay '${replay}': what nobody has acknowledged cannot be asked for`)
  return problems
}

const STORE_VALUES: { readonly [K in keyof StoreCapabilities]?: readonly unknown[] } = {
  durability: ['none', 'process', 'server', 'replicated', 'synced'],
}

/** What is wrong with a store's declared capabilities. */
export function validateStoreCapabilities(capabilities: StoreCapabilities): string[] {
  const { ttl, maxCommitBytes } = capabilities
  const problems = unknownValues(capabilities, STORE_VALUES)
  if (!(Number.isSafeInteger(maxCommitBytes) && maxCommitBytes >= MIN_PAYLOAD_BYTES))
    problems.push(`maxCommitBytes: ${String(maxCommitBytes)} is no whole number from ${MIN_PAYLOAD_BYTES} on`)
  if (ttl !== false && !(ttl?.granularityMs > 0))
    problems.push(`ttl: ${JSON.stringify(ttl)} is neither false nor a granularity in ms`)
  return problems
}

function unknownValues<T extends object>(
  capabilities: T,
  allowed: { readonly [K in keyof T]?: readonly unknown[] },
): string[] {
  return Object.entries(allowed).flatMap(([name, values]) => {
    const value = (capabilities as Record<string, unknown>)[name]
    return (values as readonly unknown[]).includes(value) ? [] : [`${name}: ${JSON.stringify(value)} is not known`]
  })
}
