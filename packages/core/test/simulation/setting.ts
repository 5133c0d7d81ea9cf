import { type Definition, defineCollection, type MemoryHubOptions } from '@sync/core'
import type { Dice } from './dice.ts'
import type { Doc } from './document.ts'
import { strategies } from './strategies.ts'
import type { Manner } from './watcher.ts'

/** What a schedule plays with. */
export interface Setting {
  readonly definition: Definition<Doc>
  readonly keys: readonly string[]
  /** Those of each instance. */
  readonly watchers: readonly (readonly Manner[])[]
  readonly hub: MemoryHubOptions
  /** The log may no longer reach what somebody missed. */
  readonly shortLog: boolean
  /** The store may lose what somebody saved the position of. */
  readonly losses: boolean
  readonly latency: Latency
}

/** How long everything takes where nothing is wrong, in ms: what is under way together meets. */
interface Latency {
  /** Of a request and of its reply, at most. */
  readonly store: number
  /** Of a message, at least; and by how much more one may take than another. */
  readonly bus: number
  readonly spread: number
}

/** Draws a setting: how many instances, how they follow, what is kept for how long. */
export function draw({ int, chance, pick }: Dice, { losses }: Pick<Setting, 'losses'>): Setting {
  const follow = chance(0.25) ? 'key' : 'section'
  const replicate = follow === 'section' && chance(0.5) ? 'all' : 'on-read'
  const shortLog = chance(0.3)
  const after = 150 + int(250)
  const ttl = chance(0.7) ? 'never' : { after, sliding: chance(0.5) }
  const definition = defineCollection<Doc>({
    section: 'doc',
    ttl,
    follow,
    replicate,
    merge: strategies,
    ...(chance(0.2) && { batch: { wait: 1 + int(30), writes: 1 + int(5) } }),
    ...(replicate === 'on-read' && chance(0.3) && { memory: { maxDocuments: 1 + int(3) } }),
  })
  const keys = ['k', 'm', 'o', 'q'].slice(0, pick([1, 1, 2, 2, 3, 4]))
  const watchers = Array.from({ length: pick([2, 2, 2, 2, 2, 3, 3, 3, 4, 5, 8]) }, (_, at) => {
    const pause = chance(0.3) ? int(300) : 0
    if (follow === 'section') return [{ combine: at % 2 === 0, pause }]
    return keys.map((key) => ({ combine: true, pause, key }))
  })
  const hub = {
    maxChanges: shortLog ? 1 + int(4) : 10_000,
    lineage: chance(0.2) ? 1 : 8,
    ...(chance(0.2) && { maxAnswers: 2 + int(12) }),
    ...(chance(0.1) && { maxPayloadBytes: 250 + int(300) }),
  }
  const latency = {
    store: chance(0.5) ? 1 + int(30) : 0,
    bus: 0,
    spread: 0,
    ...(chance(0.3) && { bus: int(30), spread: int(20) }),
  }
  return { definition, keys, watchers, hub, shortLog, losses, latency }
}
