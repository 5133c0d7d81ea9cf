import { openChildProcess } from './services/child-process.ts'
import type { ServiceHandle } from './services/handle.ts'
import { openInProcess } from './services/in-process.ts'
import type { Report, ServiceSpec } from './services/service.ts'
import type { Rate } from './services/throttle.ts'

/** URLs of the store and the bus. */
interface Transports {
  readonly store: string
  readonly bus: string
}

/** Options of a fleet. */
export interface FleetOptions extends Transports {
  /** Path of the feed to replay. */
  readonly file: string
  readonly replicas: number
  readonly rate: Rate
}

/** The services of one system. */
export interface Fleet {
  readonly hosting: 'one process' | 'processes'
  readonly ingest: ServiceHandle
  readonly replicas: readonly ServiceHandle[]
  readonly auditor: ServiceHandle
  close(): Promise<void>
}

/** Returns where the services run. Memory belongs to one process, so an in-memory store or bus puts all services into this process. */
const chooseHosting = ({ store, bus }: Transports): Fleet['hosting'] =>
  [store, bus].some((url) => url.startsWith('memory:')) ? 'one process' : 'processes'

/** Opens all services. If one fails to open, closes the others. */
export async function openFleet(
  { file, replicas, rate, store, bus }: FleetOptions,
  onReport: (name: string, report: Report) => void,
  signal: AbortSignal,
): Promise<Fleet> {
  const hosting = chooseHosting({ store, bus })
  const openHandle = hosting === 'processes' ? openChildProcess : openInProcess
  const specs: ServiceSpec[] = [
    { kind: 'ingest', name: 'ingest', store, bus, feed: { file, rate } },
    { kind: 'auditor', name: 'auditor', store, bus },
    ...Array.from({ length: replicas }, (_, i) => ({
      kind: 'replica' as const,
      name: `replica ${i + 1}`,
      store,
      bus,
      reportsRows: i === 0,
    })),
  ]
  const opening = await Promise.allSettled(
    specs.map((spec) => openHandle(spec, (report) => onReport(spec.name, report), signal)),
  )
  const opened = opening.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  // the writer closes first, so that the replicas receive what it still publishes
  const close = async (): Promise<void> => {
    await opened[0]?.close().catch(() => undefined)
    await Promise.allSettled(opened.slice(1).map((handle) => handle.close()))
  }
  const failed = opening.find((each) => each.status === 'rejected')
  const [ingest, auditor, ...others] = opened
  if (failed || !ingest || !auditor) {
    await close()
    throw failed?.reason
  }
  return { hosting, ingest, auditor, replicas: others, close }
}
