import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CheckResult, checkEvidence, type Evidence } from './checker/checker.ts'
import type { Recovery } from './checker/recovery.ts'
import type { Environment, Worker } from './environment/environment.ts'
import { parseHistory } from './history/history-file.ts'
import type { Observer } from './observer.ts'
import type { Fault, Step } from './schedule/schedule.ts'
import { canonical } from './workload/canonical.ts'
import { now } from './workload/clock.ts'
import { COUNTED_KEYS, documents, section, TOTAL_FIELD } from './workload/documents.ts'
import type { Answer, Copies } from './workload/messages.ts'

/** Maximum time for all workers to recover after a fault. */
const RECOVERY_TIMEOUT_MS = 30_000
/** Maximum time for all workers to start. Generous, because the machine may be busy with other work. */
const START_TIMEOUT_MS = 120_000
const POLL_MS = 5

/** Collaborators of a fault run. */
export interface FaultRunOptions {
  readonly environment: Environment
  readonly recovery: Recovery
  readonly observer: Observer
  readonly print: (line: string) => void
}

/** One run, from the first write to the final check. */
export class FaultRun {
  readonly recoveryTimes: Map<string, readonly number[]> = new Map()
  readonly problems: string[] = []
  readonly #options: FaultRunOptions

  constructor(options: FaultRunOptions) {
    this.#options = options
  }

  /** Starts all workers and resolves when each of them is writing or following. @throws Error if that takes too long */
  async start(): Promise<void> {
    const { environment, recovery } = this.#options
    await using auditor = await environment.openAuditor()
    const collection = auditor.collection(documents, section)
    for (const key of COUNTED_KEYS) await collection.create(key, { [TOTAL_FIELD]: 0 })
    recovery.start(now())
    for (const worker of environment.workers) worker.start()
    const { missing } = await this.#waitForRecovery(START_TIMEOUT_MS)
    if (missing.length > 0)
      throw new Error(`expected all workers to run within ${START_TIMEOUT_MS} ms, not running: ${missing.join(', ')}`)
  }

  /** Runs step after step until the time is up or a worker does not recover. */
  async injectFaults(steps: Generator<Step, never>, forMs: number): Promise<void> {
    const end = now() + forMs
    while (now() < end && this.problems.length === 0) await this.#step(steps.next().value)
  }

  /** Stops and closes all workers, then checks their histories and copies against the store. */
  async verify(): Promise<CheckResult> {
    const { environment } = this.#options
    const writers = environment.workers.filter(({ role }) => role === 'writer')
    for (const answer of await Promise.all(writers.map((writer) => writer.request({ ask: 'stop' })))) {
      if (answer.answer === 'stopped' && answer.pending > 0)
        this.problems.push(`${answer.pending} writes were never answered, although all faults had ended`)
    }
    const evidence = await this.#collectEvidence()
    await Promise.all(environment.workers.map((worker) => this.#close(worker)))
    for (const worker of environment.workers) {
      if (!(await worker.waitForExit(5_000))) this.problems.push(`${worker.incarnation} did not exit after close`)
    }
    return checkEvidence(evidence)
  }

  async #close(worker: Worker): Promise<void> {
    const closed = await worker.request({ ask: 'close' })
    if (closed.answer !== 'closed') return
    if (closed.failed) this.problems.push(`${worker.incarnation}: close failed: ${closed.failed}`)
    if (closed.leaks && closed.leaks.length > 0)
      this.problems.push(`${worker.incarnation}: still open after close: ${closed.leaks.join(', ')}`)
  }

  async #step({ calmMs, faults }: Step): Promise<void> {
    const { recovery, print } = this.#options
    await sleep(calmMs)
    const injected = (await Promise.all(faults.map((fault) => this.#inject(fault)))).flat()
    if (injected.length === 0) return
    const since = now()
    recovery.start(since)
    const { missing, last } = await this.#waitForRecovery(RECOVERY_TIMEOUT_MS)
    const recoveryMs = Math.round(now() - since)
    const description = injected
      .map(({ kind, target, durationMs }) => `${kind} (${target}, ${durationMs} ms)`)
      .join(' + ')
    if (missing.length > 0) {
      this.problems.push(`${description}: not recovered after ${RECOVERY_TIMEOUT_MS} ms: ${missing.join(', ')}`)
      return
    }
    print(`${description}: recovered after ${recoveryMs} ms${last.length > 0 ? `, ${last.join(' and ')} last` : ''}`)
    for (const { kind } of injected) this.recoveryTimes.set(kind, [...(this.recoveryTimes.get(kind) ?? []), recoveryMs])
  }

  /** Injects a fault, waits for its duration and undoes it. Returns the fault, or nothing if it could not be injected. */
  async #inject(fault: Fault): Promise<readonly Fault[]> {
    const undo = await this.#options.environment.inject(fault)
    if (!undo) return []
    await sleep(fault.durationMs)
    await undo()
    return [fault]
  }

  /** Waits until all workers have recovered or the time is up. Returns those still missing and those that recovered last. */
  async #waitForRecovery(withinMs: number): Promise<Record<'missing' | 'last', readonly string[]>> {
    const { recovery } = this.#options
    const deadline = now() + withinMs
    let last: readonly string[] = []
    for (;;) {
      const { notRecovered } = recovery
      if (notRecovered.length === 0 || now() > deadline) return { missing: notRecovered, last }
      last = notRecovered
      await sleep(POLL_MS)
    }
  }

  async #collectEvidence(): Promise<Evidence> {
    const { environment, observer } = this.#options
    await using auditor = await environment.openAuditor()
    const collection = auditor.collection(documents, section)
    const store: [string, Copies[string]][] = []
    for await (const [key, { version, value }] of collection.entries()) store.push([key, [version, canonical(value)]])
    const writers = environment.workers.filter(({ role }) => role === 'writer')
    const tasks = writers.flatMap(({ tasks }) => tasks)
    const histories = await Promise.all(
      tasks.map(async ({ name, historyFile }) =>
        parseHistory(name, await readFile(historyFile, 'utf8').catch(() => '')),
      ),
    )
    const replicas = environment.workers.filter(({ role }) => role === 'replica')
    const copies = await Promise.all(
      replicas.map(async (replica) => ({ name: replica.name, ...copiesOf(await replica.request({ ask: 'copies' })) })),
    )
    return { histories, store: Object.fromEntries(store), replicas: copies, epochs: observer.epochHistory }
  }
}

function copiesOf(answer: Answer): { readonly cached: Copies; readonly delivered: Copies } {
  if (answer.answer !== 'copies') throw new Error(`expected the answer "copies", got "${answer.answer}"`)
  return answer
}
