import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { audit, type Evidence, type Verdict } from './audit/audit.ts'
import { Recovery } from './audit/recovery.ts'
import { readLedger } from './ledger/file.ts'
import { Observer } from './observer.ts'
import type { Options } from './options.ts'
import { startMemory } from './scene/memory.ts'
import { startProcesses } from './scene/processes.ts'
import type { Actor, Scene, SceneOptions } from './scene/scene.ts'
import { type Fault, type Step, schedule } from './schedule/schedule.ts'
import { canonical } from './work/canonical.ts'
import { now } from './work/clock.ts'
import { COUNTED, documents, place, TOTAL } from './work/documents.ts'
import type { Answer, Copies } from './work/messages.ts'

/** What a run came to. */
export interface Outcome {
  readonly verdict: Verdict
  /** Times to recovery, in ms, by the kind of fault. */
  readonly recovered: ReadonlyMap<string, readonly number[]>
  /** What else was wrong: not recovered in time, told what must not be, not ended. */
  readonly wrong: readonly string[]
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly epochs: number
}

/** How long all may take to recover after a fault. */
const BOUND_MS = 30_000
const LOOK_MS = 5

/** Has faults happen for as long as is asked for, then has all come back, and compares. */
export async function run(options: Options, print: (line: string) => void): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'sync-faults-'))
  const cast = { writers: names('writer', options.writers), replicas: names('replica', options.replicas) }
  const recovery = new Recovery(cast)
  const observer = new Observer(recovery)
  try {
    await using scene = await startScene(options.bus, {
      ...cast,
      rate: options.rate,
      seed: options.seed,
      loseTail: options.loseTail,
      ledgerOf: (life) => join(folder, `${life}.jsonl`),
      report: (actor, report) => observer.hear(actor, report),
    })
    const course = new Course({ scene, recovery, observer, print })
    await course.begin()
    await course.disturb(schedule(options.seed, scene.kinds), options.minutes * 60_000)
    const verdict = await course.judge()
    return {
      verdict,
      recovered: course.recovered,
      wrong: [...course.wrong, ...observer.wrong],
      gaps: observer.total(({ gaps }) => gaps),
      repairs: observer.total(({ repairs }) => repairs),
      reloads: observer.total(({ reloads }) => reloads),
      epochs: observer.history.length,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const names = (role: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${role}-${n + 1}`)

const startScene = async (bus: Options['bus'], options: SceneOptions): Promise<Scene> =>
  bus === 'memory' ? startMemory(options) : startProcesses(bus, options)

interface Parts {
  readonly scene: Scene
  readonly recovery: Recovery
  readonly observer: Observer
  readonly print: (line: string) => void
}

/** One run, from its first write to its verdict. */
class Course {
  readonly recovered = new Map<string, number[]>()
  readonly wrong: string[] = []
  readonly #parts: Parts

  constructor(parts: Parts) {
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
    const missing = await this.#wait()
    if (missing.length > 0) throw new Error(`not at work after ${BOUND_MS} ms: ${missing.join(', ')}`)
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
    if (closed.answer === 'closed' && closed.failed) this.wrong.push(`${actor.life}: close: ${closed.failed}`)
  }

  async #step({ calmMs, faults }: Step): Promise<void> {
    const { recovery, print } = this.#parts
    await sleep(calmMs)
    const done = (await Promise.all(faults.map((fault) => this.#inflict(fault)))).flat()
    const since = now()
    recovery.begin(since)
    const missing = await this.#wait()
    const took = Math.round(now() - since)
    const what = done.map(({ kind, target, forMs }) => `${kind} (${target}, ${forMs} ms)`).join(' + ')
    if (missing.length > 0) {
      this.wrong.push(`${what}: not recovered after ${BOUND_MS} ms: ${missing.join(', ')}`)
      return
    }
    print(`${what}: recovered after ${took} ms`)
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

  /** Until all have recovered, or the time is up. Answers who has not. */
  async #wait(): Promise<readonly string[]> {
    const { recovery } = this.#parts
    const deadline = now() + BOUND_MS
    while (recovery.missing.length > 0 && now() < deadline) await sleep(LOOK_MS)
    return recovery.missing
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
