import { setTimeout as setTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { openBus, openStore } from '@sync/config'
import { type ChangeBus, type Collection, createInstance, type Fanout, fanout, type SyncInstance } from '@sync/core'
import type { Document } from 'feed'
import type { CatchUpGoal, Handlers, Progress } from './commands.ts'
import { countErrors, describeEvent } from './event-messages.ts'
import { type FaultyBus, withNetworkFaults } from './faulty-bus.ts'
import { type Forecast, openForecast } from './forecast/forecast.ts'
import { unitsSection } from './forecast/units.ts'
import { outages, outagesSection } from './outages.ts'
import type { Report, ServiceSpec, Status } from './service.ts'

/** One instance with the outages in its memory, as a service asks for it. */
export interface Instance {
  readonly sync: SyncInstance
  readonly outages: Collection<Document>
  readonly units: Forecast['units']
  /** The orders that every instance knows. */
  readonly handlers: Handlers
  /** Something went wrong that the instance itself does not tell. */
  countError(): void
  close(): Promise<void>
}

/** How soon an instance notices a silence that should not be: short, so that the page shows it while one looks. */
const CHECK_INTERVAL = '1s'
const STATUS_INTERVAL_MS = 200
const POLL_MS = 10
const MAX_HOLD_MS = 5_000

/** Opens an instance, waits until it holds the outages, and tells how it is doing from then on. */
export async function openInstance(
  { store, bus, name }: Pick<ServiceSpec, 'store' | 'bus' | 'name'>,
  report: (report: Report) => void,
  options: { readonly signal: AbortSignal; readonly documentUnits?: () => number },
): Promise<Instance> {
  const storeClient = await openStore(store)
  const first = await openBus(bus).catch(async (error: unknown) => {
    await storeClient.close()
    throw error
  })
  // what is alone in it today can be joined by another bus, and leave it
  const fanoutBus = fanout(first)
  const faultyBus = withNetworkFaults(fanoutBus)
  const sync = createInstance({ store: storeClient, bus: faultyBus, checkInterval: CHECK_INTERVAL })
  let errors = 0
  sync.onEvent((event) => {
    errors += countErrors(event)
    report({ happened: describeEvent(event), at: event.at })
  })
  const collection = sync.collection(outages, outagesSection)
  let forecast: Forecast
  try {
    await collection.ready({ signal: options.signal })
    forecast = await openForecast(sync, { instance: name, report, signal: options.signal })
  } catch (error) {
    await sync.close({ deadline: 1 })
    throw error
  }
  const closed = new AbortController()
  const reportStatus = (): void =>
    report({ status: { ...readStatus(sync), errors, documentUnits: options.documentUnits?.() ?? 0 } })
  reportStatus()
  const timer = setInterval(reportStatus, STATUS_INTERVAL_MS)
  return {
    sync,
    outages: collection,
    units: forecast.units,
    handlers: {
      ...forecast.handlers,
      ...holdBackHandlers(faultyBus),
      ...busHandlers(fanoutBus, new Map([[bus, first]])),
      disturb(disturbance) {
        faultyBus.setFault(disturbance)
        return null
      },
      async check() {
        await sync.catchUp()
        return null
      },
      where: () => readProgress(sync),
      caughtUp: (mark) => caughtUp(sync, mark, closed.signal),
    },
    countError() {
      errors++
    },
    async close() {
      closed.abort(new Error(`${name} is closed`))
      clearInterval(timer)
      await forecast.close()
      await sync.close({ deadline: '2s' })
    },
  }
}

const readProgress = (sync: SyncInstance): Progress => {
  const { epoch = '', sequence = 0 } =
    sync
      .health()
      .sections.find(
        ({ section, partition }) => section === outagesSection.section && partition === outagesSection.partition,
      ) ?? {}
  return { epoch, sequence }
}

function readStatus(sync: SyncInstance): Omit<Status, 'errors' | 'documentUnits'> {
  const { state, staleForMs } = sync.health()
  return { state, staleForMs, ...readProgress(sync), stats: sync.stats() }
}

/** It is not asked to look for what it missed: how long it takes to find out by itself is what is to be known. */
async function caughtUp(sync: SyncInstance, { since, at }: CatchUpGoal, signal: AbortSignal): Promise<{ at: number }> {
  for (;;) {
    const { state, staleForMs } = sync.health()
    const { epoch, sequence } = readProgress(sync)
    const now = Date.now()
    const reachedGoal = at !== undefined && epoch === at.epoch && sequence >= at.sequence
    if (reachedGoal || (state === 'live' && now - staleForMs >= since)) return { at: now }
    await setTimeout(POLL_MS, undefined, { signal })
  }
}

/** Two who write before either has heard of the other: the only way to be sure that they write at once. */
function holdBackHandlers(bus: FaultyBus): Handlers {
  let release: (() => void) | undefined
  let late: NodeJS.Timeout | undefined
  const end = (): null => {
    clearTimeout(late)
    release?.()
    release = undefined
    return null
  }
  return {
    withholdUnits() {
      end()
      release = bus.holdBack(unitsSection)
      late = setTimer(end, MAX_HOLD_MS).unref()
      return null
    },
    handOverUnits: end,
  }
}

function busHandlers(fanoutBus: Fanout, buses: Map<string, ChangeBus>): Handlers {
  return {
    async addBus({ url }) {
      if (buses.has(url)) return null
      const bus = await openBus(url)
      buses.set(url, bus)
      try {
        await fanoutBus.add(bus)
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
      await fanoutBus.remove(bus)
      buses.delete(url)
      return null
    },
  }
}
