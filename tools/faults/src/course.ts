import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { audit, type Evidence, type Verdict } from './audit/audit.ts'
import type { Recovery } from './audit/recovery.ts'
import { readLedger } from './ledger/file.ts'
import type { Observer } from './observer.ts'
import type { Actor, Scene } from './scene/scene.ts'
import type { Fault, Step } from './schedule/schedule.ts'
import { canonical } from './work/canonical.ts'
import { now } from './work/clock.ts'
import { COUNTED, documents, place, TOTAL } from './work/documents.ts'
import type { Answer, Copies } from './work/messages.ts'

/** How long all may take to recover after a fault. */
const BOUND_MS = 30_000
/** How long all may take to start, on a machine that has much else to do. */
const START_MS = 120_000
const LOOK_MS = 5

/** What a course goes through. */
export interface CourseParts {
  readonly scene: Scene
  readonly recovery: Recovery
  readonly observer: Observer
  readonly print: (line: string) => void
}

/** One run, from its first write to its verdict. */
export class Course {
  readonly recovered: Map<string, readonly number[]> = new Map()
  readonly wrong: string[] = []
  readonly #parts: CourseParts

  constructor(parts: CourseParts) {
    this.#parts = parts
  }

  /** All are at work. */
  async begin(): Promise<void> {
    const { scene, recovery } = this.#parts
    await using auditor = await scene.openAuditor()
    const collection = auditor.collection(documents, place)
    for (const key of COUNTED) await collection.create(key, { [TOTAL]: 0 })
    recovery.begin(now())
    for (const member of scene.actors) member.start()
    const { missing } = await this.#wait(START_MS)
    if (missing.length > 0) throw new Error(`not at work after ${START_MS} ms: ${missing.join(', ')}`)
  }

  /** Step after step, until the time is up or somebody does not recover. */
  async disturb(steps: Generator<Step, never>, forMs: number): Promise<void> {
    const end = now() + forMs
    while (now() < end && this.wrong.length === 0) await this.#step(steps.next().value)
  }

  async judge(): Promise<Verdict> {
    const { scene } = this.#parts
    const writers = scene.actors.filter(({ role }) => role === 'writer')
    for (const answer of await Promise.all(writers.map((each) => each.ask({ ask: 'stop' })))) {
      if (answer.answer === 'stopped' && answer.pending > 0)
        this.wrong.push(`${answer.pending} writes had no answer in the end, though all was back`)
    }
    const evidence = await this.#evidence()
    await Promise.all(scene.actors.map((each) => this.#close(each)))
    for (const each of scene.actors) {
      if (!(await each.leave(5_000))) this.wrong.push(`${each.life} did not end by itself after close`)
    }
    return audit(evidence)
  }

  async #close(actor: Actor): Promise<void> {
    const closed = await actor.ask({ ask: 'close' })
    if (closed.answer !== 'closed') return
    if (closed.failed) this.wrong.push(`${actor.life}: close: ${closed.failed}`)
    if (closed.left && closed.left.length > 0)
      this.wrong.push(`${actor.life} left behind after close: ${closed.left.join(', ')}`)
  }

  async #step({ calmMs, faults }: Step): Promise<void> {
    const { recovery, print } = this.#parts
    await sleep(calmMs)
    const done = (await Promise.all(faults.map((fault) => this.#inflict(fault)))).flat()
    if (done.length === 0) return
    const since = now()
    recovery.begin(since)
    const { missing, last } = await this.#wait(BOUND_MS)
    const took = Math.round(now() - since)
    const what = done.map(({ kind, target, forMs }) => `${kind} (${target}, ${forMs} ms)`).join(' + ')
    if (missing.length > 0) {
      this.wrong.push(`${what}: not recovered after ${BOUND_MS} ms: ${missing.join(', ')}`)
      return
    }
    print(`${what}: recovered after ${took} ms${last.length > 0 ? `, ${last.join(' and ')} last` : ''}`)
    for (const { kind } of done) this.recovered.set(kind, [...(this.recovered.get(kind) ?? []), took])
  }

  /** Answers what was done, once it is over. */
  async #inflict(fault: Fault): Promise<readonly Fault[]> {
    const end = await this.#parts.scene.begin(fault)
    if (!end) return []
    await sleep(fault.forMs)
    await end()
    return [fault]
  }

  /** Until all have recovered, or the time is up. Answers who has not, and who was the last to. */
  async #wait(withinMs: number): Promise<Record<'missing' | 'last', readonly string[]>> {
    const { recovery } = this.#parts
    const deadline = now() + withinMs
    let last: readonly string[] = []
    for (;;) {
      const { missing } = recovery
      if (missing.length === 0 || now() > deadline) return { missing, last }
      last = missing
      await sleep(LOOK_MS)
    }
  }

  async #evidence(): Promise<Evidence> {
    const { scene, observer } = this.#parts
    await using auditor = await scene.openAuditor()
    const collection = auditor.collection(documents, place)
    const store: [string, Copies[string]][] = []
    for await (const [key, { version, value }] of collection.entries()) store.push([key, [version, canonical(value)]])
    const writers = scene.actors.filter(({ role }) => role === 'writer')
    const tasks = writers.flatMap(({ tasks }) => tasks)
    const ledgers = await Promise.all(
      tasks.map(async ({ name, ledger }) => readLedger(name, await readFile(ledger, 'utf8').catch(() => ''))),
    )
    const replicas = scene.actors.filter(({ role }) => role === 'replica')
    const copies = await Promise.all(
      replicas.map(async (each) => ({ name: each.name, ...copiesOf(await each.ask({ ask: 'copies' })) })),
    )
    return { ledgers, store: Object.fromEntries(store), replicas: copies, history: observer.history }
  }
}

function copiesOf(answer: Answer): { readonly held: Copies; readonly told: Copies } {
  if (answer.answer !== 'copies') throw new Error(`answered "${answer.answer}" in place of copies`)
  return answer
}
