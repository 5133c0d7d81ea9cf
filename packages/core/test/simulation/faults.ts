import type { SeededRandom } from './seeded-random.ts'
import type { Host, World } from './world.ts'

const HOUR = 3_600_000

type Fault = (world: World, dice: SeededRandom) => unknown

/** Those of single processes. */
const onOneHost =
  (harm: (place: Host, dice: SeededRandom) => unknown): Fault =>
  ({ hosts }, dice) =>
    harm(dice.pick(hosts), dice)

const onEveryHost =
  (harm: (place: Host, dice: SeededRandom) => unknown): Fault =>
  ({ hosts }, dice) =>
    hosts.map((place) => harm(place, dice))

const faults: Readonly<Record<string, Fault>> = {
  'messages lost': ({ hub }, { int }) => hub.bus.drop(1 + int(3)),
  'more messages lost': ({ hub }, { int }) => hub.bus.drop(1 + int(6)),
  'messages repeated': ({ hub }, { int }) => hub.bus.repeat(1 + int(2)),
  'messages reordered': ({ hub }, { int }) => hub.bus.reorder(1 + int(2)),
  'messages lost, repeated, reordered by chance': ({ hub }) =>
    hub.bus.setFaultRates({ drop: 0.3, repeat: 0.2, reorder: 0.2 }),
  'messages late': ({ hub }, { int }) => hub.bus.delay(int(30), int(20)),
  'subscribers cut off': ({ hub }) => hub.bus.interrupt(),
  'bus away': ({ hub }) => hub.bus.makeUnavailable(),
  'a process hears nothing': onOneHost(({ network }) => (network.bus = 'deaf')),
  'a process is not heard': onOneHost(({ network }) => (network.bus = 'mute')),
  'a process is refused by the bus': onOneHost(({ network }) => (network.bus = 'refused')),
  'store away': onEveryHost(({ network }) => (network.store = 'away')),
  'store away from a process': onOneHost(({ network }) => (network.store = 'away')),
  'requests of a process lost': onOneHost(({ network }) => (network.store = 'requests lost')),
  'replies to a process lost': onOneHost(({ network }) => (network.store = 'replies lost')),
  'store slow': onEveryHost((place, { int }) => (place.network.maxDelay = 1 + int(60))),
  'store slow for a process': onOneHost((place, { int }) => (place.network.maxDelay = 1 + int(200))),
  'replies lost': onEveryHost((place, { int }) => (place.network.repliesToLose = 1 + int(2))),
  'requests given up, and late': onOneHost((place, { int }) => (place.network.commitsToDelay = 1 + int(4))),
  'requests of everyone given up, and late': onEveryHost(
    (place, { int }) => (place.network.commitsToDelay = 1 + int(2)),
  ),
  'store begins anew': (world) => world.restartStore(),
  'a process ends': (world, dice) => {
    const { alive } = world
    if (alive.length > 1) dice.pick(alive).process.crash()
  },
  'a process ends and begins anew': (world, dice) => {
    const place = dice.pick(world.alive)
    place.process.crash()
    world.start(place)
  },
  'the clock of a process is set': onOneHost((place, dice) => place.process.clock.jump(upToAnHour(dice))),
  'the clock of the store is set': ({ storeClock, scenario }, dice) => {
    // by it documents come to their end: set forwards, it ends them before copies of them lapse
    if (scenario.definition.ttl === undefined) storeClock.jump(upToAnHour(dice))
  },
}

const recoveries: Readonly<Record<string, Fault>> = {
  'subscribers back': ({ hub }) => hub.bus.resume(),
  'bus back': ({ hub }) => hub.bus.makeAvailable(),
  'every way to the bus open': onEveryHost(({ network }) => (network.bus = 'open')),
  'every way to the store open': onEveryHost(({ network }) => (network.store = 'open')),
  'every way to the store open, and quick': onEveryHost(({ network }) => {
    network.store = 'open'
    network.maxDelay = 0
  }),
  'every process is there': (world) => {
    for (const place of world.hosts) if (!place.process.alive) world.start(place)
  },
}

const losses: Readonly<Record<string, Fault>> = {
  'store loses its tail': (world, { int }) => world.loseTail(int(4)),
  'store loses more': (world, { int }) => world.loseTail(int(6)),
  'store loses a commit': (world) => world.loseTail(1),
}

const upToAnHour = ({ chance, int }: SeededRandom): number => (chance(0.5) ? 1 : -1) * int(HOUR + 1)

/** So often something bad is ended: what lasts for long lets little else happen. */
const RECOVERY_CHANCE = 0.3

/** Does something bad, or ends it; tells what. */
export function injectFault(world: World, dice: SeededRandom, { losses: may }: { readonly losses: boolean }): string {
  const possible = dice.chance(RECOVERY_CHANCE) ? recoveries : may ? { ...faults, ...losses } : faults
  const name = dice.pick(Object.keys(possible))
  possible[name]?.(world, dice)
  return name
}
