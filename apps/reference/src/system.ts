import { createRateMeter, type WriteProgress } from 'feed'
import { type Auditor, openAuditor } from './auditor.ts'
import { Board } from './board.ts'
import { type Disturbance, described } from './disturbance.ts'
import { EventLog, sentence } from './event-log.ts'
import { alertsOf, instanceFigures, type Reading, totalsOf } from './figures.ts'
import type { Frame } from './frame.ts'
import { History } from './history.ts'
import { ingest } from './ingest.ts'
import { type Instance, openInstance, type Transports } from './instance.ts'
import { Recovery, sequenceOf } from './recovery.ts'
import { type Rate, Throttle } from './throttle.ts'
import type { Tally } from './verdict.ts'

/** What the system is made of. */
export interface SystemOptions extends Transports {
  /** The feed that is replayed. */
  readonly file: string
  readonly replicas: number
  readonly rate: Rate
}

const AUDIT_MS = 1_000
const RATE_SPAN_MS = 2_000

/** An ingest service, its replicas and an auditor, in one process. */
export class System {
  readonly replicas: readonly Instance[]
  readonly throttle: Throttle
  readonly log: EventLog = new EventLog()
  readonly history: History = new History()
  readonly #writer: Instance
  readonly #auditor: Auditor
  readonly #stop = new AbortController()
  readonly #board = new Board()
  readonly #heads = new Map<string, string>()
  readonly #recovery = new Recovery()
  readonly #progress: WriteProgress = { written: 0, documentUnits: 0 }
  readonly #meter = createRateMeter(RATE_SPAN_MS)
  readonly #work: Promise<unknown>[] = []
  #tallies: ReadonlyMap<string, Tally> = new Map()

  constructor(options: SystemOptions, writer: Instance, replicas: readonly Instance[], auditor: Auditor) {
    this.replicas = replicas
    this.#writer = writer
    this.#auditor = auditor
    this.throttle = new Throttle(options.rate, this.#stop.signal)
    for (const instance of [writer, ...replicas]) this.#watch(instance)
    this.#start('auditor', this.#audit())
    this.#start('ingest', this.#ingest(options.file))
  }

  /** All that there is to show now. */
  read(): Frame {
    const writer = this.#reading(this.#writer)
    const replicas = this.replicas.map((replica) => this.#reading(replica))
    const totals = totalsOf(writer, replicas, this.#progress.documentUnits)
    const instances = [writer, ...replicas].map(instanceFigures)
    return {
      at: Date.now(),
      pace: this.throttle.rate,
      rate: this.#meter.read(totals.commits, performance.now()),
      totals,
      instances,
      disturbed: Object.fromEntries(this.replicas.map(({ name, bus }) => [name, described(bus.disturbance)])),
      alerts: alertsOf(totals, instances),
      rows: this.#board.rows,
      log: this.log.lines,
    }
  }

  /** Disturbs what comes to a replica from now on; `{}` ends it, and times its recovery. */
  disturb({ name, bus }: Instance, disturbance: Disturbance): void {
    const before = described(bus.disturbance)
    const what = described(disturbance)
    if (what === before) return
    bus.disturb(disturbance)
    this.log.add(name, what === '' ? 'undisturbed again' : `disturbed: ${what}`, Date.now())
    this.#recovery.cancel(name)
    if (what === '') {
      this.#recovery.begin(name, sequenceOf(this.#heads.get(this.#writer.name) ?? '0'), performance.now())
      this.#arrived(name)
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled(this.#work)
    await Promise.allSettled([this.#writer, ...this.replicas].map(({ sync }) => sync.close({ deadline: '2s' })))
    await this.#auditor.close()
  }

  #watch(instance: Instance): void {
    const { name, sync } = instance
    sync.onEvent((event) => this.log.add(name, sentence(event), event.at))
    this.#start(name, this.#follow(instance))
  }

  async #follow({ name, outages }: Instance): Promise<void> {
    const shown = name === this.replicas[0]?.name
    for await (const batch of outages.changes({ from: 'snapshot', signal: this.#stop.signal })) {
      const last = batch.at(-1)
      if (last) this.#heads.set(name, last.position)
      this.#arrived(name)
      if (shown) this.#board.take(batch)
    }
  }

  #arrived(name: string): void {
    const ms = this.#recovery.reached(name, sequenceOf(this.#heads.get(name) ?? '0'), performance.now())
    if (ms !== undefined) this.log.add(name, `recovered within ${ms.toFixed(0)} ms`, Date.now())
  }

  async #audit(): Promise<void> {
    const signal = this.#stop.signal
    let looking: Promise<void> | undefined
    const timer = setInterval(() => {
      this.history.add(this.read())
      looking ??= this.#look().finally(() => {
        looking = undefined
      })
    }, AUDIT_MS)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    clearInterval(timer)
    await looking
  }

  async #look(): Promise<void> {
    try {
      this.#tallies = await this.#auditor.look()
    } catch (error) {
      this.log.add('auditor', `nothing was compared (${(error as Error).message})`, Date.now())
    }
  }

  #ingest(file: string): Promise<void> {
    return ingest(file, this.#writer, {
      throttle: this.throttle,
      progress: this.#progress,
      signal: this.#stop.signal,
    })
  }

  /** What fails on its own is told on the page; what ends because all ends is not. */
  #start(name: string, work: Promise<void>): void {
    const told = work.catch((error: Error) => {
      if (!this.#stop.signal.aborted) this.log.add(name, `stopped: ${error.message}`, Date.now())
    })
    this.#work.push(told)
  }

  #reading({ name, sync }: Instance): Reading {
    const head = this.#heads.get(name)
    return { name, ...sync.health(), head, stats: sync.stats(), tally: this.#tallies.get(name) }
  }
}

/** Opens everything and begins to write. What was opened is closed again should something not open. */
export async function openSystem(options: SystemOptions, signal: AbortSignal): Promise<System> {
  const names = ['ingest', ...Array.from({ length: options.replicas }, (_, i) => `replica ${i + 1}`)]
  const opened = await Promise.allSettled(names.map((name) => openInstance(name, options, signal)))
  const instances = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  try {
    const failed = opened.find((each) => each.status === 'rejected')
    const [writer, ...replicas] = instances
    if (failed || !writer) throw failed?.reason
    return new System(options, writer, replicas, await openAuditor(options.store, replicas))
  } catch (error) {
    await Promise.allSettled(instances.map(({ sync }) => sync.close({ deadline: 1 })))
    throw error
  }
}
