import { setTimeout as setTimer } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { describeEvent } from '@sync/admin/parts'
import { openBus, openStore } from '@sync/config'
import { type ChangeBus, type Collection, createInstance, type Fanout, fanout, type SyncInstance } from '@sync/core'
import type { Document } from 'feed'
import type { CatchUpGoal, Handlers, Progress } from './commands.ts'
import { countErrors } from './event-messages.ts'
import { type FaultyBus, withNetworkFaults } from './faulty-bus.ts'
import { type Forecast, openForecast } from './forecast/forecast.ts'
import { unitsSection } from './forecast/units.ts'
import { outages, outagesSection } from './outages.ts'
import type { Report, ServiceSpec, Status } from './service.ts'

/** An instance that replicates outages and units, for one service. */
export interface Instance {
  readonly sync: SyncInstance
  readonly outages: Collection<Document>
  readonly units: Forecast['units']
  /** Handlers of the commands that every instance supports. */
  readonly handlers: Handlers
  /** Counts an error that the instance does not report itself. */
  countError(): void
  close(): Promise<void>
}

/** Interval of the heartbeat check: short, so that a viewer of the page sees the repair. */
const CHECK_INTERVAL = '1s'
const STATUS_INTERVAL_MS = 200
const POLL_MS = 10
const MAX_HOLD_MS = 5_000

/** Opens an instance, waits until it has replicated the outages, and reports its status from then on. */
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
  // a fanout of one bus, so that buses can be added and removed later
  const fanoutBus = fanout(first)
  const faultyBus = withNetworkFaults(fanoutBus)
  const sync = createInstance({
    store: storeClient,
    bus: faultyBus,
    checkInterval: CHECK_INTERVAL,
    conflictValues: true,
  })
  let errors = 0
  sync.onEvent((event) => {
    errors += countErrors(event)
    report({ event: describeEvent(event, true), at: event.at })
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
      setNetworkFault(fault) {
        faultyBus.setFault(fault)
        return null
      },
      async catchUp() {
        await sync.catchUp()
        return null
      },
      progress: () => readProgress(sync),
      waitForCatchUp: (goal) => waitForCatchUp(sync, goal, closed.signal),
    },
    countError() {
      errors++
    },
    async close() {
      closed.abort(new Error(`${name}: the service is closed`))
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

/** Polls instead of calling `catchUp`, since the time until the instance's own repair is to be measured. */
async function waitForCatchUp(
  sync: SyncInstance,
  { since, at }: CatchUpGoal,
  signal: AbortSignal,
): Promise<{ at: number }> {
  for (;;) {
    const { state, staleForMs } = sync.health()
    const { epoch, sequence } = readProgress(sync)
    const now = Date.now()
    const reachedGoal = at !== undefined && epoch === at.epoch && sequence >= at.sequence
    if (reachedGoal || (state === 'live' && now - staleForMs >= since)) return { at: now }
    await setTimeout(POLL_MS, undefined, { signal })
  }
}

/** Handlers that hold back changes of the units. Two replicas certainly write concurrently if neither has received the other's change. */
function holdBackHandlers(bus: FaultyBus): Handlers {
  let release: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  const deliver = (): null => {
    clearTimeout(timer)
    release?.()
    release = undefined
    return null
  }
  return {
    holdBackUnits() {
      deliver()
      release = bus.holdBack(unitsSection)
      timer = setTimer(deliver, MAX_HOLD_MS).unref()
      return null
    },
    releaseUnits: deliver,
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
      // also cancels a join that is still in progress
      await fanoutBus.remove(bus)
      buses.delete(url)
      return null
    },
  }
}
