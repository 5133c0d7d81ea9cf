import type { SectionProgress, SyncInstance } from '@sync/core'
import type { LogLine } from './event-log.ts'
import type { AdminInstance, CheckedOptions, InspectedCollection } from './options.ts'

/** One instance, as the page shows it. */
export interface InstanceState {
  readonly name: string
  readonly id: string
  readonly state: ReturnType<SyncInstance['health']>['state']
  /** Time since all cached documents were last known to be current, in ms; `null` after `close()`. */
  readonly staleForMs: number | null
  readonly stats: ReturnType<SyncInstance['stats']>
  readonly sections: readonly SectionProgress[]
  /** Sections whose documents can be inspected. */
  readonly inspectable: readonly { readonly partition: string; readonly section: string }[]
}

/** One point of the charts. */
export interface Point {
  /** Time in ms since 1970. */
  readonly at: number
  /** Changes per second of all instances: own commits and applied changes. */
  readonly rate: number
  /** Commits that the instance furthest behind has not received. */
  readonly behind: number
  /** Propagation time of the slowest instance, 95th percentile, in ms. */
  readonly p95: number
}

/** Everything that the page shows at one moment. */
export interface AdminState {
  readonly at: number
  readonly instances: readonly InstanceState[]
  readonly events: readonly LogLine[]
  readonly points: readonly Point[]
  /** Whether the page offers actions. */
  readonly hasActions: boolean
  readonly showsValues: boolean
}

/** Returns an instance's collections. */
export const collectionsOf = ({ collections = [] }: AdminInstance): readonly InspectedCollection[] =>
  typeof collections === 'function' ? collections() : collections

/** Reads the state of all instances. */
export const readInstances = (instances: CheckedOptions['instances']): readonly InstanceState[] =>
  Object.entries(instances).map(([name, each]) => {
    const { state, staleForMs, sections } = each.sync.health()
    return {
      name,
      id: each.sync.id,
      state,
      staleForMs: Number.isFinite(staleForMs) ? staleForMs : null,
      stats: each.sync.stats(),
      sections,
      inspectable: collectionsOf(each).map(({ ref: { partition, section } }) => ({ partition, section })),
    }
  })

const MAX_POINTS = 300

/** Chart points of the last five minutes, one per second. */
export class History {
  #points: readonly Point[] = []
  #last: { readonly at: number; readonly operations: number } | undefined

  /** Adds a point. `now` is in ms since 1970. */
  add(instances: readonly InstanceState[], now: number): void {
    const operations = instances.reduce((sum, { stats }) => sum + stats.commits + stats.changes, 0)
    const last = this.#last
    this.#last = { at: now, operations }
    if (!last || now <= last.at) return
    const max = (of: (each: InstanceState) => number): number => Math.max(0, ...instances.map(of))
    const point = {
      at: now,
      rate: Math.max(0, operations - last.operations) / ((now - last.at) / 1_000),
      behind: max(({ sections }) => sections.reduce((sum, { behind }) => sum + behind, 0)),
      p95: max(({ stats }) => stats.propagation.p95),
    }
    this.#points = [...this.#points, point].slice(-MAX_POINTS)
  }

  get points(): readonly Point[] {
    return this.#points
  }
}
