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

/** Minimum payload limit: an address and a change without its patch must fit into a frame. */
const MIN_PAYLOAD_BYTES = 1_024

/** Returns the problems of a bus's declared capabilities: unknown values and contradictions. */
export function validateBusCapabilities(capabilities: BusCapabilities): string[] {
  const { delivery, replay, durability, maxPayloadBytes } = capabilities
  const problems = unknownValues(capabilities, BUS_VALUES)
  if (!(Number.isSafeInteger(maxPayloadBytes) && maxPayloadBytes >= MIN_PAYLOAD_BYTES))
    problems.push(
      `maxPayloadBytes: expected an integer of at least ${MIN_PAYLOAD_BYTES}, got ${String(maxPayloadBytes)}`,
    )
  if (replay === 'from-offset' && delivery === 'at-most-once')
    problems.push(
      "replay 'from-offset' with delivery 'at-most-once': a change that can be replayed is delivered at least once",
    )
  if (durability === 'sent' && delivery === 'at-least-once')
    problems.push(
      "durability 'sent' with delivery 'at-least-once': a change without an acknowledgement may never be delivered",
    )
  if (durability === 'sent' && replay !== 'none')
    problems.push(
      `durability 'sent' with replay '${replay}': a change without an acknowledgement may not be replayable`,
    )
  return problems
}

const STORE_VALUES: { readonly [K in keyof StoreCapabilities]?: readonly unknown[] } = {
  durability: ['none', 'process', 'server', 'replicated', 'synced'],
}

/** Returns the problems of a store's declared capabilities. */
export function validateStoreCapabilities(capabilities: StoreCapabilities): string[] {
  const { ttl, maxCommitBytes } = capabilities
  const problems = unknownValues(capabilities, STORE_VALUES)
  if (!(Number.isSafeInteger(maxCommitBytes) && maxCommitBytes >= MIN_PAYLOAD_BYTES))
    problems.push(`maxCommitBytes: expected an integer of at least ${MIN_PAYLOAD_BYTES}, got ${String(maxCommitBytes)}`)
  if (ttl !== false && !(ttl?.granularityMs > 0))
    problems.push(`ttl: expected false or { granularityMs }, got ${JSON.stringify(ttl)}`)
  return problems
}

function unknownValues<T extends object>(
  capabilities: T,
  allowed: { readonly [K in keyof T]?: readonly unknown[] },
): string[] {
  return Object.entries(allowed).flatMap(([name, values]) => {
    const value = (capabilities as Record<string, unknown>)[name]
    const known = values as readonly unknown[]
    return known.includes(value)
      ? []
      : [
          `${name}: expected one of ${known.map((each) => JSON.stringify(each)).join(', ')}, got ${JSON.stringify(value)}`,
        ]
  })
}
