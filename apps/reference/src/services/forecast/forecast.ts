import type { Collection, Sync } from '@sync/core'
import type { Handlers } from '../orders.ts'
import type { Report } from '../service.ts'
import { createEditor } from './edits.ts'
import { firstUnits, type Unit, type UnitCopy, units, unitsPlace } from './units.ts'

/** The forecasts' configuration at one instance. */
export interface Forecast {
  readonly units: Collection<Unit>
  readonly handlers: Handlers
  close(): Promise<void>
}

/** Opens the units at an instance, and tells each time that one is another. */
export async function openForecast(
  sync: Sync,
  {
    instance,
    tell,
    signal,
  }: { readonly instance: string; readonly tell: (report: Report) => void; readonly signal: AbortSignal },
): Promise<Forecast> {
  const held = sync.collection(units, unitsPlace)
  await held.ready({ signal })
  const stop = new AbortController()
  const editor = createEditor(sync, held, instance)
  const telling = tellUnits(held, tell, stop.signal)
  return {
    units: held,
    handlers: {
      standing: ({ key, field }) => editor.standing(key, field),
      edit: (edit) => editor.edit(edit),
      tryEdit: (edit) => editor.tryEdit(edit),
    },
    async close() {
      stop.abort()
      await telling
    },
  }
}

/** Makes those units that there are not. */
export async function makeFirstUnits(held: Collection<Unit>): Promise<void> {
  for (const [key, unit] of firstUnits) {
    if ((await held.get(key)) === undefined) await held.create(key, unit, { meta: { actor: 'forecast service' } })
  }
}

async function tellUnits(held: Collection<Unit>, tell: (report: Report) => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of held.changes({ from: 'snapshot', signal })) {
      const copies: Record<string, UnitCopy> = {}
      for (const key of firstUnits.keys()) {
        const entry = await held.entry(key)
        if (entry) copies[key] = { value: entry.value, version: entry.version, fieldVersions: entry.fieldVersions }
      }
      tell({ units: copies })
    }
  } catch (error) {
    if (!signal.aborted) tell({ happened: `its stream of units ended: ${(error as Error).message}`, at: Date.now() })
  }
}
