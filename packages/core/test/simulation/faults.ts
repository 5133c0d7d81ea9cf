import { REFUSABLE_CALLS, type RefusableCall } from './network/network-state.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Host, World } from './world.ts'

const HOUR = 3_600_000

type Fault = (world: World, random: SeededRandom) => unknown

/** Injects a fault into one random host. */
const onOneHost =
  (inject: (host: Host, random: SeededRandom) => unknown): Fault =>
  ({ hosts }, random) =>
    inject(random.pick(hosts), random)

const onEveryHost =
  (inject: (host: Host, random: SeededRandom) => unknown): Fault =>
  ({ hosts }, random) =>
    hosts.map((host) => inject(host, random))

/** Takes away the rights to these calls. */
const refuse =
  (...calls: readonly RefusableCall[]) =>
  ({ network }: Host): void => {
    network.refused = new Set([...network.refused, ...calls])
  }

const faults: Readonly<Record<string, Fault>> = {
  'messages lost': ({ hub }, { int }) => hub.bus.drop(1 + int(3)),
  'more messages lost': ({ hub }, { int }) => hub.bus.drop(1 + int(6)),
  'messages repeated': ({ hub }, { int }) => hub.bus.repeat(1 + int(2)),
  'messages reordered': ({ hub }, { int }) => hub.bus.reorder(1 + int(2)),
  'messages lost, repeated and reordered at random': ({ hub }) =>
    hub.bus.setFaultRates({ drop: 0.3, repeat: 0.2, reorder: 0.2 }),
  'messages delayed': ({ hub }, { int }) => hub.bus.delay(int(30), int(20)),
  'bus interrupted': ({ hub }) => hub.bus.interrupt(),
  'bus unavailable': ({ hub }) => hub.bus.makeUnavailable(),
  'bus delivers nothing to one process': onOneHost(({ network }) => (network.bus = 'no receive')),
  'bus loses all messages of one process': onOneHost(({ network }) => (network.bus = 'no send')),
  'bus unavailable for one process': onOneHost(({ network }) => (network.bus = 'unavailable')),
  'store unavailable': onEveryHost(({ network }) => (network.store = 'unavailable')),
  'store unavailable for one process': onOneHost(({ network }) => (network.store = 'unavailable')),
  'requests of one process lost': onOneHost(({ network }) => (network.store = 'requests lost')),
  'replies to one process lost': onOneHost(({ network }) => (network.store = 'replies lost')),
  'store slow': onEveryHost((host, { int }) => (host.network.maxDelay = 1 + int(60))),
  'store slow for one process': onOneHost((host, { int }) => (host.network.maxDelay = 1 + int(200))),
  'commit replies lost': onEveryHost((host, { int }) => (host.network.repliesToLose = 1 + int(2))),
  'commits of one process time out, and arrive late': onOneHost(
    (host, { int }) => (host.network.commitsToDelay = 1 + int(4)),
  ),
  'commits of all processes time out, and arrive late': onEveryHost(
    (host, { int }) => (host.network.commitsToDelay = 1 + int(2)),
  ),
  'commits of one process refused': onOneHost(refuse('commit')),
  'commits of all processes refused': onEveryHost(refuse('commit')),
  'one commit of a group refused': onOneHost((host, { int }) => (host.network.requestsToRefuse = 1 + int(4))),
  'one kind of call of one process refused': onOneHost((host, random) => refuse(random.pick(REFUSABLE_CALLS))(host)),
  'all calls of one process refused': onOneHost(refuse(...REFUSABLE_CALLS)),
  'store restarts': (world) => world.restartStore(),
  'a process crashes': (world, random) => {
    const { alive } = world
    if (alive.length > 1) random.pick(alive).process.crash()
  },
  'a process crashes and restarts': (world, random) => {
    const host = random.pick(world.alive)
    host.process.crash()
    world.start(host)
  },
  'the clock of a process jumps': onOneHost((host, random) => host.process.clock.jump(upToAnHour(random))),
  'the clock of the store jumps': ({ storeClock, scenario }, random) => {
    // with a TTL, a jump forwards would expire documents in the store before their replicas
    if (scenario.definition.ttl === undefined) storeClock.jump(upToAnHour(random))
  },
}

const recoveries: Readonly<Record<string, Fault>> = {
  'bus resumed': ({ hub }) => hub.bus.resume(),
  'bus available': ({ hub }) => hub.bus.makeAvailable(),
  'bus available to every process': onEveryHost(({ network }) => (network.bus = 'open')),
  'store available to every process': onEveryHost(({ network }) => (network.store = 'open')),
  'store available to every process, and fast': onEveryHost(({ network }) => {
    network.store = 'open'
    network.maxDelay = 0
  }),
  'refusals end': onEveryHost(({ network }) => {
    network.refused = new Set()
    network.requestsToRefuse = 0
  }),
  'crashed processes restart': (world) => {
    for (const host of world.hosts) if (!host.process.alive) world.start(host)
  },
}

const losses: Readonly<Record<string, Fault>> = {
  'store loses up to 3 commits': (world, { int }) => world.loseTail(int(4)),
  'store loses up to 5 commits': (world, { int }) => world.loseTail(int(6)),
  'store loses one commit': (world) => world.loseTail(1),
}

const upToAnHour = ({ chance, int }: SeededRandom): number => (chance(0.5) ? 1 : -1) * int(HOUR + 1)

/** Probability of ending faults instead of injecting one. Without it, long faults would prevent most other events. */
const RECOVERY_CHANCE = 0.3

/** Injects a random fault or ends some. Returns its name. */
export function injectFault(world: World, random: SeededRandom, plan: { readonly losses: boolean }): string {
  const possible = random.chance(RECOVERY_CHANCE) ? recoveries : plan.losses ? { ...faults, ...losses } : faults
  const name = random.pick(Object.keys(possible))
  possible[name]?.(world, random)
  return name
}
