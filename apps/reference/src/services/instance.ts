import { setTimeout as setTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { openBus, openStore } from '@sync/config'
import { type ChangeBus, type Collection, createSync, type Fanout, fanout, type Sync } from '@sync/core'
import type { Document } from 'feed'
import { type DisturbedBus, disturbed } from './disturbed-bus.ts'
import { type Forecast, openForecast } from './forecast/forecast.ts'
import { unitsPlace } from './forecast/units.ts'
import { errorsIn, sentence } from './happened.ts'
import type { Handlers, Mark, Progress } from './orders.ts'
import { outages, place } from './outages.ts'
import type { Report, ServiceSpec, Status } from './service.ts'

/** One instance with the outages in its memory, as a service asks for it. */
export interface Instance {
  readonly sync: Sync
  readonly outages: Collection<Document>
  readonly units: Forecast['units']
  /** The orders that every instance knows. */
  readonly handlers: Handlers
  /** Something went wrong that the instance itself does not tell. */
  failed(): void
  close(): Promise<void>
}

/** How soon an instance notices a silence that should not be: short, so that the page shows it while one looks. */
const CHECK_INTERVAL = '1s'
const STATUS_MS = 200
const LOOK_MS = 10
const WITHHELD_MS = 5_000

/** Opens an instance, waits until it holds the outages, and tells how it is doing from then on. */
export async function openInstance(
  { store, bus, name }: Pick<ServiceSpec, 'store' | 'bus' | 'name'>,
  tell: (report: Report) => void,
  options: { readonly signal: AbortSignal; readonly documentUnits?: () => number },
): Promise<Instance> {
  const stored = await openStore(store)
  const first = await openBus(bus).catch(async (error: unknown) => {
    await stored.close()
    throw error
  })
  // what is alone in it today can be joined by another bus, and leave it
  const joined = fanout(first)
  const between = disturbed(joined)
  const sync = createSync({ store: stored, bus: between, checkInterval: CHECK_INTERVAL })
  let errors = 0
  sync.onEvent((event) => {
    errors += errorsIn(event)
    tell({ happened: sentence(event), at: event.at })
  })
  const collection = sync.collection(outages, place)
  let forecast: Forecast
  try {
    await collection.ready({ signal: options.signal })
    forecast = await openForecast(sync, { instance: name, tell, signal: options.signal })
  } catch (error) {
    await sync.close({ deadline: 1 })
    throw error
  }
  const end = new AbortController()
  const tellStatus = (): void =>
    tell({ status: { ...statusOf(sync), errors, documentUnits: options.documentUnits?.() ?? 0 } })
  tellStatus()
  const timer = setInterval(tellStatus, STATUS_MS)
  return {
    sync,
    outages: collection,
    units: forecast.units,
    handlers: {
      ...forecast.handlers,
      ...withholding(between),
      ...busHandlers(joined, new Map([[bus, first]])),
      disturb(disturbance) {
        between.disturb(disturbance)
        return null
      },
      async check() {
        await sync.check()
        return null
      },
      where: () => progressOf(sync),
      caughtUp: (mark) => caughtUp(sync, mark, end.signal),
    },
    failed() {
      errors++
    },
    async close() {
      end.abort(new Error(`${name} is closed`))
      clearInterval(timer)
      await forecast.close()
      await sync.close({ deadline: '2s' })
    },
  }
}

const progressOf = (sync: Sync): Progress => {
  const { epoch = '', sequence = 0 } =
    sync
      .health()
      .sections.find(({ section, partition }) => section === place.section && partition === place.partition) ?? {}
  return { epoch, sequence }
}

function statusOf(sync: Sync): Omit<Status, 'errors' | 'documentUnits'> {
  const { state, staleForMs } = sync.health()
  return { state, staleForMs, ...progressOf(sync), stats: sync.stats() }
}

/** It is not asked to look for what it missed: how long it takes to find out by itself is what is to be known. */
async function caughtUp(sync: Sync, { since, at }: Mark, signal: AbortSignal): Promise<{ at: number }> {
  for (;;) {
    const { state, staleForMs } = sync.health()
    const { epoch, sequence } = progressOf(sync)
    const now = Date.now()
    const there = at !== undefined && epoch === at.epoch && sequence >= at.sequence
    if (there || (state === 'live' && now - staleForMs >= since)) return { at: now }
    await setTimeout(LOOK_MS, undefined, { signal })
  }
}

/** Two who write before either has heard of the other: the only way to be sure that they write at once. */
function withholding(bus: DisturbedBus): Handlers {
  let handOver: (() => void) | undefined
  let late: NodeJS.Timeout | undefined
  const end = (): null => {
    clearTimeout(late)
    handOver?.()
    handOver = undefined
    return null
  }
  return {
    withholdUnits() {
      end()
      handOver = bus.withhold(unitsPlace)
      late = setTimer(end, WITHHELD_MS).unref()
      return null
    },
    handOverUnits: end,
  }
}

function busHandlers(joined: Fanout, buses: Map<string, ChangeBus>): Handlers {
  return {
    async addBus({ url }) {
      if (buses.has(url)) return null
      const bus = await openBus(url)
      buses.set(url, bus)
      try {
        await joined.add(bus)
      } catch (error) {
        buses.delete(url)
        await bus.close()
        throw error
      }
      return null
    },
    async removeBus({ url }) {
      const bus = buses.get(url)
      if (!bus) return null
      // one that is still on its way in is not waited for any more
      await joined.remove(bus)
      buses.delete(url)
      return null
    },
  }
}
