import type { Collection, SyncInstance } from '@sync/core'
import type { Handlers } from '../commands.ts'
import type { Report } from '../service.ts'
import { createEditor } from './edits.ts'
import { initialUnits, type Unit, type UnitCopy, units, unitsSection } from './units.ts'

/** The units (forecast configuration) on one instance. */
export interface Forecast {
  readonly units: Collection<Unit>
  readonly handlers: Handlers
  close(): Promise<void>
}

/** Opens the units on an instance, and reports them after each change. */
export async function openForecast(
  sync: SyncInstance,
  {
    instance,
    report,
    signal,
  }: { readonly instance: string; readonly report: (report: Report) => void; readonly signal: AbortSignal },
): Promise<Forecast> {
  const collection = sync.collection(units, unitsSection)
  await collection.ready({ signal })
  const stop = new AbortController()
  const editor = createEditor(sync, collection, instance)
  const reporting = reportUnits(collection, report, stop.signal)
  return {
    units: collection,
    handlers: {
      fieldState: ({ key, field }) => editor.fieldState(key, field),
      edit: (edit) => editor.edit(edit),
      compareAndSet: (edit) => editor.compareAndSet(edit),
    },
    async close() {
      stop.abort()
      await reporting
    },
  }
}

/** Creates the units that do not exist yet. */
export async function createInitialUnits(collection: Collection<Unit>): Promise<void> {
  for (const [key, unit] of initialUnits) {
    if ((await collection.get(key)) === undefined)
      await collection.create(key, unit, { meta: { actor: 'forecast service' } })
  }
}

async function reportUnits(
  collection: Collection<Unit>,
  report: (report: Report) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const _ of collection.changes({ from: 'snapshot', signal })) {
      const copies: Record<string, UnitCopy> = {}
      for (const key of initialUnits.keys()) {
        const entry = await collection.getEntry(key)
        if (entry) copies[key] = { value: entry.value, version: entry.version, fieldVersions: entry.fieldVersions }
      }
      report({ units: copies })
    }
  } catch (error) {
    if (!signal.aborted)
      report({ event: `the change stream of the units ended: ${(error as Error).message}`, at: Date.now() })
  }
}
