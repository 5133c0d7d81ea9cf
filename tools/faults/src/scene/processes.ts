import type { Hooks, RedisServer } from '@sync/brokers'
import { openSync } from '@sync/config'
import type { Sync } from '@sync/core'
import type { Fault, Kind } from '../schedule/schedule.ts'
import { type BusName, type BusPlace, startBus, startStore } from './brokers.ts'
import { Lines } from './lines.ts'
import { Member } from './member.ts'
import type { End, Scene, SceneOptions } from './scene.ts'

const LONGEST_TAIL = 20

/** Starts real brokers, a proxy for each process before each of them, and has all processes ready to be started. */
export async function startProcesses(busName: BusName, options: SceneOptions): Promise<Processes> {
  await using made = new AsyncDisposableStack()
  const store = made.use(await startStore())
  const bus = await startBus(busName)
  if (bus.server) made.use(bus.server)
  const lines = made.use(new Lines())
  const shared = await bus.server?.startProxy?.()
  if (shared) lines.adopt('all/bus', shared)

  const { rate, ledgerOf, report, loseTail, work } = options
  const member = async (role: 'writer' | 'replica', name: string, index: number): Promise<Member> => {
    const busUrl = shared?.url ?? (await lines.add(`${name}/bus`, bus.server?.url ?? store.url))
    const seed = options.seed * 1_000 + index * 100
    const storeUrl = await lines.add(`${name}/store`, store.url)
    return new Member({ name, role, store: storeUrl, bus: `${busUrl}${bus.query}`, rate, seed, work, ledgerOf, report })
  }
  const members = await Promise.all([
    ...options.replicas.map((name, index) => member('replica', name, index)),
    ...options.writers.map((name, index) => member('writer', name, index)),
  ])
  return new Processes({ store, bus, lines, members, loseTail, owned: made.move() })
}

interface Parts {
  readonly store: RedisServer
  readonly bus: BusPlace
  readonly lines: Lines
  readonly members: readonly Member[]
  readonly loseTail: boolean
  readonly owned: AsyncDisposableStack
}

/** Processes that share real brokers, over lines that can be harmed. */
export class Processes implements Scene {
  readonly actors: readonly Member[]
  readonly #parts: Parts
  readonly #brokers: ReadonlyMap<string, Hooks>

  constructor(parts: Parts) {
    this.#parts = parts
    this.actors = parts.members
    const { store, bus } = parts
    this.#brokers = new Map<string, Hooks>([['store', store], ...(bus.server ? [['bus', bus.server] as const] : [])])
  }

  get kinds(): readonly Kind[] {
    const named = (role: string): readonly string[] =>
      this.actors.filter((member) => member.role === role).map(({ name }) => name)
    return [
      ...this.#parts.lines.kinds,
      ...[...this.#brokers.keys()].flatMap((name): Kind[] => [
        { kind: `${name} killed`, targets: [name], lasts: [100, 3_000] },
        { kind: `${name} paused`, targets: [name], lasts: [500, 5_000] },
      ]),
      ...(this.#parts.loseTail ? [{ kind: 'tail lost', targets: ['store'], lasts: [100, 1_000] } as const] : []),
      ...['writer', 'replica'].flatMap((role): Kind[] => [
        { kind: `${role} killed`, targets: named(role), lasts: [0, 1_000] },
        { kind: `${role} paused`, targets: named(role), lasts: [500, 5_000] },
      ]),
    ]
  }

  async begin(fault: Fault): Promise<End | undefined> {
    if (fault.kind === 'tail lost') return loseTail(this.#parts.store, fault)
    const broker = this.#brokers.get(fault.target)
    if (broker) return harmBroker(broker, fault)
    const member = this.actors.find(({ name }) => name === fault.target)
    return member ? harmMember(member, fault) : this.#parts.lines.begin(fault)
  }

  /** Past all lines. */
  async openAuditor(): Promise<Sync> {
    const { store, bus } = this.#parts
    return openSync({ store: store.url, bus: `${bus.server?.url ?? store.url}${bus.query}` })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.actors.map((member) => member.kill()))
    await this.#parts.owned[Symbol.asyncDispose]()
  }
}

async function harmBroker(broker: Hooks, { kind }: Fault): Promise<End> {
  if (kind.endsWith('paused')) {
    await broker.pause()
    return () => broker.resume()
  }
  await broker.kill()
  return () => broker.restart()
}

/** It is killed, and comes back without its last commits, as after a machine's loss of power. */
async function loseTail(store: RedisServer, { strength }: Fault): Promise<End> {
  await store.kill()
  await store.cutLog({ commits: 1 + Math.floor(strength * (LONGEST_TAIL - 1)) })
  return () => store.restart()
}

async function harmMember(member: Member, { kind }: Fault): Promise<End> {
  if (kind.endsWith('paused')) {
    member.pause()
    return async () => member.resume()
  }
  await member.kill()
  return () => member.restart()
}
